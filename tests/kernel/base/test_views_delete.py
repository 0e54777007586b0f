"""Deleting: asked first, all or nothing, and never what others need or a role does not allow."""

from __future__ import annotations

from sqlalchemy import select

from app.access.models import AuditEntry
from app.customers.models import Contact, Customer
from app.db import session
from app.testing.factories import make_contact, make_customer, uscc
from app.testing.people import Browser, People, login
from tests.kernel.base.forms import count, fetch


def test_deleting_asks_first_and_needs_a_post(manager: Browser, people: People) -> None:
    mine = make_customer("我的", people.manager)
    contact, second = make_contact(mine, "要删的"), make_contact(mine, "也要删")
    asked = manager.get(f"/contact/delete/{contact.id}")
    assert asked.status_code == 200 and "确定删除" in asked.text and "要删的" in asked.text
    fragment = manager.get(f"/contact/delete/{contact.id}", htmx=True)
    assert "<!doctype" not in fragment.text and "modal-footer" in fragment.text
    assert count(Contact) == 2
    done = manager.post(f"/contact/delete/{contact.id}", data={"next": f"/customer/show/{mine.id}"})
    assert done.headers["Location"] == f"/customer/show/{mine.id}"
    assert count(Contact) == 1
    gone = manager.post(f"/contact/delete/{second.id}", htmx=True)
    assert (gone.status_code, gone.headers["HX-Redirect"]) == (204, "/contact/list/")
    assert count(Contact) == 0
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "delete")).all()
    assert [one.label for one in entry] == ["要删的", "也要删"]


def test_deleting_several_is_all_or_nothing(manager: Browser, people: People) -> None:
    mine, theirs = make_customer("我的", people.manager), make_customer("别人的", people.stranger)
    own = [make_contact(mine, f"自己{n}") for n in range(3)]
    foreign = make_contact(theirs, "外人")
    ids = [one.id for one in own]
    assert manager.post("/contact/delete/", data={"ids": [*ids, foreign.id]}).status_code == 422
    assert count(Contact) == 4
    for bad in ([], ["abc"], ["1 or 1"], ["9" * 30]):
        assert manager.post("/contact/delete/", data={"ids": bad}).status_code == 422
    asked = manager.get("/contact/delete/", query_string={"ids": ",".join(map(str, ids))})
    assert asked.status_code == 200 and "3" in asked.text
    assert manager.post("/contact/delete/", data={"ids": ids}).status_code == 303
    assert count(Contact) == 1


def test_what_others_need_stays(client: Browser, people: People) -> None:
    group = make_customer("集团", people.manager, kind="corporate", uscc=uscc(1))
    make_customer("子公司", people.manager, kind="corporate", uscc=uscc(2), parent_id=group.id)
    login(client, people.admin)
    for address, page in (
        (f"/unit/delete/{people.branch.id}", f"/unit/show/{people.branch.id}"),
        (f"/customer/delete/{group.id}", f"/customer/show/{group.id}"),
    ):
        answer = client.post(address)
        assert answer.status_code == 422, address
        assert 'role="alert"' in answer.text
        assert client.get(page).status_code == 200
    assert count(Customer) == 2


def test_acts_an_entity_does_not_have_have_no_address(client: Browser, people: People) -> None:
    login(client, people.admin)
    for address in ("/customer_ownership/add", "/customer_ownership/edit/1", "/customer_ownership/delete/1"):
        assert client.get(address).status_code == 404
        assert client.post(address).status_code == 404


def test_roles_without_the_permission_get_the_403_page(manager: Browser, people: People) -> None:
    mine = make_customer("我的", people.manager)
    for address in (
        f"/customer/delete/{mine.id}",
        "/customer/delete/",
        "/unit/add",
        f"/unit/edit/{people.north.id}",
    ):
        assert manager.get(address).status_code == 403, address
        assert manager.post(address, data={"ids": mine.id, "name": "x"}).status_code == 403, address
    assert fetch(Customer, mine.id).name == "我的"
