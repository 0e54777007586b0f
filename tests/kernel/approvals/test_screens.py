"""APR-4 to APR-6 on screen: the inbox, a case's page, each act by its dialog, and who may not."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import insert, select

from app.access.actors import acting_as
from app.access.models import FieldPermission
from app.approvals.models import Case, Definition, Delegation, Task
from app.approvals.reading.inbox import (
    COPIED,
    DONE,
    MINE,
    PAGE,
    TODO,
    Wish,
    choices_of,
    count_tabs,
    count_todo,
    read_inbox,
)
from app.approvals.rules.document import Sign
from app.approvals.services import copy_to, decide, urge
from app.approvals.views.inbox import local_today
from app.db import session
from app.testing.factories import make_customer
from app.testing.people import Browser, People, Person, login
from app.testing.statements import heard
from tests.kernel.approvals.flows import publish, seat_of, step, submit

TODAY = date.today()


def titles(person: Person, **asked) -> list[str]:
    with acting_as(person.actor):
        return [line.title for line in read_inbox(person.employee_id, Wish(**asked), TODAY).lines]


def test_what_waits_is_listed_for_whom_it_waits(people: People) -> None:
    publish(step("one", people.head), step("two", people.city_manager), figures=("name",))
    cases = [submit(people.manager, make_customer(f"鸿运{n}号", people.manager)) for n in range(3)]
    assert titles(people.head) == ["鸿运0号", "鸿运1号", "鸿运2号"]
    assert titles(people.head, sort="new") == ["鸿运2号", "鸿运1号", "鸿运0号"]
    assert titles(people.head, q="运1") == ["鸿运1号"]
    assert titles(people.head, q="%") == titles(people.head, overdue=True) == titles(people.head, days=1) == []
    assert titles(people.city_manager) == titles(people.manager) == []
    assert titles(people.manager, tab=MINE) == ["鸿运2号", "鸿运1号", "鸿运0号"]
    with acting_as(people.head.actor):
        decide(cases[1].id, seat_of(cases[1].id, people.head), "approve")
        copy_to(cases[1].id, [people.stranger.employee_id])
    assert titles(people.head, tab=DONE) == titles(people.stranger, tab=COPIED) == ["鸿运1号"]
    assert titles(people.head, tab=DONE, q="运1") == titles(people.stranger, tab=COPIED, q="运1") == ["鸿运1号"]
    assert titles(people.manager, tab=MINE, q="运2") == ["鸿运2号"]
    assert titles(people.head, tab=DONE, q="运2") == titles(people.manager, q="运2") == []
    assert titles(people.city_manager) == ["鸿运1号"]
    with acting_as(people.manager.actor):
        urge(cases[0].id)
    with acting_as(people.head.actor):
        lines = read_inbox(people.head.employee_id, Wish(), TODAY).lines
        assert [bool(line.urged_at) for line in lines] == [True, False]
        assert count_tabs(people.head.employee_id, TODAY) == {TODO: 2, DONE: 1, MINE: 0, COPIED: 0}


def test_pages_follow_by_key_and_cost_few_statements(people: People) -> None:
    publish(step("one", people.head))
    case = submit(people.manager, make_customer("甲", people.manager))
    row = dict(session.execute(select(Case.__table__).where(Case.id == case.id)).one()._mapping)
    task = dict(session.execute(select(Task.__table__).where(Task.case_id == case.id)).one()._mapping)
    first = row["started_at"]
    for number in range(1, PAGE * 2 + 1):
        at = first + timedelta(seconds=number // 2)
        session.execute(
            insert(Case), {**row, "id": row["id"] + number, "record_id": 900_000 + number, "title": f"n{number}"}
        )
        session.execute(
            insert(Task), {**task, "id": task["id"] + number, "case_id": row["id"] + number, "opened_at": at}
        )
    session.commit()
    with acting_as(people.head.actor), heard() as statements:
        pages, after = [], ""
        for _page in range(4):
            page = read_inbox(people.head.employee_id, Wish(after=after), TODAY)
            pages.append([line.case_id for line in page.lines])
            after = page.next_after
            if not after:
                break
    assert [len(page) for page in pages] == [PAGE, PAGE, 1]
    assert len({number for page in pages for number in page}) == 2 * PAGE + 1
    assert len(statements) <= 4 * len(pages), "delegations, the page, who urged, what steps hide"


def test_the_inbox_is_narrowed_by_applicant_unit_flow_and_amount(people: People, client: Browser) -> None:
    flow = publish(step("one", people.head), figures=("annual_income",))
    publish(step("one", people.head), code="other")
    for number, amount in enumerate((500, 1500, None)):
        submit(people.manager, make_customer(f"鸿运{number}号", people.manager, annual_income=amount))
    submit(people.colleague, make_customer("另一号", people.colleague), code="other")
    submit(people.colleague, make_customer("又一号", people.colleague, annual_income=2500))
    mine, theirs = ["鸿运0号", "鸿运1号", "鸿运2号"], ["另一号", "又一号"]
    assert titles(people.head, applicant=people.manager.employee_id) == mine
    assert titles(people.head, applicant=people.colleague.employee_id) == theirs
    assert titles(people.head, unit=people.north.id) == mine + theirs
    assert titles(people.head, unit=people.south.id) == []
    assert titles(people.head, least=Decimal(1000)) == ["鸿运1号", "又一号"]
    assert titles(people.head, least=Decimal(1000), most=Decimal(1500)) == ["鸿运1号"]
    assert titles(people.manager, tab=MINE, most=Decimal("500.00")) == ["鸿运0号"]
    with acting_as(people.head.actor):
        wish = Wish(applicant=people.colleague.employee_id)
        found = choices_of(people.head.employee_id, wish, TODAY)
    assert (found.total, found.is_capped) == (2, False)
    assert [(one.name, one.number) for one in found.offered["applicant"]] == [("张经理", 3), ("李同事", 2)]
    assert {one.value: one.number for one in found.offered["flow"]} == {str(flow): 1, str(flow + 1): 1}
    assert [(one.value, one.number) for one in found.offered["entity"]] == [("customer", 2)]

    login(client, people.head)
    page = words(client.get(f"/approvals/?applicant={people.manager.employee_id}&least=1,000&most=x&flow=9999999"))
    assert 'value="1,000"' in page and "鸿运1号" not in page and "共 0 条" in page
    page = words(client.get(f"/approvals/?applicant={people.manager.employee_id}&least=1,000&flow={flow}"))
    assert "鸿运1号" in page and "鸿运0号" not in page and "共 1 条" in page and "张经理 (1)" in page
    session.add(FieldPermission(role_id=people.head.role_id, entity="customer", field="annual_income", level="masked"))
    session.commit()
    assert titles(people.head, least=Decimal(1000)) == [], "what is masked is not asked by"


def stand_in(whom: Person, substitute: Person, definition: int | None = None) -> None:
    session.add(
        Delegation(
            employee_id=whom.employee_id, substitute_id=substitute.employee_id, definition_id=definition,
            from_on=TODAY - timedelta(days=1), until_on=TODAY + timedelta(days=1),
        )
    )  # fmt: skip
    session.commit()


def test_a_substitute_sees_what_waits_for_another_but_never_their_own_case(people: People) -> None:
    flow = publish(step("one", people.head))
    publish(step("one", people.head), code="personal", delegable=False)
    submit(people.manager, make_customer("甲", people.manager))
    submit(people.manager, make_customer("丙", people.manager), code="personal")
    stand_in(people.head, people.colleague, flow)
    stand_in(people.head, people.manager)
    assert titles(people.colleague) == ["甲"]
    assert titles(people.manager) == []
    with acting_as(people.colleague.actor):
        assert read_inbox(people.colleague.employee_id, Wish(), TODAY).lines[0].instead_of == people.head.name
        assert count_todo(people.colleague.employee_id, TODAY) == 1


def words(answer: object) -> str:
    return answer.get_data(as_text=True)  # type: ignore[attr-defined]


def test_a_case_goes_from_the_record_through_every_act(people: People, client: Browser) -> None:
    publish(
        step("one", people.head, people.colleague, sign=Sign.VOTE), step("two", people.city_manager), figures=("phone",)
    )
    customer = make_customer("鸿运<script>贸易", people.manager)
    login(client, people.manager)
    page = words(client.get(f"/customer/show/{customer.id}"))
    assert f"/approvals/submit/customer?ids={customer.id}" in page
    assert "提交审批" in words(client.get(f"/approvals/submit/customer?ids={customer.id}"))
    flow = session.scalars(select(Definition.id)).one()
    given = {"ids": customer.id, "flow": flow}
    assert client.post("/approvals/submit/customer", data=given).status_code == 303
    assert client.post("/approvals/submit/customer", data=given).status_code == 422, "it is in a flow"
    case = session.scalars(select(Case)).one()
    base = f"/approvals/cases/{case.id}"
    assert f'href="{base}" data-approval>审批中' in words(client.get(f"/customer/show/{customer.id}"))
    page = words(client.get(base))
    assert "鸿运&lt;script&gt;贸易" in page and "<script>贸易" not in page
    assert f"{base}/urge" in page and f"{base}/approve" not in page
    assert client.post(f"{base}/urge", data={"comment": "急"}).status_code == 303

    login(client, people.head)
    assert "鸿运&lt;script&gt;贸易" in words(client.get("/approvals/"))
    assert words(client.get("/approvals/count")) == "1"
    page = words(client.get(base))
    seat = seat_of(case.id, people.head)
    for name in ("approve", "refuse", "abstain", "return", "transfer", "add_signers", "ask_material"):
        assert f"{base}/{name}?seat={seat}" in page
        asked = words(client.get(f"{base}/{name}?seat={seat}"))
        typed = re.findall(r"<textarea[^>]*>(.*?)</textarea>", asked, re.S)
        assert typed and not any(typed) and "invalid-feedback" not in asked, "nothing is typed yet, nothing is wrong"
    assert client.post(f"{base}/refuse", data={"seat": seat}).status_code == 422
    assert client.post(f"{base}/transfer", data={"seat": seat}).status_code == 422
    assert (
        client.post(f"{base}/add_signers", data={"seat": seat, "people": people.city_manager.employee_id}).status_code
        == 303
    )
    signer = seat_of(case.id, people.city_manager)
    assert client.post(f"{base}/remove_signer", data={"seat": signer}).status_code == 303
    assert client.post(f"{base}/ask_material", data={"seat": seat, "items": "流水", "waits": "two"}).status_code == 303
    assert client.post(f"{base}/comment", data={"comment": "看过"}).status_code == 303
    assert client.post(f"{base}/approve", data={"seat": seat}).status_code == 303
    assert client.post(f"{base}/approve", data={"seat": seat}).status_code == 422

    login(client, people.colleague)
    assert client.post(f"{base}/approve", data={"seat": seat_of(case.id, people.colleague)}).status_code == 303
    login(client, people.city_manager)
    seat = seat_of(case.id, people.city_manager)
    assert f"{base}/approve" not in words(client.get(base)), "it waits for material"
    login(client, people.manager)
    assert client.post(f"{base}/give_material", data={"seat": 1}).status_code == 303
    login(client, people.city_manager)
    assert client.post(f"{base}/return", data={"seat": seat, "to": "applicant", "comment": "重填"}).status_code == 303
    login(client, people.manager)
    assert client.post(f"{base}/resubmit").status_code == 303
    page = words(client.get(f"/customer/show/{customer.id}/tab/approval", htmx=True))
    assert "<svg" in page and base in page
    then = words(client.get(f"{base}?asof=2"))
    assert 'data-status="running"' in then and f"{base}/withdraw" not in then
    assert client.post(f"{base}/withdraw").status_code == 303
    assert "data-approval>" not in words(client.get(f"/customer/show/{customer.id}"))
    assert 'data-status="withdrawn"' in words(client.get(base))


def test_who_has_nothing_to_do_with_a_case_is_told_of_none(people: People, client: Browser) -> None:
    publish(step("one", people.head))
    case = submit(people.manager, make_customer("甲", people.manager))
    base, seat = f"/approvals/cases/{case.id}", seat_of(case.id, people.head)
    login(client, people.stranger)
    assert client.get(base).status_code == client.get("/approvals/cases/99999999").status_code == 404
    for name in ("approve", "refuse", "comment", "copy", "cancel", "withdraw"):
        given = {"seat": seat, "comment": "x", "people": people.stranger.employee_id}
        assert client.post(f"{base}/{name}", data=given).status_code == 404
    task = session.scalars(select(Task)).one()
    answer = client.post("/approvals/many", data={"act": "approve", "ids": task.id})
    assert answer.status_code == 422
    login(client, people.manager)
    assert client.post(f"{base}/approve", data={"seat": seat}).status_code == 422
    assert client.post(f"{base}/approve", data={"seat": seat}, csrf=False).status_code == 400
    assert session.scalars(select(Task.said)).one() == "open"
    assert client.get(f"{base}/nothing").status_code == 404


def test_many_are_decided_at_once_but_for_large_amounts(people: People, client: Browser) -> None:
    publish(step("one", people.head))
    publish(step("one", people.head), code="large", batch_field="registered_capital", batch_below="100")
    small = [submit(people.manager, make_customer(f"小{n}", people.manager)) for n in range(2)]
    large = submit(people.manager, make_customer("大", people.manager), code="large")
    tasks = session.scalars(select(Task.id)).all()
    login(client, people.head)
    ids = ",".join(map(str, tasks))
    assert words(client.get(f"/approvals/many?act=approve&ids={ids}")).count("<li>") == 3
    answer = words(client.post("/approvals/many", data={"act": "approve", "ids": ids}))
    assert answer.count("circle-check") == 2 and answer.count("circle-x") == 1
    assert {case.status for case in small} == {"approved"}
    assert large.status == "running"
    assert client.post("/approvals/many", data={"act": "cancel", "ids": ids}).status_code == 404


def test_a_colleague_stands_in_for_some_days(people: People, client: Browser) -> None:
    publish(step("one", people.head))
    case = submit(people.manager, make_customer("甲", people.manager))
    login(client, people.head)
    given = {"from_on": "2020-01-01", "until_on": "nothing", "substitute_id": people.colleague.employee_id}
    assert client.post("/approvals/delegations/add", data=given).status_code == 422
    day = local_today().isoformat()
    given |= {"from_on": day, "until_on": day}
    assert client.post("/approvals/delegations/add", data=given).status_code == 303
    made = session.scalars(select(Delegation.id)).one()
    assert people.colleague.name in words(client.get("/approvals/delegations/"))
    login(client, people.stranger)
    assert people.colleague.name not in words(client.get("/approvals/delegations/?all=1"))
    client.post(f"/approvals/delegations/{made}/end")
    login(client, people.colleague)
    assert words(client.get("/approvals/count")) == "1", "a stranger ends nothing"
    assert f"代 {people.head.name}" in words(client.get("/approvals/"))
    approved = {"seat": seat_of(case.id, people.head)}
    assert client.post(f"/approvals/cases/{case.id}/approve", data=approved).status_code == 303
    assert f"代 {people.head.name}" in words(client.get(f"/approvals/cases/{case.id}"))
    login(client, people.head)
    assert client.post(f"/approvals/delegations/{made}/end").status_code == 303
    assert session.scalars(select(Delegation.until_on)).one() < local_today()
