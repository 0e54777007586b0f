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
from sqlalchemy import insert, select, update

from app.access.actors import acting_as
from app.approvals.models import Definition, DefinitionVersion
from app.approvals.rules.document import Branch, Deadline, Document, Find, Kind, Rule, Sign, Step, Then
from app.approvals.rules.playing import Play
from app.approvals.rules.rows import Rows
from app.approvals.rules.state import Event
from app.approvals.rules.writing import write_document
from app.approvals.services import decide, start_case
from app.approvals.services.keeping import CASE, EVENT, TASK, VISIT
from app.approvals.services.moving import preview_move
from app.approvals.services.time_outs import sweep
from app.db import db, now, session, transaction
from app.jobs.services import Run
from app.organisation.models import Unit
from app.testing.people import Person, add_person
from app.types import SYSTEM, Actor
from bench.lists import seeded
from bench.table import Line, Statements, median, show

ACTORS = 8
#: Acts of each in a turn, and the seconds one thinks between two, more or less.
EACH, THINKS = 40, 0.3
#: What may pass: milliseconds of 95 acts in 100 where the machine is not overrun, seconds of a look at a move, of a
#: sweep with nothing due and of one over a thousand that are.
QUICK, A_LOOK, A_SWEEP, A_THOUSAND = 50.0, 2.0, 1.0, 30.0


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
    """Start and decide with `rows` cases running on PostgreSQL, look at a move of them all, then sweep over them.

    An act is timed from its call to its commit, in the process that does it: what a request spends on it, without
    the page around. First one person alone; then eight at once, each in a process of their own as the server has
    them, who think a third of a second between two acts, far less than people do; then the same without a pause,
    which asks what the machine can bear: eight processes share its cores.
    """
    due = max(rows // 5, 1)
    with seeded("postgresql", rows + 2_000 + due) as (app, admin, _url), app.app_context():
        with acting_as(SYSTEM):
            unit = session.get_one(Unit, 1)
            signers = [add_person(f"signer{n}", f"审批{n}", unit, "Admin") for n in range(ACTORS)]
            document, definition = _publish(signers)
        _write_cases(document, definition, range(1, rows + 1), admin.employee_id)
        _analyze()
        actors, lines = [who.actor for who in signers], []
        for turn, (how, people, pause) in enumerate(
            (("alone", actors[:1], 0.0), ("8 at once", actors, THINKS), ("8 at once, no pause", actors, 0.0))
        ):
            most = QUICK if turn < 2 else None
            for what, act in (("submit a record", partial(_submit, rows, turn)), ("decide", partial(_decide, turn))):
                lines.append(_told(f"{what}, {how}", *_together(app, people, act, pause), most))
        session.rollback()
        with acting_as(SYSTEM):
            lines.append(_look_at_move(definition, document, rows))
            lines += _sweeps(definition, document, rows, due, admin.employee_id)
    show(f"Approvals with {rows:,} running cases", lines)


def _analyze() -> None:
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def _look_at_move(definition: int, document: Document, rows: int) -> Line:
    """What would happen to every running case if it moved to a second version."""
    with transaction() as current:
        text = json.dumps(write_document(document))
        row = {"definition_id": definition, "number": 2, "document": text, "note": "", "published_by": "bench"}
        current.execute(insert(DefinitionVersion).values(**row))
        current.execute(update(Definition).where(Definition.id == definition).values(published=2))
    with Statements(db.engine) as asked_for:
        found = preview_move(definition, 1, 2, {})
    taken = median(lambda: preview_move(definition, 1, 2, {}), times=3, warm=0) / 1000
    what = f"look at a move of {found.total:,} cases"
    return Line(what, "postgresql", taken, A_LOOK, "s", A_LOOK / taken, ">= 1", f"{asked_for.count} statements")


def _sweeps(definition: int, document: Document, rows: int, due: int, applicant: int) -> list[Line]:
    """Seconds of a sweep where nothing is due, and for a thousand that are all due at once."""
    taken = median(lambda: sweep(cast(Run, Alone())), times=3, warm=1) / 1000
    what = f"sweep of deadlines over {rows:,} cases, none due"
    quiet = Line(what, "postgresql", taken, A_SWEEP, "s", A_SWEEP / taken, ">= 1")
    first = rows + 2_001
    _write_cases(document, definition, range(first, first + due), applicant, timedelta(days=30))
    _analyze()
    with Statements(db.engine) as asked_for:
        began = time.perf_counter()
        counts = sweep(cast(Run, Alone()))
        taken = (time.perf_counter() - began) / due * 1000
    assert counts["expired"] == due, counts
    note = f"{due:,} due at once, {asked_for.count / due:.1f} statements a case"
    what = "sweep of deadlines, a thousand of them due"
    return [quiet, Line(what, "postgresql", taken, A_THOUSAND, "s", A_THOUSAND / taken, ">= 1", note)]


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


def _write_cases(
    document: Document, definition: int, numbers: range, applicant: int, ago: timedelta = timedelta()
) -> None:
    """Cases of these records at their first step, begun so long ago, with the events and rows of their start."""
    play, at = Play(document, Rows().state, Anyone()), now() - ago
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
        connection.execute(insert(CASE), [{**case, "record_id": n, "title": f"案件{n}"} for n in numbers])
        chosen = select(CASE.c.id).where(CASE.c.record_id.between(numbers[0], numbers[-1]), CASE.c.events == rows.count)
        ids = connection.scalars(chosen.order_by(CASE.c.id)).all()
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


def _told(what: str, taken: list[float], seconds: float, most: float | None) -> Line:
    ordered = sorted(taken)
    middle, p95 = statistics.median(ordered), ordered[int(len(ordered) * 0.95)]
    note = f"median {middle:.1f} ms, {len(ordered)} acts, {len(ordered) / seconds:.0f} a second"
    print(f"{what}: p95 {p95:.1f} ms{'' if most is None else f' (aim {most:.0f})'}, {note}", flush=True)
    if most is None:
        return Line(f"{what}, p95", "postgresql", p95, 0, "ms", 0, "", note)
    return Line(f"{what}, p95", "postgresql", p95, most, "ms", most / p95, ">= 1", note)


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
