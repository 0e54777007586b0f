"""The record of a nightly run: begun once per business date, told what it left, ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.api import UNSCOPED, keep_text, now, say_text
from app.types import Refused, Text
from plugins.pools.models import PoolRun
from plugins.pools.services.days import coming_night

_OPEN = {UNSCOPED: True, "populate_existing": True}
#: Customers left where they stand that a run keeps with their reason; the rest is only counted.
KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Night:
    """The run that is under way, as its steps need it."""

    run_id: int
    day: date
    #: When its rows are written, the same moment for all of a chunk.
    at: datetime
    #: Customers due in the step under way, read ahead in the order of ids; whoever takes them looks again.
    ahead: list[int] = field(default_factory=list)


#: A reason to stay: nowhere to go.
NO_POOL = "no_pool"


@dataclass(frozen=True, slots=True)
class Stayed:
    """A customer that could not take the step that was due, and why."""

    customer_id: int
    rule_id: int | None
    step: str
    reason: Text


def reason_text(reason: Any) -> str:
    """A reason, as it was given or as it is kept, in the language of whoever reads it."""
    return _("There is no pool for it") if reason == NO_POOL else say_text(reason)


def begin_night(current: Session, day: date, job_id: int) -> PoolRun:
    """The run of a business date, begun; asked for again on the same day, it goes on with what is due by now.

    Raises `Refused` for a night that has not come (its run would take everybody, and end all nights before it), when
    a later night has been (a clock that was set back moves nobody) and when the run of that date was taken back.
    """
    if day > coming_night():
        raise Refused(_("Nothing moves for %(day)s: that night has not come", day=day))
    last = select(func.max(PoolRun.business_date)).where(PoolRun.state.not_in(("reversing", "reversed")))
    done = current.scalar(last.execution_options(**_OPEN))
    if done is not None and day < done:
        raise Refused(_("Nothing moves for %(day)s: the night of %(last)s has been run", day=day, last=done))
    dialect = postgresql if current.get_bind().dialect.name == "postgresql" else sqlite
    first = {"business_date": day, "state": "running", "notes": {}, "started_at": now()}
    current.execute(dialect.insert(PoolRun.__table__).values(first).on_conflict_do_nothing())
    made = _locked(current, PoolRun.business_date == day)
    if made.state in ("reversing", "reversed"):
        raise Refused(_("Nothing moves for %(day)s: its run was taken back", day=day))
    made.state, made.job_id, made.finished_at, made.notes = "running", job_id, None, {}
    return made


def note_stayed(current: Session, run_id: int, stayed: Sequence[Stayed], counted: str = "stayed") -> None:
    """Keep on the run's record who stayed and why."""
    if not stayed:
        return
    made = _locked(current, PoolRun.id == run_id)
    kept = list(made.notes.get(counted, ()))
    rows = [
        {"customer_id": s.customer_id, "rule_id": s.rule_id, "step": s.step, "reason": keep_text(s.reason)}
        for s in stayed[: KEPT - len(kept)]
    ]
    total = made.notes.get(f"{counted}_count", 0) + len(stayed)
    made.notes = {**made.notes, counted: [*kept, *rows], f"{counted}_count": total}
    current.flush()


def note_broken(current: Session, run_id: int, broken: Mapping[int, Any]) -> None:
    """Keep on the run's record which rules watched nobody, since they are not understood any more."""
    made = _locked(current, PoolRun.id == run_id)
    made.notes = {**made.notes, "broken": {str(number): reason for number, reason in broken.items()}}
    current.flush()


def end_night(current: Session, run_id: int, state: str = "done") -> None:
    """The run is over."""
    made = _locked(current, PoolRun.id == run_id)
    made.state = state
    if state == "done":
        made.finished_at = now()
    current.flush()


def _locked(current: Session, which: Any) -> PoolRun:
    return current.scalars(select(PoolRun).where(which).with_for_update().execution_options(**_OPEN)).one()


__all__ = [
    "KEPT", "NO_POOL", "Night", "Stayed", "begin_night", "end_night", "note_broken", "note_stayed", "reason_text",
]  # fmt: skip
