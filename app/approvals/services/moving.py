"""Running cases move to another version of their flow only when an admin says so, by a map of steps (APR-1).

Looked at first (`preview_move`), then done by a job, each case under its lock: one that has gone on meanwhile is
looked at again, and one that cannot move stays with its version.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import marshmallow as ma
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.approvals.models import Definition
from app.approvals.rules.document import Document
from app.approvals.rules.flowing import Illegal
from app.approvals.rules.moving import Obstacle, loosened, moved_data, obstacle, wrong_pairs
from app.approvals.rules.state import Event, State, replay
from app.approvals.services.acting import Moment, on_case
from app.approvals.services.definitions import OPEN, VIEW, definition_of, version_of
from app.approvals.services.delegating import administers
from app.approvals.services.keeping import CASE, EVENT, event_of
from app.approvals.services.seeing import heading
from app.db import session, transaction
from app.fields.bulk import among
from app.jobs.run import GiveWay
from app.jobs.services import Cancelled, LostLease, Run, TimedOut, enqueue
from app.types import Refused

log = logging.getLogger(__name__)

JOB = "approvals.move"
#: Cases looked at at once.
BATCH = 200
#: Cases that cannot move, told one by one.
TOLD = 50


@dataclass(frozen=True, slots=True)
class Stuck:
    """A case that cannot move. `title`: empty to who does not administer approvals."""

    case_id: int
    title: str
    obstacle: Obstacle


@dataclass(slots=True)
class Preview:
    """What a move would do. `stuck`: the first that cannot; `loosened`: cases of those that can where a step no longer
    waits for material asked for."""

    total: int = 0
    able: int = 0
    loosened: int = 0
    stuck: list[Stuck] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)


class Move(ma.Schema):
    """The arguments of the job."""

    definition_id = ma.fields.Integer(required=True, strict=True)
    from_version = ma.fields.Integer(required=True, strict=True)
    to_version = ma.fields.Integer(required=True, strict=True)
    goals = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String(), required=True)


def running_by_version(definition_id: int) -> dict[int, int]:
    """{version: its running cases}, versions with none left out."""
    counted = (
        select(CASE.c.version, func.count().label("cases"))
        .where(CASE.c.definition_id == definition_id, CASE.c.status.in_(OPEN))
        .group_by(CASE.c.version)
        .order_by(CASE.c.version)
    )
    rows = session().connection().execute(counted)
    return {row.version: row.cases for row in rows}


def preview_move(definition_id: int, from_version: int, to_version: int, goals: Mapping[str, str]) -> Preview:
    """What a move by this map would do now; nothing is changed. Two statements for 200 cases. Raises `Refused`."""
    old, new = _documents(definition_id, from_version, to_version, goals)
    found, shows = Preview(), administers(require_actor())
    for batch in _batches(definition_id, from_version):
        for case_id, (title, state) in _states(batch).items():
            found.total += 1
            wrong = obstacle(old, new, state, goals)
            if wrong is None:
                found.able += 1
                found.loosened += bool(loosened(state, goals))
                continue
            found.reasons[wrong.code] += 1
            if len(found.stuck) < TOLD:
                found.stuck.append(Stuck(case_id, title if shows else "", wrong))
    return found


def move_cases(definition_id: int, from_version: int, to_version: int, goals: Mapping[str, str]) -> int:
    """Ask for the job that moves every case it can; returns the job's id. Raises `Refused`."""
    _documents(definition_id, from_version, to_version, goals)
    definition = definition_of(definition_id)
    arguments = {
        "definition_id": definition_id, "from_version": from_version, "to_version": to_version, "goals": dict(goals),
    }  # fmt: skip
    with transaction() as current:
        said: dict[str, list[Any]] = {"version": [from_version, to_version], "steps": [None, dict(goals)]}
        named = definition.name if definition is not None else ""
        record_acts(current, [Act("move_cases", "approval_definition", str(definition_id), named, said)])
        return enqueue(JOB, arguments, unique_key=f"{definition_id}:{from_version}")


