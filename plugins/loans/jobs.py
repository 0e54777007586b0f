"""Acts on many records at once: each in a transaction of its own with an answer of its own, many of them by a job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, fields, validate
from sqlalchemy import select

from app.api import Run, enqueue, entity, require_actor, session, title_text
from app.types import JobSpec, Refused, Text
from plugins.loans import rules
from plugins.loans.services import change_state, move_stage

JOB = "loans.acts"
#: The most records one act is about.
MOST = 10_000


@dataclass(frozen=True, slots=True)
class ManyAct:
    """An act on records of an entity: `do` does it to one with the sentence typed for all, `said` tells to how many."""

    name: str
    entity: str
    view: str
    permission: str
    label: Text
    said: Text
    do: Callable[[Any, str], None]


def _forward(record: Any, _text: str) -> None:
    move_stage(record, rules.next_stage(record.stage) or "")


def _to(state: str) -> Callable[[Any, str], None]:
    return lambda record, text: change_state(record, state, text)


_DEVELOPMENT, _APPLICATION = (
    ("loans_development", "LoansDevelopmentView"), ("loans_application", "LoansApplicationView"),
)  # fmt: skip
FORWARD = ManyAct(
    "forward", *_DEVELOPMENT, "can_move", _l("Move forward"),
    _l("%(count)s business developments moved one stage forward"), _forward,
)  # fmt: skip
LOSE = ManyAct(
    "lose", *_DEVELOPMENT, "can_move", _l("Give up"), _l("%(count)s business developments are given up"),
    lambda record, text: move_stage(record, rules.LOST, text),
)  # fmt: skip
SUBMIT = ManyAct(
    "submit", *_APPLICATION, "can_submit", _l("Submit"), _l("%(count)s applications were submitted"), _to("submitted")
)
TAKE_BACK = ManyAct(
    "take_back", *_APPLICATION, "can_submit", _l("Take back"), _l("%(count)s applications were taken back"),
    _to("draft"),
)  # fmt: skip
WITHDRAW = ManyAct(
    "withdraw", *_APPLICATION, "can_submit", _l("Withdraw"), _l("%(count)s applications were withdrawn"),
    _to("withdrawn"),
)  # fmt: skip
GRANT = ManyAct(
    "grant", *_APPLICATION, "can_decide", _l("Grant"), _l("%(count)s applications were granted"), _to("granted")
)
REFUSE = ManyAct(
    "refuse", *_APPLICATION, "can_decide", _l("Refuse"), _l("%(count)s applications were refused"), _to("refused")
)
MANY = {act.name: act for act in (FORWARD, LOSE, SUBMIT, TAKE_BACK, WITHDRAW, GRANT, REFUSE)}


class ActArguments(Schema):
    """Which act, on which records, with which sentence."""

    act = fields.String(required=True, validate=validate.OneOf(list(MANY)))
    ids = fields.List(fields.Integer(strict=True), required=True, validate=validate.Length(1, MOST))
    text = fields.String(load_default="", validate=validate.Length(max=300))


def ask_many(act: ManyAct, ids: Sequence[int], text: str = "") -> int:
    """Ask for the job that does an act to many records as whoever asks; its id. Raises `Refused`."""
    title = _("%(act)s: %(count)s records", act=act.label, count=f"{len(ids):,}")
    return enqueue(JOB, {"act": act.name, "ids": list(ids), "text": text}, title=title)


def do_one(act: ManyAct, number: int, text: str) -> str:
    """Do an act to one record; why it was refused, nothing where it is done."""
    model = entity(act.entity).model
    record = session.scalar(select(model).where(model.id == number))
    if record is None:
        return f"#{number}: " + _("There is no such record, or you may not see it")
    name = title_text(act.entity, getattr(record, entity(act.entity).title), number)
    try:
        act.do(record, text)
    except Refused as refused:
        return f"{name}: {refused.reason or '; '.join(map(str, refused.errors.values()))}"
    return ""


class _Undone(Exception):
    """What a refused act has written goes with its chunk."""


def run_act(run: Run, act: str, ids: list[int], text: str) -> dict[str, int]:
    """The job ``loans.acts``: {"done": records, "refused": records}; its log says of each refused one why.

    Acts with the permissions of now. Killed, it goes on behind the last record, and does none twice.
    """
    one = MANY[act]
    if not require_actor().can(one.permission, one.view):
        raise Refused(_("Your roles do not include this"))
    for number in ids:
        if run.is_done(number):
            continue
        try:
            with run.chunk(number):
                problem = do_one(one, number, text)
                if problem:
                    raise _Undone
                _count(run, "done", len(ids))
        except _Undone:
            run.log(problem)
            with run.chunk(number):
                _count(run, "refused", len(ids))
    return _counts(run)


def _counts(run: Run) -> dict[str, int]:
    return {name: run.state.get(name, 0) for name in ("done", "refused")}


def _count(run: Run, name: str, total: int) -> None:
    run.state = _counts(run)
    run.state[name] += 1
    told = _("%(done)s done, %(refused)s refused", **{what: f"{count:,}" for what, count in run.state.items()})
    run.progress(sum(run.state.values()), total, told)


ACTS = JobSpec(JOB, _l("An act on many loan records"), run_act, schema=ActArguments)

__all__ = [
    "ACTS", "FORWARD", "GRANT", "LOSE", "REFUSE", "SUBMIT", "TAKE_BACK", "WITHDRAW", "ManyAct", "ask_many", "do_one",
]  # fmt: skip
