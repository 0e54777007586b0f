"""The reports on approvals over 100,000 cases: each figure, the page, and the cases behind one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import case, insert, literal, select, update

from app.access.actors import acting_as
from app.approvals.models import Case, Task, Visit
from app.approvals.reading import reports
from app.approvals.reading.reported import Which, list_cases
from app.db import db, session
from app.testing.people import login
from app.types import Actor
from bench.approvals_screens import seed_cases
from bench.lists import seeded
from bench.table import Statements, median

ZONE = ZoneInfo("Asia/Shanghai")


def make_history(kind: str) -> None:
    """Nine in ten cases ended, some late; a visit of each step."""
    rows, tasks, visits = Case.__table__, Task.__table__, Visit.__table__
    ended = rows.c.id % 10 != 0
    hours = "started_at + (mod(id, 97) || ' hours')::interval" if kind == "postgresql" else (
        "datetime(started_at, '+' || (id % 97) || ' hours')"
    )  # fmt: skip
    with db.engine.begin() as connection:
        status = case((rows.c.id % 10 < 7, "approved"), else_="refused")
        connection.execute(update(rows).where(ended).values(status=status, round=rows.c.id % 3))
        connection.exec_driver_sql(f"UPDATE approvals_case SET ended_at = {hours} WHERE status <> 'running'")
        over = select(rows.c.id).where(ended)
        seats = update(tasks).where(tasks.c.said == "open", tasks.c.case_id.in_(over))
        connection.execute(seats.values(said="approved"))
        names = ("case_id", "step", "visit", "entered_at", "left_at", "outcome", "due_at", "expired")
        for step in ("one", "two"):
            over = rows.c.status != "running"
            made = select(
                rows.c.id, literal(step), literal(1), rows.c.started_at, case((over, rows.c.ended_at)),
                case((over, "passed"), else_=""), case((rows.c.id % 20 == 0, rows.c.started_at)), literal(0),
            )  # fmt: skip
            connection.execute(insert(visits).from_select(names, made))


def figures(me: Actor) -> dict[str, Callable[[], object]]:
    """What the page is made of, of all time."""
    asked, today = reports.Asked(flow=1), date.today()
    return {
        "states": lambda: reports.count_states(asked, me),
        "ages": lambda: reports.count_ages(asked, me, today, ZONE),
        "waiting": lambda: reports.read_waiting(asked, me),
        "late counted": lambda: reports.count_late(asked, me),
        "time per step": lambda: reports.read_step_times(asked, me),
        "units": lambda: reports.read_units(asked, me),
        "late listed": lambda: list_cases(asked, Which(late=True), me, today, ZONE),
        "refused listed": lambda: list_cases(asked, Which(state="refused"), me, today, ZONE),
    }


def main(rows: int = 100_000) -> None:
    """Print what each report costs on both databases."""
    for kind in ("postgresql", "sqlite"):
        with seeded(kind, 1000) as (app, admin, _url), app.app_context():
            seed_cases(admin.employee_id, rows)
            make_history(kind)
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE" if kind == "postgresql" else "ANALYZE")
            client = login(app.test_client(), admin)
            with acting_as(admin.actor):
                told = [f"{name} {median(ask):.0f} ms" for name, ask in figures(admin.actor).items()]
            print(f"{kind}: {rows:,} cases of all time: {', '.join(told)}")
            session.remove()
            for address in ("/approvals/reports/", "/approvals/reports/?flow=1&month="):
                with Statements(db.engine) as asked_for:
                    answer = client.get(address)
                assert answer.status_code == 200, answer.status_code
                page = median(lambda: client.get(address))  # noqa: B023
                print(f"{kind}: {address}: {page:.0f} ms, {asked_for.count} statements")


if __name__ == "__main__":
    main()
