"""What happens to approvals by themselves: reminders, deadlines, seats of people who can decide no more.

The job looks for cases by indexes and does each in a chunk of its own, where it is looked at again under its lock:
killed anywhere, it goes on with what is still to be done, and nothing is done twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, or_, select

from app.approvals.rules.state import APPLICANT
from app.approvals.services.acting import Moment, on_case
from app.approvals.services.keeping import CASE, TASK, VISIT
from app.approvals.services.people import EMPLOYEE, LOGIN
from app.db import db, now, reading
from app.host.context import context
from app.jobs.run import GiveWay
from app.jobs.services import Cancelled, LostLease, Run, TimedOut

log = logging.getLogger(__name__)

JOB = "approvals.time_outs"
#: Cases looked up at once.
BATCH = 500
#: (what the act is called, what cases of it are counted as)
_REMIND, _EXPIRE, _REPLACE = ("remind", "reminded"), ("expire", "expired"), ("replace", "replaced")
_OPEN = ("running", "returned")
_LIVE = ("waiting", "open")


def sweep(run: Run) -> dict[str, int]:
    """The job ``approvals.time_outs``: remind, let deadlines pass, ask others in place of who is gone."""
    at = now()
    for case_id, step, visit, number in _visits(VISIT.c.remind_at, at):
        _one(run, f"remind:{number}", case_id, _REMIND, _reminds(step, visit, at))
    for case_id, step, visit, number in _visits(VISIT.c.due_at, at):
        _one(run, f"due:{number}", case_id, _EXPIRE, _expires(step, visit, at))
    for case_id in unable_cases():
        _one(run, f"unable:{case_id}", case_id, _REPLACE, _replaces)
    return _counts(run)


def _one(run: Run, key: str, case_id: int, kind: tuple[str, str], do: Callable[[Moment], None]) -> None:
    """One case in a chunk, counted with it; one that fails holds no other up and is tried again by the next run."""
    if run.is_done(key):
        return
    act, counted = kind
    done = [False]

    def noted(moment: Moment) -> None:
        do(moment)
        done[0] = bool(moment.play.events)

    try:
        with run.chunk(key):
            on_case(case_id, act, noted, person=False)
            if done[0]:
                run.state = _counts(run)
                run.state[counted] += 1
    except (Cancelled, GiveWay, LostLease, TimedOut):
        raise
    except Exception as error:
        log.warning("approval %s could not go on by itself (%s): %s", case_id, act, type(error).__name__, exc_info=True)
        run.log(f"{case_id}: {type(error).__name__}: {error}")


def _counts(run: Run) -> dict[str, int]:
    """What this run and those it goes on from have done: each case once, whenever they were broken off."""
    return {counted: run.state.get(counted, 0) for _act, counted in (_REMIND, _EXPIRE, _REPLACE)}


def _visits(column: Any, at: datetime) -> Iterator[tuple[int, str, int, int]]:
    """(case, step, visit, id) of what is due, the oldest first; each once, however many fail."""
    last: tuple[datetime, int] | None = None
    while True:
        chosen = (
            select(VISIT.c.case_id, VISIT.c.step, VISIT.c.visit, VISIT.c.id, column.label("at"))
            .where(VISIT.c.left_at.is_(None), column <= at)
            .order_by(column, VISIT.c.id)
            .limit(BATCH)
        )
        if last is not None:
            chosen = chosen.where(or_(column > last[0], (column == last[0]) & (VISIT.c.id > last[1])))
        # On a connection of its own: SQLite cannot go on from a transaction that only read to one that writes.
        with reading(), db.engine.connect() as connection:
            rows = connection.execute(chosen).all()
        yield from ((row.case_id, row.step, row.visit, row.id) for row in rows)
        if len(rows) < BATCH:
            return
        last = (rows[-1].at, rows[-1].id)


def _reminds(step: str, visit: int, at: datetime) -> Callable[[Moment], None]:
    def do(moment: Moment) -> None:
        there = moment.kept.rows.visit(step)
        if there is not None and there.visit == visit and there.remind_at is not None and there.remind_at <= at:
            moment.play.remember("reminded", None, step, visit=visit)

    return do


def _expires(step: str, visit: int, at: datetime) -> Callable[[Moment], None]:
    def do(moment: Moment) -> None:
        there = moment.kept.rows.visit(step)
        if there is not None and there.visit == visit and there.due_at is not None and there.due_at <= at:
            moment.play.expire(step, visit)

    return do


def _replaces(moment: Moment) -> None:
    moment.play.replace_unable()


def unable_cases() -> list[int]:
    """Cases where somebody is asked who has left, cannot log in, or decides on their own case by now."""
    with reading(), db.engine.connect() as connection:
        return sorted({*connection.scalars(_gone()), *_own_by_now(connection)})


def _own_by_now(connection: Connection) -> Iterator[int]:
    """Cases whose record belongs to somebody who is asked about it: a statement per entity."""
    for slug in connection.scalars(select(CASE.c.entity).where(CASE.c.status.in_(_OPEN)).distinct()).all():
        entity = context().entities.get(slug)
        owner = entity.scoped_by.owner if entity is not None else None
        if entity is None or owner is None:
            continue
        record = cast(Table, entity.model.__table__)
        if owner not in record.c:
            continue
        own = (
            select(CASE.c.id)
            .join(TASK, TASK.c.case_id == CASE.c.id)
            .join(record, record.c.id == CASE.c.record_id)
            .where(CASE.c.entity == slug, CASE.c.status.in_(_OPEN), TASK.c.said.in_(_LIVE), TASK.c.step != APPLICANT)
            .where(TASK.c.employee_id == record.c[owner])
        )
        yield from connection.scalars(own)


def _gone() -> Any:
    return (
        select(TASK.c.case_id)
        .distinct()
        .join(EMPLOYEE, EMPLOYEE.c.id == TASK.c.employee_id)
        .outerjoin(LOGIN, LOGIN.c.id == EMPLOYEE.c.user_id)
        .where(TASK.c.said == "open")
        .where(or_(EMPLOYEE.c.left_on.is_not(None), LOGIN.c.id.is_(None), ~LOGIN.c.active))
    )


__all__ = ["JOB", "sweep", "unable_cases"]
