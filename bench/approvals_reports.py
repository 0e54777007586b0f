"""The reports on approvals over 100,000 cases: each figure, the page, and the cases behind one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import case, insert, literal, select, text, update

from app.access.actors import acting_as
from app.approvals.models import Case, Task, Visit
from app.approvals.reading import reports
from app.approvals.reading.reported import Which, list_cases
from app.approvals.rules.reporting import month_stretch
from app.db import db, now, session
from app.testing.people import login
from app.types import Actor
from bench.approvals_screens import seed_cases
from bench.lists import seeded
from bench.table import Line, Statements, median, show

#: Milliseconds the page may take.
A_MONTH, ALL_TIME = 300.0, 1_000.0
#: Minutes the longest case takes: six days, no two in a row alike.
TOOK = 8_640
ZONE = ZoneInfo("Asia/Shanghai")


def make_history(kind: str, rows: int) -> None:
    """Cases begun evenly over the last ninety days; nine in ten ended, some late; a visit of each step."""
    cases, tasks, visits = Case.__table__, Task.__table__, Visit.__table__
    ended = cases.c.id % 10 != 0
    begun, over = _moment(kind, "begun"), _moment(kind, "over")
    with db.engine.begin() as connection:
        spread = {"begun": now() - timedelta(days=90), "each": 90 * 86_400 / rows}
        connection.execute(text(f"UPDATE approvals_case SET started_at = {begun}, moved_at = {begun}"), spread)
        status = case((cases.c.id % 10 < 7, "approved"), else_="refused")
        took = cases.c.id * 7919 % TOOK
        connection.execute(update(cases).where(ended).values(status=status, round=cases.c.id % 3, minutes=took))
        connection.execute(text(f"UPDATE approvals_case SET ended_at = {over} WHERE status <> 'running'"))
        done = select(cases.c.id).where(ended)
        seats = update(tasks).where(tasks.c.said == "open", tasks.c.case_id.in_(done))
        connection.execute(seats.values(said="approved"))
        names = ("case_id", "step", "visit", "entered_at", "left_at", "minutes", "outcome", "due_at", "expired")
        for step in ("one", "two"):
            is_over = cases.c.status != "running"
            made = select(
                cases.c.id, literal(step), literal(1), cases.c.started_at, case((is_over, cases.c.ended_at)),
                case((is_over, cases.c.minutes)), case((is_over, "passed"), else_=""),
                case((cases.c.id % 20 == 0, cases.c.started_at)), literal(0),
            )  # fmt: skip
            connection.execute(insert(visits).from_select(names, made))


def _moment(kind: str, which: str) -> str:
    """When a case begins or is over, in the words of a database."""
    if kind == "postgresql":
        begun = "cast(:begun AS timestamptz) + id * cast(:each AS float) * interval '1 second'"
        return begun if which == "begun" else "started_at + minutes * interval '1 minute'"
    if which == "begun":
        return "strftime('%Y-%m-%d %H:%M:%S.000000', :begun, '+' || round(id * :each) || ' seconds')"
    return "strftime('%Y-%m-%d %H:%M:%S.000000', started_at, '+' || minutes || ' minutes')"


def figures(me: Actor, month: str, flow: int | None = 1) -> dict[str, Callable[[], object]]:
    """What the page is made of, of a month or (empty) of all time."""
    start, end = month_stretch(month, ZONE) if month else (None, None)
    asked, today = reports.Asked(flow=flow, start=start, end=end), date.today()
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


def measure_reports(kind: str, rows: int) -> list[Line]:
    """A line for the page about a full month and all time, of all flows and of one; prints what each figure costs.

    A third of the cases began in that month. `baseline` is what the page may take.
    """
    lines = []
    with seeded(kind, 1000) as (app, admin, _url), app.app_context():
        seed_cases(admin.employee_id, rows)
        make_history(kind, rows)
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE" if kind == "postgresql" else "ANALYZE")
        client = login(app.test_client(), admin)
        last = (date.today().replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
        for what, month, most in (("a month", last, A_MONTH), ("all time", "", ALL_TIME)):
            with acting_as(admin.actor):
                told = [f"{name} {median(ask):.0f} ms" for name, ask in figures(admin.actor, month).items()]
            print(f"{kind}: {what} of {rows:,} cases: {', '.join(told)}", flush=True)
            session.remove()
            for of, flow in (("all flows", ""), ("one flow", "1")):
                address = f"/approvals/reports/?flow={flow}&month={month}"
                with Statements(db.engine) as asked_for:
                    answer = client.get(address)
                assert answer.status_code == 200, answer.status_code
                page = median(lambda: client.get(address))  # noqa: B023
                note = f"{asked_for.count} statements"
                name = f"reports on approvals: {what}, {of}"
                lines.append(Line(name, kind, page, most, "ms", most / page, ">= 1", note))
    return lines


def main(rows: int = 100_000) -> None:
    """Measure both databases and print the table."""
    lines = [line for kind in ("postgresql", "sqlite") for line in measure_reports(kind, rows)]
    show(f"Reports on approvals over {rows:,} cases", lines)


if __name__ == "__main__":
    main()
