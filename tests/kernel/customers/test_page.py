"""CUS-4: the page of a customer, its tabs and timeline, who sees what of it, and the acts on it."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import func, select

from app.access.actors import acting_as
from app.access.scope import UNSCOPED
from app.activities.models import Activity
from app.customers.models import Contact, Customer, CustomerShare
from app.customers.services import assign_customers, share_customer
from app.customers.visibility import who_may_see
from app.db import now, session
from app.fields.records import create_record, update_record
from app.host.context import entity
from app.testing.factories import make_activity, make_contact, make_customer
from app.testing.people import Browser, People, login
from app.testing.statements import heard
from app.types import Refused


@pytest.fixture
def customer(people: People) -> Customer:
    one = make_customer("桥江瑞禾商贸有限公司", owner=people.manager, kind="corporate")
    make_contact(one, "王联系", role="main")
    make_customer("下属某公司", owner=people.colleague, kind="corporate", parent_id=one.id)
    for days in (1, 8, 40):
        make_activity(one, people.manager, days_ago=days, subject=f"第{days}天", kind="meeting")
    with acting_as(people.manager.actor):
        update_record(entity("customer"), one, {"level": "key"})
    with acting_as(people.head.actor):
        assign_customers([one.id], people.colleague.employee_id, cause="handover", reason="换岗交接")
    return one


def count(model: type) -> int:
    statement = select(func.count()).select_from(model)
    return session.scalar(statement.execution_options(**{UNSCOPED: True}))


def test_the_page_tells_the_whole_story(people: People, customer: Customer, client: Browser) -> None:
    login(client, people.colleague)
    base = f"/customer/show/{customer.id}"
    page = client.get(base).get_data(True)
    assert "桥江瑞禾商贸有限公司" in page and "李同事" in page
    assert "1 天" in page or "1 day" in page
    contacts = client.get(f"{base}/tab/contacts", htmx=True).get_data(True)
    assert "王联系" in contacts and "下属某公司" in contacts
    assert "第8天" in client.get(f"{base}/tab/activities", htmx=True).get_data(True)
    ownership = client.get(f"{base}/tab/ownership", htmx=True).get_data(True)
    assert "换岗交接" in ownership and "张经理" in ownership
    timeline = client.get(f"{base}/timeline").get_data(True)
    assert "张经理 → 李同事" in timeline and "第40天" in timeline and "换岗交接" in timeline
    assert timeline.index("张经理 → 李同事") < timeline.index("第1天") < timeline.index("第8天")


def test_a_stranger_sees_nothing_of_it(people: People, customer: Customer, client: Browser) -> None:
    login(client, people.stranger)
    base = f"/customer/show/{customer.id}"
    for tab in ("contacts", "activities", "sharing", "ownership", "history"):
        assert client.get(f"{base}/tab/{tab}", htmx=True).status_code == 404, tab
    for path in ("", "/timeline"):
        answer = client.get(f"{base}{path}", htmx=True)
        assert answer.status_code == 404, path
        assert "瑞禾" not in answer.get_data(True)
    activity = session.scalar(select(Activity.id).limit(1).execution_options(**{UNSCOPED: True}))
    assert client.get(f"/activity/show/{activity}").status_code == 404
    assert "第8天" not in client.get("/activity/list/").get_data(True)
    assert "瑞禾商贸" not in client.get("/customer/list/?q=瑞禾").get_data(True)
    before = (count(Activity), count(CustomerShare))
    data = {"ids": customer.id, "kind": "call", "at": "2026-01-01 10:00", "_token": "t" * 24}
    assert client.post("/activity/record", data=data, htmx=True).status_code == 422
    values = {"ids": customer.id, "employee_id": people.stranger.employee_id}
    assert client.post("/customer/share", data=values, htmx=True).status_code == 422
    assert client.post("/customer/assign", data={"ids": customer.id}).status_code == 403
    assert (count(Activity), count(CustomerShare)) == before


def test_the_timeline_goes_on_by_time_without_gaps(people: People, client: Browser) -> None:
    one = make_customer("长历史", owner=people.manager)
    for number in range(40):
        make_activity(one, people.manager, days_ago=number + 1, subject=f"事件{number:02d}")
    login(client, people.manager)
    address, seen = f"/customer/show/{one.id}/timeline", []
    for _round in range(6):
        page = client.get(address).get_data(True)
        seen += re.findall(r"事件\d\d", page)
        onward = re.search(r'hx-get="([^"]+before=[^"]+)"', page)
        if onward is None:
            break
        address = unescape(onward[1])
    assert seen == [f"事件{number:02d}" for number in range(40)]


def test_a_page_costs_few_statements(people: People, customer: Customer, client: Browser) -> None:
    login(client, people.colleague)
    client.get(f"/customer/show/{customer.id}")
    with heard() as made:
        client.get(f"/customer/show/{customer.id}")
    asked = [statement for statement in made if statement.lstrip().upper().startswith(("SELECT", "WITH"))]
    assert len(asked) <= 10, asked


def test_who_may_see_it_and_why(people: People, customer: Customer) -> None:
    with acting_as(people.colleague.actor):
        share_customer({"customer_id": customer.id, "employee_id": people.stranger.employee_id})
        viewers, more = who_may_see(customer)
    names = {viewer.name: viewer for viewer in viewers}
    assert list(names) == ["李同事", "王外人", "吴主管", "周城", "管理员"]
    assert not more
    assert names["王外人"].may_change is False
    assert names["李同事"].may_change is True
    assert "张经理" not in names


def test_a_quick_follow_up_with_one_and_with_many(people: People, client: Browser) -> None:
    ids = [make_customer(owner=people.manager).id for _ in range(3)]
    login(client, people.manager)
    dialog = client.get(f"/activity/record?ids={ids[0]}", htmx=True).get_data(True)
    token = dialog.split('name="_token" value="')[1].split('"')[0]
    data = {
        "ids": ",".join(map(str, ids)),
        "_token": token,
        "kind": "salon",
        "subject": "沙龙",
        "at": "2026-01-05 10:00",
    }
    assert client.post("/activity/record", data=data, htmx=True).status_code == 204
    assert client.post("/activity/record", data=data, htmx=True).status_code == 204
    with acting_as(people.manager.actor):
        rows = session.scalars(select(Activity)).all()
        assert sorted(row.customer_id for row in rows) == ids
        assert {row.employee_id for row in rows} == {people.manager.employee_id}
        assert {row.subject for row in rows} == {"沙龙"}
    future = {**data, "_token": "x" * 24, "at": f"{now() + timedelta(days=3):%Y-%m-%d %H:%M}"}
    refused = client.post("/activity/record", data=future, htmx=True)
    assert refused.status_code == 422 and "沙龙" in refused.get_data(True)
    for wrong in ({"ids": ""}, {"ids": "1;drop"}, {"kind": "nonsense"}, {"_token": "short"}):
        assert client.post("/activity/record", data={**future, **wrong}, htmx=True).status_code == 422
    with acting_as(people.manager.actor):
        assert session.scalar(select(func.count(Activity.id))) == 3


def test_assigning_from_the_list(people: People, client: Browser) -> None:
    ids = [make_customer(owner=people.manager).id for _ in range(3)]
    login(client, people.head)
    dialog = client.get(f"/customer/assign?ids={','.join(map(str, ids))}&number=3", htmx=True)
    assert dialog.status_code == 200 and "/customer/pick/owner_id" in dialog.get_data(True)
    data = {"ids": ids, "owner_id": people.colleague.employee_id, "reason": "分片调整"}
    assert client.post("/customer/assign", data=data, htmx=True).status_code == 204
    with acting_as(people.head.actor):
        owners = session.scalars(select(Customer.owner_id).where(Customer.id.in_(ids))).all()
    assert set(owners) == {people.colleague.employee_id}
    for wrong in ({"owner_id": ""}, {"owner_id": "999999"}, {"ids": ""}):
        assert client.post("/customer/assign", data={**data, **wrong}, htmx=True).status_code == 422
    stale = {"ids": ids[0], "owner_id": people.manager.employee_id, "from": people.manager.employee_id}
    assert client.post("/customer/assign", data=stale, htmx=True).status_code == 422
    login(client, people.manager)
    assert client.post("/customer/assign", data=data, htmx=True).status_code == 403


def test_sharing_from_the_page(people: People, customer: Customer, client: Browser) -> None:
    login(client, people.colleague)
    data = {"ids": customer.id, "employee_id": people.stranger.employee_id, "can_write": "yes"}
    assert client.post("/customer/share", data=data, htmx=True).status_code == 204
    login(client, people.stranger)
    assert client.get(f"/customer/show/{customer.id}").status_code == 200
    assert client.get(f"/customer/show/{customer.id}/tab/activities", htmx=True).status_code == 200


def test_a_new_customer_fills_in_owner_unit_and_type(people: People, client: Browser) -> None:
    login(client, people.manager)
    form = client.get("/customer/add").get_data(True)
    assert "张经理" in form and "支行北" in form
    assert f'value="{people.manager.employee_id}" selected' in form


def test_a_share_for_reading_adds_nothing(people: People, customer: Customer, client: Browser) -> None:
    with acting_as(people.colleague.actor):
        share_customer({"customer_id": customer.id, "employee_id": people.stranger.employee_id})
    with acting_as(people.stranger.actor):
        for slug, values in (
            ("contact", {"name": "夹带"}),
            ("activity", {"kind": "call"}),
            ("customer_share", {"employee_id": people.manager.employee_id}),
        ):
            with pytest.raises(Refused) as refused:
                create_record(entity(slug), {"customer_id": customer.id, **values})
            assert "customer_id" in refused.value.errors
    assert (count(Contact), count(CustomerShare), count(Activity)) == (1, 1, 3)


def test_a_customer_with_a_history_is_not_deleted(people: People, customer: Customer, client: Browser) -> None:
    spare = make_customer("误建", owner=people.manager)
    number = spare.id
    login(client, people.admin)
    assert client.post(f"/customer/delete/{customer.id}").status_code == 422
    assert client.post(f"/customer/delete/{number}").status_code == 303
    assert count(Customer) == 2
