"""SEC-4: an administrator sees the screens as somebody else does, changes nothing, and both names are in the log."""

from __future__ import annotations

import pytest
from flask import current_app
from sqlalchemy import func, select, text

from app.access.models import AuditEntry, Preference
from app.customers.models import Customer
from app.db import session, transaction
from app.testing.factories import make_customer
from app.testing.people import Browser, People, Person, login


@pytest.fixture
def customers(people: People) -> list[Customer]:
    return [make_customer("王小明", people.manager), make_customer("外面人", people.stranger)]


def start(client: Browser, person: Person) -> None:
    answer = client.post(f"/view-as/login/{person.user_id}")
    assert answer.status_code == 302 and answer.headers["Location"] == "/"


def test_one_sees_what_they_see_and_the_log_has_both_names(
    client: Browser, people: People, customers: list[Customer]
) -> None:
    login(client, people.admin)
    start(client, people.manager)
    page = client.get("/customer/list/").text
    assert "王小明" in page and "外面人" not in page
    assert people.admin.name in page and people.manager.name in page
    assert client.get(f"/customer/show/{customers[1].id}").status_code == 404
    assert client.get("/roles/").status_code == 403
    assert client.post("/view-as/end").status_code == 302
    assert "外面人" in client.get("/customer/list/").text
    acts = session.scalars(select(AuditEntry).where(AuditEntry.action.startswith("view_as")).order_by(AuditEntry.id))
    assert [(one.action, one.user_id, one.record_id, one.label) for one in acts] == [
        ("view_as", people.admin.user_id, str(people.manager.user_id), people.manager.name),
        ("view_as_end", people.admin.user_id, str(people.manager.user_id), people.manager.name),
    ]


def test_nothing_can_be_changed_meanwhile(client: Browser, people: People, customers: list[Customer]) -> None:
    login(client, people.admin)
    start(client, people.manager)
    before = session.scalar(select(func.max(AuditEntry.id)))
    pk = customers[0].id
    for address in (f"/customer/edit/{pk}", "/customer/add", f"/customer/delete/{pk}", "/home/arrange", "/profile/"):
        assert client.post(address, data={"name": "改了"}).status_code == 403, address
    assert client.patch(f"/api/v1/customer/{pk}", json={"name": "改了"}).status_code == 403
    assert client.post(f"/view-as/login/{people.stranger.user_id}").status_code == 403
    client.get("/language/en")
    assert session.scalar(select(func.max(AuditEntry.id))) == before
    assert session.scalar(select(Customer.__table__.c.name).where(Customer.__table__.c.id == pk)) == "王小明"
    assert session.scalar(select(func.count()).where(Preference.user_id == people.manager.user_id)) == 0


def test_as_a_role_one_stands_at_the_own_place(client: Browser, people: People, customers: list[Customer]) -> None:
    login(client, people.admin)
    assert client.post(f"/view-as/role/{people.head.role_id}").status_code == 302
    page = client.get("/customer/list/").text
    assert "王小明" not in page and "外面人" not in page  # those of the head office's own unit: none
    assert client.get("/accounts/").status_code == 403


def test_nobody_looks_as_who_holds_more(client: Browser, people: People) -> None:
    viewer = people.add("ba", "柏业务", people.head_office, "business_admin")
    login(client, viewer)
    for address in (f"/view-as/login/{people.admin.user_id}", "/view-as/role/1", f"/view-as/login/{viewer.user_id}"):
        assert client.post(address).status_code == 302
        assert client.get("/").status_code == 200
        assert client.get("/roles/").status_code == 403
    assert session.scalar(select(func.count()).where(AuditEntry.action == "view_as")) == 0
    login(client, people.head)
    assert client.post(f"/view-as/login/{people.manager.user_id}").status_code == 403


def test_the_same_role_elsewhere_shows_other_rows_and_is_not_looked_as(
    client: Browser, people: People, customers: list[Customer]
) -> None:
    south = people.add("hu", "胡主管", people.south, "department_head")
    sm = current_app.appbuilder.sm  # type: ignore[attr-defined]
    pair = sm.find_permission_view_menu("can_start", "ViewAsView")
    sm.add_permission_role(session.get(sm.role_model, people.head.role_id), pair)
    login(client, people.head)
    client.post(f"/view-as/login/{south.user_id}")
    assert "外面人" not in client.get("/customer/list/").text
    assert session.scalar(select(func.count()).where(AuditEntry.action == "view_as")) == 0


def test_it_ends_with_either_login(client: Browser, people: People) -> None:
    login(client, people.admin)
    start(client, people.manager)
    assert client.get("/roles/").status_code == 403
    assert client.post("/logout/").status_code in (302, 303)
    login(client, people.admin)
    assert client.get("/roles/").status_code == 200
    start(client, people.manager)
    with transaction() as current:
        off = text("UPDATE ab_user SET active = :off WHERE id = :id")
        current.execute(off, {"off": False, "id": people.manager.user_id})
    assert client.get("/roles/").status_code == 200
