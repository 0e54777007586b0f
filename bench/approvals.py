"""Approvals with many cases under way: submitting, deciding by several people at once, the sweep of deadlines."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from multiprocessing import get_context
from random import Random
from typing import Any, cast

from flask import Flask
from sqlalchemy import insert, select

from app.access.actors import acting_as
from app.approvals.models import Definition, DefinitionVersion
from app.approvals.rules.document import Branch, Deadline, Document, Find, Kind, Rule, Sign, Step, Then
from app.approvals.rules.playing import Play
from app.approvals.rules.rows import Rows
from app.approvals.rules.state import Event
from app.approvals.rules.writing import write_document
from app.approvals.services import decide, start_case
from app.approvals.services.keeping import CASE, EVENT, TASK, VISIT
from app.approvals.services.time_outs import sweep
from app.db import db, now, session, transaction
from app.jobs.services import Run
from app.organisation.models import Unit
from app.testing.people import Person, add_person
from app.types import SYSTEM, Actor
from bench.lists import seeded

ACTORS = 8
#: Acts of each in a turn, and the seconds one thinks between two, more or less.
EACH, THINKS = 40, 0.3


class Anyone:
    """A `World` where everybody named may act: cases under way are written straight into the tables."""

    def people(self, step: Step) -> list[int]:
        return [person for rule in step.assignees for person in rule.employees]

    def may_act(self, employee: int) -> bool:
        return True

    def nobody(self, *_asked: Any) -> tuple[int, ...]:
        return ()

    def holds(self, branch: Branch) -> bool:
        return True

    heads_above = administrators = superiors = excluded = nobody


def main(rows: int = 10_000) -> None:
    """Start and decide with `rows` cases running on PostgreSQL, then sweep over all of them.

    An act is timed from its call to its commit, in the process that does it: what a request spends on it, without
    the page around. First one person alone; then eight at once, each in a process of their own as the server has
    them, who think a third of a second between two acts, far less than people do; then the same without a pause,
    which asks what the machine can bear: eight processes share its cores.
    """
    with seeded("postgresql", rows + 2_000) as (app, admin, _url), app.app_context():
        with acting_as(SYSTEM):
            unit = session.get_one(Unit, 1)
            signers = [add_person(f"signer{n}", f"审批{n}", unit, "Admin") for n in range(ACTORS)]
            document, definition = _publish(signers)
        _write_cases(document, definition, rows, admin.employee_id)
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
        actors = [who.actor for who in signers]
        for turn, (how, people, pause) in enumerate(
            (("alone", actors[:1], 0.0), ("8 at once", actors, THINKS), ("8 at once, no pause", actors, 0.0))
        ):
            _told(f"submit a record, {how}", *_together(app, people, partial(_submit, rows, turn), pause))
            _told(f"decide on a seat, {how}", *_together(app, people, partial(_decide, turn), pause))
        session.rollback()
        with acting_as(SYSTEM):
            for what in ("nothing due", "nothing due, again"):
                began = time.perf_counter()
                counts = sweep(cast(Run, Alone()))
                print(f"sweep over {rows:,} running cases, {what}: {time.perf_counter() - began:.3f} s {counts}")


def _publish(signers: list[Person]) -> tuple[Document, int]:
    asked = (Rule(Find.PEOPLE, employees=tuple(who.employee_id for who in signers)),)
    steps = tuple(
        Step(name, Kind.APPROVE, assignees=asked, sign=Sign.ALL, deadline=Deadline(5, then=Then.REMIND, remind_hours=4))
        for name in ("one", "two")
    )
    document = Document(steps)
    with transaction() as current:
        made = Definition(code="bench", name="bench", entity="customer", published=1)
        current.add(made)
        current.flush()
        text = json.dumps(write_document(document))
        row = {"definition_id": made.id, "number": 1, "document": text, "note": "", "published_by": "bench"}
        current.execute(insert(DefinitionVersion).values(**row))
        return document, made.id


def _write_cases(document: Document, definition: int, count: int, applicant: int) -> None:
    """`count` cases at their first step, each with the events and rows its start would have written."""
    play, at = Play(document, Rows().state, Anyone()), now()
    play.start(applicant, 1)
    due = (at + timedelta(days=5)).isoformat()
    events = [
        Event(e.kind, e.actor, e.step, e.seat, {**e.data, "due_at": due} if e.kind == "entered" else dict(e.data))
        for e in play.events
    ]
    rows = Rows()
    for event in events:
        rows.add(event, at)
    case = {
        "definition_id": definition, "version": 1, "entity": "customer", "asked": "button", "payload": {},
        "figures": {}, "applicant_id": applicant, "unit_id": None, "status": "running", "round": 1,
        "steps": rows.case().steps, "events": rows.count, "started_at": at, "moved_at": at, "ended_at": None,
    }  # fmt: skip
    with transaction() as current:
        connection = current.connection()
        numbers = range(1, count + 1)
        connection.execute(insert(CASE), [{**case, "record_id": n, "title": f"案件{n}"} for n in numbers])
        ids = connection.scalars(select(CASE.c.id).order_by(CASE.c.id)).all()
        for number, event in enumerate(events, start=1):
            line = {
                "number": number, "at": at, "kind": event.kind, "employee_id": event.actor, "step": event.step,
                "seat": event.seat, "data": dict(event.data), "comment": "",
            }  # fmt: skip
            connection.execute(insert(EVENT), [{**line, "case_id": case_id} for case_id in ids])
        for table, kept in ((TASK, rows.tasks), (VISIT, rows.visits)):
            for row in kept.values():
                values = {name: getattr(row, name) for name in row.__dataclass_fields__}
                connection.execute(insert(table), [{**values, "case_id": case_id} for case_id in ids])


def _submit(rows: int, turn: int, number: int, actor: Actor) -> list[Callable[[], object]]:
    """Records of one's own."""
    first = rows + 1 + (turn * ACTORS + number) * EACH
    return [partial(start_case, "bench", "customer", record) for record in range(first, first + EACH)]


