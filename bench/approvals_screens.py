"""The inbox over 100,000 cases, of somebody 1,000 of them wait for; and the drawing of a flow of forty steps."""

from __future__ import annotations

import json
import time
from datetime import date, timedelta

from sqlalchemy import insert

from app.access.actors import acting_as
from app.approvals.models import Case, Copy, Definition, DefinitionVersion, Task
from app.approvals.reading.inbox import TABS, Wish, count_tabs, read_inbox
from app.approvals.rules.document import Document, Kind, Step
from app.approvals.rules.writing import write_document
from app.approvals.views.diagrams import diagram
from app.db import db, now
from app.testing.people import login
from bench.lists import seeded
from bench.table import Line, Statements, median, show

#: Of so many cases every so manieth waits for the one who looks.
EACH = 100
#: Milliseconds a page, a piece of one and a diagram may take; statements of a page.
A_PAGE, A_PIECE, A_DIAGRAM, STATEMENTS = 50.0, 50.0, 5.0, 10


def seed_cases(me: int, rows: int) -> None:
    """Running cases of one flow, applied for by everybody, each waiting for one and decided by another."""
    document = Document((Step("one", Kind.APPROVE, "一"), Step("two", Kind.APPROVE, "二")))
    at = now() - timedelta(days=90)
    with db.engine.begin() as connection:
        flow = {"id": 1, "code": "bench", "name": "审批", "entity": "customer", "published": 1}
        connection.execute(insert(Definition), flow)
        version = {"definition_id": 1, "number": 1, "document": json.dumps(write_document(document))}
        connection.execute(insert(DefinitionVersion), {**version, "published_by": "bench"})
        for start in range(1, rows + 1, 10_000):
            numbers = range(start, min(start + 10_000, rows + 1))
            connection.execute(insert(Case), [_case(n, me, at + timedelta(minutes=n)) for n in numbers])
            connection.execute(insert(Task), [row for n in numbers for row in _tasks(n, me, at + timedelta(minutes=n))])
            copies = [{"case_id": n, "employee_id": me} for n in numbers if n % EACH == 3]
            connection.execute(insert(Copy), copies)


def _case(n: int, me: int, at: object) -> dict[str, object]:
    return {
        "id": n, "definition_id": 1, "version": 1, "entity": "customer", "record_id": n, "title": f"客户{n}",
        "applicant_id": me if n % EACH == 2 else n % 400 + 1, "unit_id": n % 40 + 2, "status": "running",
        "steps": "two", "events": 3, "started_at": at, "moved_at": at, "figures": {"lifecycle": "potential"},
    }  # fmt: skip


def _tasks(n: int, me: int, at: object) -> list[dict[str, object]]:
    seat = {"case_id": n, "visit": 1, "opened_at": at, "due_at": None, "decided_at": None, "decided_by": None}
    first, second = (me if n % EACH == 1 else n % 399 + 1), (me if n % EACH == 0 else n % 397 + 1)
    decided = {"seat": 1, "step": "one", "said": "approved", "decided_at": at, "decided_by": first}
    return [
        {**seat, **decided, "employee_id": first},
        {**seat, "seat": 2, "step": "two", "said": "open", "employee_id": second},
    ]


def measure_screens(kind: str, rows: int) -> list[Line]:
    """A line per tab of the inbox, and for its other orders, its counts and a diagram; `baseline` is what may pass.

    `work` in a note is what the server's process works on a page; the page itself is what goes by meanwhile, the
    database included.
    """
    steps = Document(tuple(Step(f"s{n}", Kind.APPROVE, "风险经理审批") for n in range(40)))
    lines = []
    with seeded(kind, 1000) as (app, admin, _url), app.app_context():
        seed_cases(admin.employee_id, rows)
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE" if kind == "postgresql" else "ANALYZE")
        client, today = login(app.test_client(), admin), date.today()
        with app.test_request_context("/approvals/"), acting_as(admin.actor):
            drawn = median(lambda: diagram(steps, (), {}, title="图"))
        lines.append(_line("diagram of 40 steps with its HTML", kind, drawn, A_DIAGRAM))
        for tab in TABS:
            client.get(f"/approvals/?tab={tab}")
            with Statements(db.engine) as told:
                answer = client.get(f"/approvals/?tab={tab}")
            assert answer.status_code == 200
            page = median(lambda: client.get(f"/approvals/?tab={tab}"))  # noqa: B023
            work = median(lambda: client.get(f"/approvals/?tab={tab}"), clock=time.process_time)  # noqa: B023
            read = median(lambda: read_inbox(admin.employee_id, Wish(tab=tab), today))  # noqa: B023
            note = f"work {work:.1f} ms, read {read:.1f} ms"
            lines.append(_line(f"inbox, {tab}", kind, page, A_PAGE, note))
            lines.append(_line(f"inbox, {tab}: statements", kind, told.count, STATEMENTS, unit="statements"))
        for what, ask in {
            "inbox read by due date": lambda: read_inbox(admin.employee_id, Wish(sort="due"), today),
            "inbox read by two digits of a heading": lambda: read_inbox(admin.employee_id, Wish(q="客户99"), today),
            "counts of the inbox's tabs": lambda: count_tabs(admin.employee_id, today),
        }.items():
            with acting_as(admin.actor):
                lines.append(_line(what, kind, median(ask), A_PIECE))
    return lines


def _line(what: str, kind: str, taken: float, most: float, note: str = "", unit: str = "ms") -> Line:
    print(f"  {kind}: {what}: {taken:.1f} {unit} (aim {most:.0f}) {note}", flush=True)
    return Line(what, kind, taken, most, unit, most / taken, ">= 1", note)


def main(rows: int = 100_000) -> None:
    """Measure both databases and print the table."""
    lines = [line for kind in ("postgresql", "sqlite") for line in measure_screens(kind, rows)]
    show(f"Screens of approvals over {rows:,} cases", lines)


if __name__ == "__main__":
    main()