def move_job(run: Run, definition_id: int, from_version: int, to_version: int, goals: dict[str, str]) -> dict[str, int]:
    """The job ``approvals.move``: {"moved": cases, "left": cases that stay with their version}. Raises `Refused`."""
    old, new = _documents(definition_id, from_version, to_version, goals)
    do = _moves(old, new, from_version, to_version, goals)
    for case_id in chain.from_iterable(_batches(definition_id, from_version)):
        if not run.is_done(case_id):
            _move_one(run, case_id, do)
    return _counts(run)


def _move_one(run: Run, case_id: int, do: Callable[[Moment], None]) -> None:
    """One case in a chunk of its own; one that cannot move, or fails, holds no other up."""
    try:
        with run.chunk(case_id):
            try:
                on_case(case_id, "move", do, person=False)
                _count(run, "moved")
            except Refused as why:
                _count(run, "left")
                run.log(f"{case_id}: {why}")
    except (Cancelled, GiveWay, LostLease, TimedOut, OperationalError):  # a lost connection says nothing of the case
        raise
    except Exception as error:
        log.warning("approval %s could not move: %s", case_id, type(error).__name__, exc_info=True)
        run.log(f"{case_id}: {type(error).__name__}")
        with run.chunk(case_id):
            _count(run, "left")


def _counts(run: Run) -> dict[str, int]:
    return {name: run.state.get(name, 0) for name in ("moved", "left")}


def _count(run: Run, name: str) -> None:
    """Count a case in the chunk that is about it: whenever the run is broken off, each is counted once."""
    run.state = _counts(run)
    run.state[name] += 1
    run.progress(sum(run.state.values()))


def _moves(
    old: Document, new: Document, from_version: int, to_version: int, goals: Mapping[str, str]
) -> Callable[[Moment], None]:
    def do(it: Moment) -> None:
        state = it.kept.rows.state
        if not state.status.is_open:
            raise Illegal("ended")
        if state.version != from_version:
            raise Illegal("other_version")
        wrong = obstacle(old, new, state, goals)
        if wrong is not None:
            raise Illegal(f"move_{wrong.code}")
        data = moved_data(old, new, state, goals, to_version)
        it.play.events.append(Event("moved", require_actor().employee_id, data=data))

    return do


def _documents(
    definition_id: int, from_version: int, to_version: int, goals: Mapping[str, str]
) -> tuple[Document, Document]:
    """The two versions, once the actor may and the map makes sense."""
    if not require_actor().can("can_publish", VIEW):
        raise Refused(_("You may not change approval flows"))
    definition: Definition | None = definition_of(definition_id)
    if definition is None:
        raise Refused(_("There is no such flow"))
    if to_version != definition.published or from_version == to_version:
        raise Refused(_("Running cases move to the version in force, from another one"))
    old, new = version_of(definition_id, from_version), version_of(definition_id, to_version)
    if wrong_pairs(old, new, goals):
        raise Refused(_("A step can only be continued by a step of the same kind in the version in force"))
    return old, new


def _batches(definition_id: int, version: int) -> Iterator[list[int]]:
    """The ids of the running cases of a version, in their order."""
    after = 0
    while True:
        chosen = select(CASE.c.id).where(
            CASE.c.definition_id == definition_id, CASE.c.version == version, CASE.c.status.in_(OPEN), CASE.c.id > after
        )
        batch = list(session().connection().scalars(chosen.order_by(CASE.c.id).limit(BATCH)))
        if not batch:
            return
        yield batch
        after = batch[-1]


def _states(batch: list[int]) -> dict[int, tuple[str, State]]:
    """{case: (title, how it stands)}."""
    connection = session().connection()
    columns = (CASE.c.id, CASE.c.entity, CASE.c.record_id, CASE.c.title)
    named = connection.execute(select(*columns).where(among(session(), CASE.c.id, batch)))
    titles = {row.id: heading(row) for row in named}
    chosen = select(EVENT).where(among(session(), EVENT.c.case_id, batch)).order_by(EVENT.c.case_id, EVENT.c.number)
    histories: dict[int, list[Event]] = {case_id: [] for case_id in titles}
    for row in connection.execute(chosen):
        histories[row.case_id].append(event_of(row))
    return {case_id: (titles[case_id], replay(events)) for case_id, events in histories.items()}


__all__ = ["JOB", "Move", "Preview", "Stuck", "move_cases", "move_job", "preview_move", "running_by_version"]