def _decide(turn: int, number: int, actor: Actor) -> list[Callable[[], object]]:
    """One's own seat in cases where two people meet."""
    first = (turn * ACTORS + number % (ACTORS // 2)) * EACH
    ids = session.connection().scalars(select(CASE.c.id).order_by(CASE.c.id).offset(first).limit(EACH)).all()
    chosen = select(TASK.c.case_id, TASK.c.seat).where(TASK.c.employee_id == actor.employee_id, TASK.c.said == "open")
    seats = dict(session.connection().execute(chosen.where(TASK.c.case_id.in_(ids))).all())
    return [partial(decide, case_id, seat, "approve") for case_id, seat in seats.items()]


def _together(
    app: Flask, actors: list[Actor], acts: Callable[[int, Actor], list[Callable[[], object]]], pause: float
) -> tuple[list[float], float]:
    """Milliseconds of each act of people who act at the same time, each after the other; and seconds of it all."""
    session.remove()
    db.engine.dispose()  # no process takes another's connection
    processes = get_context("fork")
    told, ready = processes.SimpleQueue(), processes.Barrier(len(actors) + 1)

    def run(number: int, actor: Actor) -> None:
        taken: list[float] = []
        think = Random(number)
        with app.app_context(), acting_as(actor):
            warm, *mine = acts(number, actor)
            session.rollback()
            warm()
            session.remove()
            ready.wait(60)
            for act in mine:
                time.sleep(pause * think.uniform(0.5, 1.5))
                began = time.perf_counter()
                act()
                taken.append((time.perf_counter() - began) * 1000)
                session.remove()
        told.put(taken)

    running = [processes.Process(target=run, args=each) for each in enumerate(actors)]
    for process in running:
        process.start()
    ready.wait(60)
    began = time.perf_counter()
    taken = [one for _process in running for one in told.get()]
    seconds = time.perf_counter() - began
    for process in running:
        process.join()
    return taken, seconds


def _told(what: str, taken: list[float], seconds: float) -> None:
    ordered = sorted(taken)
    print(
        f"{what}: median {statistics.median(ordered):.1f} ms, p95 {ordered[int(len(ordered) * 0.95)]:.1f} ms "
        f"({len(ordered)} acts, {len(ordered) / seconds:.0f} a second)",
        flush=True,
    )


class Alone:
    """A run without a job."""

    state: dict[str, Any] = {}

    def is_done(self, key: object) -> bool:
        return False

    @contextmanager
    def chunk(self, key: object) -> Any:
        yield

    def log(self, text: object) -> None:
        print(text)


if __name__ == "__main__":
    main()
