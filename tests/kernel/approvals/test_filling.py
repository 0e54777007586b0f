"""What a step lets those asked fill in: the form on the case's page, direct posts, what is missing, who may not; and
files that come with a comment."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.access.actors import acting_as
from app.access.models import FieldPermission
from app.approvals.models import CaseEvent
from app.approvals.services import decide, verify_case
from app.approvals.services.ending import fill_in
from app.customers.models import Customer
from app.db import session, transaction
from app.testing.factories import make_customer
from app.testing.people import Browser, People, Person, login
from app.transfer.models import Attachment
from app.transfer.services import storage
from app.types import SYSTEM, Refused
from tests.kernel.approvals.flows import publish, seat_of, step, submit

OPENED = {"occupation": "write", "annual_income": "required", "mobile": "write", "employer": "write", "level": "read"}


def keep_back(person: Person, **levels: str) -> None:
    with acting_as(SYSTEM), transaction() as current:
        for name, level in levels.items():
            current.add(FieldPermission(role_id=person.role_id, entity="customer", field=name, level=level))


def words(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def values(record_id: int) -> tuple[Any, ...]:
    table: Any = Customer.__table__
    row = session.execute(
        select(table.c.occupation, table.c.annual_income, table.c.mobile).where(table.c.id == record_id)
    ).one()
    return tuple(row)


def test_a_step_is_approved_once_what_it_requires_is_there(people: People, client: Browser) -> None:
    publish(step("one", people.stranger, fields=OPENED))  # who sees nothing of this unit's customers otherwise
    keep_back(people.stranger, mobile="masked", employer="hidden", occupation="read")
    customer = make_customer("甲", people.manager, mobile="13800138000", employer="某某公司")
    number = customer.id
    case = submit(people.manager, customer)
    base, seat = f"/approvals/cases/{case.id}", seat_of(case.id, people.stranger)
    login(client, people.stranger)
    page = words(client.get(base))
    assert f"{base}/fields?seat={seat}" in page and "待填写" in page
    answer = client.post(f"{base}/approve", data={"seat": seat, "comment": "看过了"})
    assert answer.status_code == 422 and "请先填写：年收入" in words(answer) and "看过了" in words(answer)

    form = words(client.get(f"{base}/fields?seat={seat}", htmx=True))
    shown = {name for name in (*OPENED, "remark") if f'name="{name}"' in form}
    assert shown == {"occupation", "annual_income"}, "what roles hide or mask stays so, whatever the step opens"
    assert "13800138000" not in page + form and "某某公司" not in page + form
    for wrong in ({"mobile": "13900139000"}, {"level": "key"}, {"remark": "x"}, {"annual_income": "many"}):
        answer = client.post(f"{base}/fields", data={"seat": seat, "occupation": "教师", **wrong})
        assert answer.status_code == 422 and "教师" in words(answer), wrong
    assert values(number) == (None, None, "13800138000")

    table: Any = Customer.__table__
    session.execute(update(table).values(version=table.c.version + 1, occupation="医生"))
    typed = {"seat": seat, "occupation": "教师", "annual_income": "1,200.50", "_version": "1"}
    answer = client.post(f"{base}/fields", data=typed)
    assert answer.status_code == 422 and "医生" in words(answer) and "1,200.50" in words(answer)
    assert client.post(f"{base}/fields", data={**typed, "_version": "2"}).status_code == 303
    assert values(number)[:2] == ("教师", pytest.approx(1200.5))
    history = session.scalars(select(CaseEvent).where(CaseEvent.kind == "filled")).one()
    assert history.employee_id == people.stranger.employee_id
    assert history.data == {"fields": ["annual_income", "occupation"]}
    assert "在“one”填写了年收入、职业" in words(client.get(base))
    assert client.post(f"{base}/approve", data={"seat": seat}).status_code == 303
    answer = client.post(f"{base}/fields", data={"seat": seat, "occupation": "律师"})
    assert answer.status_code == 422 and values(number)[0] == "教师", "the seat is decided"
    with acting_as(SYSTEM):
        assert verify_case(case.id) == []


def test_only_the_open_seat_fills_in(people: People, client: Browser) -> None:
    opened = {"occupation": "write", "owner_id": "write", "parent_id": "write"}
    publish(step("one", people.head, fields=opened), step("two", people.colleague))
    customer = make_customer("甲", people.manager)
    case = submit(people.manager, customer)
    base, seat = f"/approvals/cases/{case.id}", seat_of(case.id, people.head)
    for person, status in ((people.manager, 422), (people.colleague, 404), (people.stranger, 404)):
        login(client, person)
        assert client.get(f"{base}/fields?seat={seat}").status_code == 404
        answer = client.post(f"{base}/fields", data={"seat": seat, "occupation": "教师"})
        assert answer.status_code == status, person.name
        assert client.get(f"{base}/pick/owner_id?seat={seat}").status_code == 404
        with acting_as(person.actor), pytest.raises(Refused):
            fill_in(case.id, seat, {"occupation": "教师"})
    login(client, people.head)
    assert client.post(f"{base}/fields", data={"seat": seat, "occupation": "教师"}, csrf=False).status_code == 400
    assert client.get(f"{base}/pick/occupation?seat={seat}").status_code == 404
    assert client.get(f"{base}/pick/owner_id?seat={seat}").status_code == 404, "set by the system"
    assert values(customer.id)[0] is None


def test_links_of_a_step_name_what_its_people_may_see(people: People, client: Browser) -> None:
    publish(step("one", people.head, fields={"parent_id": "write"}))
    near, far = make_customer("母公司", people.colleague), make_customer("远方公司", people.stranger)
    numbers = {"near": near.id, "far": far.id}
    case = submit(people.manager, make_customer("子公司", people.manager, kind="corporate"))
    base = f"/approvals/cases/{case.id}"
    login(client, people.head)
    found = client.get(f"{base}/pick/parent_id?seat=1&q=公司").json
    assert {item["value"] for item in found["items"]} >= {str(numbers["near"])}
    assert str(numbers["far"]) not in {item["value"] for item in found["items"]}
    assert client.post(f"{base}/fields", data={"seat": 1, "parent_id": numbers["far"]}).status_code == 422
    assert client.post(f"{base}/fields", data={"seat": 1, "parent_id": numbers["near"]}).status_code == 303
    assert "母公司" in words(client.get(base)) and "上级公司" in words(client.get(base))


def test_a_record_gone_empty_holds_up_every_door(people: People) -> None:
    """Deciding many at once and by the service asks the same; a refusal needs nothing."""
    publish(step("one", people.head, fields={"remark": "required"}))
    case = submit(people.manager, make_customer("甲", people.manager))
    with acting_as(people.head.actor):
        with pytest.raises(Refused, match="备注"):
            decide(case.id, 1, "approve")
        decide(case.id, 1, "refuse", "不行")


def test_a_comment_brings_files_for_whoever_sees_the_case(people: People, client: Browser) -> None:
    publish(step("one", people.head))
    case = submit(people.manager, make_customer("甲", people.manager))
    base = f"/approvals/cases/{case.id}"

    def send(name: str, content: bytes, act: str = "comment") -> Any:
        given = {"comment": "见附件", "seat": 1, "files": (BytesIO(content), name)}
        return client.post(f"{base}/{act}", data=given)

    login(client, people.head)
    assert 'enctype="multipart/form-data"' in words(client.get(f"{base}/comment"))
    for name, content in (("合同.exe", b"MZ"), ("合同.pdf", b"<html><script>"), ("空.txt", b"")):
        answer = send(name, content)
        assert answer.status_code == 422 and name in words(answer) and "见附件" in words(answer)
    assert session.scalar(select(func.count(Attachment.id))) == 0
    assert {event.kind for event in session.scalars(select(CaseEvent))} & {"commented"} == set()
    assert send("调查<b>.pdf", b"%PDF-1.7 x").status_code == 303
    made = session.scalars(select(Attachment)).one()
    page, address = words(client.get(base)), f"{base}/files/{made.id}"
    assert address in page and "调查&lt;b&gt;.pdf" in page
    answer = client.get(address, buffered=True)
    assert answer.data == b"%PDF-1.7 x" and answer.headers["Content-Disposition"].startswith("attachment")
    other = submit(people.manager, make_customer("乙", people.manager))
    assert client.get(f"/approvals/cases/{other.id}/files/{made.id}").status_code == 404
    assert client.get(f"/attachment/{made.id}/file").status_code == 404
    login(client, people.stranger)
    assert client.get(address).status_code == send("a.txt", b"x").status_code == 404
    assert session.scalar(select(func.count(Attachment.id))) == 1
    assert len(list(storage.folder("attachments").iterdir())) == 1, "what was refused lies nowhere"
