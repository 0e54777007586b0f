"""The nightly run and its reversal as durable jobs: chunk by chunk, so that whatever cuts them off they go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, fields

from app.api import Run, now, session
from app.types import JobSpec, Refused
from plugins.pools.services.days import NIGHTLY_AT, keep_days
from plugins.pools.services.ladders import read_ladders
from plugins.pools.services.nights import Night, begin_night, end_night, note_broken, note_stayed, reason_text
from plugins.pools.services.reckoning import reckon_span, spans
from plugins.pools.services.running import Taken, escalate, recycle, warn
from plugins.pools.services.taking_back import REVERSE_JOB, count_reversible, reverse_next

NIGHTLY_JOB = "pools.recycle"
LONGEST = timedelta(hours=6)
Step = Callable[[Any, Night, int], Taken]
#: From the top of the ladder down: whoever could not take a step takes the one below it, and nobody takes two.
STEPS: dict[str, Step] = {
    "recycle": recycle,
    "red": lambda current, night, beyond: warn(current, night, "red", beyond),
    "amber": lambda current, night, beyond: warn(current, night, "amber", beyond),
    "escalate": escalate,
}


class NightArguments(Schema):
    """`business_date`: the night to run; that of the schedule, else today, when it is left out."""

    business_date = fields.Date()


class ReverseArguments(Schema):
    """`run_id`: the run to take back."""

    run_id = fields.Integer(required=True)


def run_night(run: Run, business_date: date | None = None) -> dict[str, Any]:
    """Run a night; {"business_date", "run_id", "moved": {act: customers}, "stayed": customers}.

    Run again for the same date it does what is due by now and was not done. A date before that of the last run moves
    nothing and says so.
    """
    day, state = business_date or run.business_date, run.state
    if not run.is_done("begin"):
        with run.chunk("begin"):
            try:
                state["run_id"] = begin_night(session(), day, run.job_id).id
            except Refused as refused:
                state["refused"] = str(refused)
            state.update(moved=dict.fromkeys(STEPS, 0), stayed=0, over=[], beyond=0)
    if "refused" in state:
        run.log(state["refused"])
        return {"business_date": day, "moved": state["moved"], "stayed": 0, "refused": state["refused"]}
    _reckon(run, day)
    for name, step in STEPS.items():
        ahead: list[int] = []
        while name not in state["over"]:
            _take(run, name, step, day, ahead)
    if not run.is_done("end"):
        with run.chunk("end"):
            end_night(session(), state["run_id"])
    return {"business_date": day, "run_id": state["run_id"], "moved": state["moved"], "stayed": state["stayed"]}


def _reckon(run: Run, day: date) -> None:
    """Work every standing out anew before anybody is moved by it."""
    state = run.state
    while "reckon" not in state["over"]:
        part = next(spans(session(), state["beyond"]), None)
        with run.chunk(f"reckon:{state['beyond']}"):
            if not state["beyond"]:
                keep_days(session())
            ladders, today = read_ladders(session(), day)
            if not state["beyond"] and ladders.broken:
                note_broken(session(), state["run_id"], ladders.broken)
            if part is not None:
                reckon_span(session(), part, ladders, today)
                state["beyond"] = part.last
                run.progress(0, message=_("The ladder is being worked out"))
            else:
                state["over"] = [*state["over"], "reckon"]
                state["beyond"] = 0


def _take(run: Run, name: str, step: Step, day: date, ahead: list[int]) -> None:
    """One chunk of a step: ledger, customers, cursor and counts commit together."""
    state = run.state
    with run.chunk(f"{name}:{state['beyond']}"):
        taken = step(session(), Night(state["run_id"], day, now(), ahead), state["beyond"])
        note_stayed(session(), state["run_id"], taken.stayed)
        state["moved"][name] += taken.moved
        state["stayed"] += len(taken.stayed)
        text = _said(name, state["moved"][name])
        if taken.last is None:
            state["over"], state["beyond"] = [*state["over"], name], 0
        else:
            state["beyond"] = taken.last
        run.progress(sum(state["moved"].values()), message=text)
    for reason, count in sorted(Counter(reason_text(one.reason) for one in taken.stayed).items())[:20]:
        run.log(_("%(count)s customers stayed: %(reason)s", count=count, reason=reason))
    if taken.last is None:
        run.log(text)


def reverse_run(run: Run, run_id: int) -> dict[str, Any]:
    """Take a night back; {"back": movements, "kept": movements}."""
    state = run.state
    if "total" not in state:
        state.update(total=count_reversible(session(), run_id), before=None, back=0, kept=0, over=False)
    while not state["over"]:
        with run.chunk(f"before:{state['before']}"):
            last, back, kept = reverse_next(session(), run_id, state["before"])
            state.update(before=last, back=state["back"] + back, kept=state["kept"] + kept, over=last is None)
            if last is None:
                end_night(session(), run_id, "reversed")
            run.progress(state["back"] + state["kept"], state["total"])
    run.log(_("%(back)s movements taken back, %(kept)s left", back=f"{state['back']:,}", kept=f"{state['kept']:,}"))
    return {"back": state["back"], "kept": state["kept"]}


def _said(name: str, count: int) -> str:
    """How far a step is."""
    shown = f"{count:,}"
    return {
        "recycle": _("%(count)s customers were taken into pools", count=shown),
        "red": _("%(count)s customers turned red", count=shown),
        "amber": _("%(count)s customers turned amber", count=shown),
        "escalate": _("%(count)s customers were taken on to the city's pools", count=shown),
    }[name]


NIGHTLY = JobSpec(
    NIGHTLY_JOB,
    _l("Nightly run of the pools"),
    run_night,
    schema=NightArguments,
    schedule=f"{NIGHTLY_AT.minute} {NIGHTLY_AT.hour} * * *",
    timeout=LONGEST,
)

REVERSAL = JobSpec(
    REVERSE_JOB, _l("Taking back a night of the pools"), reverse_run, schema=ReverseArguments, timeout=LONGEST
)

__all__ = ["NIGHTLY", "NIGHTLY_JOB", "REVERSAL", "STEPS", "reverse_run", "run_night"]
