"""Reports on approvals: figures reckoned by hand, within the reader's part of the organisation, and their screens."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from python_calamine import load_workbook
from sqlalchemy import insert, select, update

from app.access.actors import acting_as
from app.access.exporting.limits import keep_limit
from app.access.models import AuditEntry
from app.approvals.models import Case, Task, Visit
from app.approvals.reading.reported import Which, list_cases
from app.approvals.reading.reports import (
    Asked,
    count_ages,
    count_late,
    count_states,
    find_units,
    read_step_times,
    read_units,
    read_waiting,
)
from app.approvals.rules.reporting import age_stretch, month_stretch
from app.approvals.rules.rows import minutes_between
from app.db import now, session
from app.host.settings import change_settings
from app.testing.factories import make_customer
from app.testing.people import Browser, People, Person, login
from app.transfer.models import Export
from app.transfer.services.control import PER_DAY
from app.types import SYSTEM
from tests.kernel.approvals.flows import publish, step, submit

ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 3, 31)
NOON = datetime(2026, 3, 31, 12, tzinfo=ZONE)


def keep(flow: int, by: Person, number: int, status: str, begun: datetime, **values: Any) -> int:
    """A case as it stands in the table."""
    row = {
        "definition_id": flow, "version": 1, "entity": "customer", "record_id": 800_000 + number,
        "title": f"案件{number}", "applicant_id": by.employee_id, "unit_id": by.unit_id, "status": status,
        "started_at": begun, "moved_at": begun, **values,
    }  # fmt: skip
    if "ended_at" in values:
        row["minutes"] = minutes_between(begun, values["ended_at"])
    return int(session.execute(insert(Case).values(row).returning(Case.id)).scalar_one())


def pass_step(case: int, name: str, begun: datetime, hours: float) -> None:
    left = begun + timedelta(hours=hours)
    row = {"case_id": case, "step": name, "visit": 1, "entered_at": begun, "left_at": left, "outcome": "passed"}
    session.execute(insert(Visit).values({**row, "minutes": minutes_between(begun, left)}))


def test_ages_are_counted_by_the_calendar_of_the_site() -> None:
    just, before = (datetime(2026, 3, 29, hour, minute, tzinfo=ZONE) for hour, minute in ((0, 0), (23, 59)))
    oldest, youngest = age_stretch(1, DAY, ZONE)
    assert youngest == datetime(2026, 3, 30, tzinfo=ZONE) > before > just > oldest == datetime(2026, 3, 28, tzinfo=ZONE)
    assert age_stretch(0, DAY, ZONE)[1] is None is age_stretch(4, DAY, ZONE)[0]
    assert month_stretch("2026-12", ZONE)[1] == datetime(2027, 1, 1, tzinfo=ZONE)


def test_figures_agree_with_those_reckoned_by_hand(people: People) -> None:
    flow, other = publish(step("one", people.head)), publish(step("one", people.head), code="other")
    march = Asked(flow=flow, start=month_stretch("2026-03", ZONE)[0], end=month_stretch("2026-03", ZONE)[1])
    begun = datetime(2026, 3, 1, tzinfo=ZONE)
    # Ten decided ones of 1 to 10 hours; two of them came back; one more began a minute before March.
    for number in range(1, 11):
        status, ended = ("refused" if number > 7 else "approved"), begun + timedelta(hours=number)
        more = {"round": 2 if number in (2, 9) else 1, "ended_at": ended}
        pass_step(keep(flow, people.manager, number, status, begun, **more), "one", begun, number)
    keep(flow, people.manager, 20, "approved", begun - timedelta(minutes=1), ended_at=begun)
    keep(other, people.manager, 21, "approved", begun, ended_at=begun)
    open_since = {30: NOON, 31: NOON - timedelta(days=1), 32: NOON - timedelta(days=2), 33: NOON - timedelta(days=40)}
    for number, at in open_since.items():
        case = keep(flow, people.manager, number, "returned" if number == 30 else "running", at)
        due = now() - timedelta(days=1) if number == 33 else now() + timedelta(days=1)
        row = {"case_id": case, "step": "one", "visit": 1, "entered_at": at, "due_at": due}
        session.execute(insert(Visit).values(row))
        seat = {"case_id": case, "seat": 1, "step": "one", "visit": 1, "said": "open", "opened_at": at}
        session.execute(insert(Task).values({**seat, "employee_id": people.head.employee_id}))
    keep(flow, people.stranger, 40, "approved", begun, ended_at=begun)
    session.commit()

    with acting_as(people.city_manager.actor):
        assert count_states(march, people.city_manager.actor)["approved"] in (7, 8)
    with acting_as(people.head.actor):
        reader = people.head.actor
        assert count_states(march, reader) == {"approved": 7, "refused": 3, "running": 2, "returned": 1}
        assert count_ages(march, reader, DAY, ZONE) == (2, 1, 0, 0, 1), "what is open counts whenever it began"
        assert count_late(march, reader) == 1
        (took,) = read_step_times(march, reader)
        assert (took.step, took.visits, round(took.median, 4), round(took.p90, 4)) == ("one", 10, 5.5, 9)
        assert read_step_times(Asked(), reader) == []
        (unit,) = read_units(march, reader)
        told = (unit.unit, unit.started, unit.approved, unit.refused, unit.returned, round(unit.median or 0, 4))
        assert told == (people.north.name, 13, 7, 3, 3, 5.5)
        (waiting,) = read_waiting(march, reader)
        assert (waiting.person, waiting.number, waiting.oldest) == (people.head.name, 4, open_since[33])
        assert [line.title for line in list_cases(march, Which(late=True), reader, DAY, ZONE).lines] == ["案件33"]
        young = list_cases(march, Which(age=0), reader, DAY, ZONE, most=1)
        assert [line.title for line in young.lines] == ["案件30"] and young.next_after
        after = list_cases(march, Which(age=0, after=young.next_after), reader, DAY, ZONE)
        assert [line.title for line in after.lines] == ["案件31"] and not after.next_after
        assert len(list_cases(march, Which(state="refused"), reader, DAY, ZONE).lines) == 3
        asked = Which(step="one", person=people.colleague.employee_id)
        assert not list_cases(march, asked, reader, DAY, ZONE).lines


def test_cases_of_another_branch_are_neither_counted_nor_named(people: People, client: Browser) -> None:
    publish(step("one", people.head))
    for person, name in ((people.manager, "北方案件"), (people.stranger, "南方案件")):
        submit(person, make_customer(name, person))
    head = people.add("southhead", "杜南", people.south, "department_head")
    session.execute(update(Visit).values(due_at=now() - timedelta(days=1)))
    session.commit()
    for reader, seen, hidden in ((people.head, "北方案件", "南方案件"), (head, "南方案件", "北方案件")):
        login(client, reader)
        for address in ("?flow=&unit=&month=", "cases?late=1", f"cases?state=running&unit={people.north.id}"):
            page = client.get(f"/approvals/reports/{address}")
            assert page.status_code == 200 and hidden not in page.get_data(as_text=True)
        assert seen in client.get("/approvals/reports/").get_data(as_text=True)
        assert seen in client.get("/approvals/reports/cases?late=1").get_data(as_text=True)
    with acting_as(people.head.actor):
        assert [row.id for row in find_units("", people.head.actor, 20)[0]] == [people.north.id]
    items = client.get("/approvals/reports/units?q=").get_json()["items"]
    assert [item["value"] for item in items] == [str(people.south.id)]
    login(client, people.manager)
    assert client.get("/approvals/reports/").status_code == 403


def test_a_heading_somebody_may_not_read_is_not_told(people: People, client: Browser) -> None:
    publish(step("one", people.head))
    submit(people.manager, make_customer("机密客户", people.manager))
    session.execute(update(Case).values(record_id=999_999))
    session.commit()
    other = people.add("northhead", "杜北", people.north, "department_head")
    login(client, other)
    page = client.get("/approvals/reports/cases?age=0").get_data(as_text=True)
    assert "机密客户" not in page and "/approvals/cases/" not in page
    login(client, people.head)
    assert "机密客户" in client.get("/approvals/reports/cases?age=0").get_data(as_text=True), "who was asked may"


def test_an_address_that_makes_no_sense_asks_for_nothing(people: People, client: Browser) -> None:
    login(client, people.head)
    for address in ("?month=2026-13&flow=x&unit=999999999", "?month=9999-12", "?month=0001-01", "cases?age=9&state=x"):
        assert client.get(f"/approvals/reports/{address}").status_code == 200


def test_the_figures_leave_as_every_export_does(people: People, client: Browser) -> None:
    flow = publish(step("=1+1", people.head))
    for person, name in ((people.manager, "=HYPERLINK(1)"), (people.stranger, "南方案件")):
        submit(person, make_customer(name, person))
    session.execute(update(Visit).values(due_at=now() - timedelta(days=1)))
    session.commit()
    address, reason = f"/approvals/reports/export/?flow={flow}&month=", "季度核对 & 对账"
    login(client, people.head)
    assert address.split("?")[0] in client.get("/approvals/reports/").text
    assert client.post(address, data={"reason": " "}).status_code == 400
    assert not session.scalars(select(Export)).all(), "nothing is kept of what was refused"
    answer = client.post(address, data={"reason": reason})
    assert answer.status_code == 200 and answer.mimetype.endswith("spreadsheetml.sheet")
    (made,) = session.scalars(select(Export)).all()
    (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "export")).all()
    rows = 5 + 1 + 1 + 1 + 0 + 1
    assert (made.row_count, made.reason, made.created_by) == (rows, reason, people.head.user_id)
    assert entry.changes["reason"] == [None, reason] and entry.changes["rows"] == [None, rows]
    book = load_workbook(BytesIO(answer.data))
    sheets = [book.get_sheet_by_index(place).to_python() for place in range(len(book.sheet_names))]
    assert [len(sheet) - 1 for sheet in sheets[:6]] == [5, 1, 1, 1, 0, 1], "the south is neither counted nor named"
    assert sheets[1][1][0] == "'=1+1" and sheets[2][1][1] == "'=HYPERLINK(1)"
    assert [row[1] for row in sheets[6]][:1] == [str(made.id)] and reason in [row[1] for row in sheets[6]]
    with acting_as(SYSTEM):
        change_settings({PER_DAY: rows + 1})
    assert client.post(address, data={"reason": reason}).status_code == 400, "the rows of the day are counted"
    with acting_as(SYSTEM):
        change_settings({PER_DAY: 0})
        keep_limit(people.head.role_id, rows - 1)
    assert client.post(address, data={"reason": reason}).status_code == 400
    with acting_as(SYSTEM):
        manager = client.application.appbuilder.sm  # type: ignore[attr-defined]
        pair = manager.find_permission_view_menu("can_export", "ApprovalReportView")
        manager.del_permission_role(session.get(manager.role_model, people.head.role_id), pair)
    assert client.post(address, data={"reason": reason}).status_code == 403
    assert "reports/export" not in client.get("/approvals/reports/").text
