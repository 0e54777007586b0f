"""API-1: every entity over REST, under the same permissions, scope and rules as the screens."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.customers.models import Contact, Customer
from app.db import session
from app.testing.factories import id_number, make_contact, make_customer, make_record
from app.testing.people import Browser, People, login
from app.types import SYSTEM
from tests.kernel.base.resources import CONTACTS, CUSTOMERS, as_manager, unchanged


def test_a_record_is_created_read_changed_and_deleted(client: Browser, people: People, mine: Customer) -> None:
    as_manager(client, people)
    made = client.post(
        CONTACTS,
        json={
            "name": "联系人甲",
            "customer_id": mine.id,
            "share_percent": "12.5",
            "birth_date": "1985-06-15",
        },
    )
    assert made.status_code == 201, made.text
    address = made.headers["Location"]
    assert address == f"{CONTACTS}{made.json['id']}"
    shown = client.get(address).json["result"]
    assert shown["share_percent"] == "12.50"
    assert (shown["birth_date"], shown["role"], shown["customer_id"]) == ("1985-06-15", "main", mine.id)
    assert shown["created_at"].endswith("+00:00")
    changed = client.patch(address, json={"name": "联系人乙", "share_percent": 30})
    assert changed.status_code == 200
    assert changed.json["result"]["name"] == "联系人乙"
    assert client.put(address, json={"title": "经理"}).json["result"]["share_percent"] == "30.00"
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    with acting_as(SYSTEM):
        acts = session.scalars(
            select(AuditEntry.action).where(AuditEntry.entity == "contact").order_by(AuditEntry.id)
        ).all()
    assert acts == ["create", "read_rest", "update", "update", "delete"]


def test_a_foreign_record_is_not_there(client: Browser, people: People, theirs: Customer) -> None:
    as_manager(client, people)
    contact = make_contact(theirs)
    with unchanged():
        for address in (f"{CUSTOMERS}{theirs.id}", f"{CONTACTS}{contact.id}"):
            assert client.get(address).status_code == 404
            assert client.patch(address, json={"name": "改"}).status_code == 404
        assert client.delete(f"{CONTACTS}{contact.id}").status_code == 404
        for number in (0, 2**63, 10**30):
            assert client.get(f"{CUSTOMERS}{number}").status_code == 404
        assert client.get(f"{CUSTOMERS}-1").status_code == 404
        assert client.get(f"{CUSTOMERS}1%20or%201").status_code == 404


def test_a_shared_record_may_be_read_not_written(client: Browser, people: People, theirs: Customer) -> None:
    make_record("customer_share", customer_id=theirs.id, employee_id=people.manager.employee_id)
    as_manager(client, people)
    assert client.get(f"{CUSTOMERS}{theirs.id}").status_code == 200
    with unchanged():
        assert client.patch(f"{CUSTOMERS}{theirs.id}", json={"name": "改"}).status_code == 403


def test_without_the_permission_nothing_happens(client: Browser, people: People, mine: Customer) -> None:
    as_manager(client, people)
    with unchanged():
        assert client.delete(f"{CUSTOMERS}{mine.id}").status_code == 403
        assert client.post("/api/v1/unit/", json={"code": "X", "name": "新机构"}).status_code == 403
        assert client.patch(f"/api/v1/unit/{people.north.id}", json={"name": "改"}).status_code == 403
        assert client.post("/api/v1/customer_ownership/", json={}).status_code == 405
    login(client, None)
    with unchanged():
        for method, address in (
            ("get", CUSTOMERS),
            ("get", f"{CUSTOMERS}{mine.id}"),
            ("get", f"{CUSTOMERS}_info"),
        ):
            answer = getattr(client, method)(address)
            assert answer.status_code == 401
            assert set(answer.json) == {"message", "trace_id"}
        assert client.post(CUSTOMERS, json={"name": "新"}).status_code == 401
        assert client.patch(f"{CUSTOMERS}{mine.id}", json={"name": "改"}).status_code == 401
        assert client.delete(f"{CUSTOMERS}{mine.id}").status_code == 401


BAD_VALUES = {
    "name": [None, "", 5, True, [], {}, "x" * 201, "half \ud800", "nul \0"],
    "kind": ["platinum", 5, None],
    "mobile": ["123", "phone", 13800138000],
    "email": ["nobody", "a@b"],
    "birth_date": ["31.12.1990", "1990-13-01", 19900101, "0000-01-01"],
    "id_number": ["110101198506150011", "123"],
    "annual_income": ["many", True, "NaN", "Infinity", "1e400", 10**20, [1], "1" * 60],
    "owner_id": ["4", 1.5, True, 999_999, 2**63, -1],
    "level": ["gold"],
}


def test_a_wrong_value_is_422_and_named_by_field(client: Browser, people: People) -> None:
    as_manager(client, people)
    with unchanged():
        for name, values in BAD_VALUES.items():
            for value in values:
                body = {"name": "新客户", name: value}
                response = client.post(CUSTOMERS, json=body)
                assert response.status_code == 422, (name, value, response.text)
                assert set(response.json["errors"]) == {name}, (name, value, response.json)
        several = client.post(CUSTOMERS, json={"mobile": "1", "level": "gold"})
        assert set(several.json["errors"]) == {"name", "mobile", "level"}


def test_what_a_person_may_not_set_is_refused_not_ignored(client: Browser, people: People, mine: Customer) -> None:
    """Mass assignment: columns without a field, fields of the system, fields only set at creation."""
    as_manager(client, people)
    stamped = ("id", "version", "created_by", "created_at", "search_tokens", "mobile_tail", "owned_since_at")
    with unchanged():
        for name in (*stamped, "owner", "password", "__class__", "entity"):
            response = client.post(CUSTOMERS, json={"name": "新客户", name: 1})
            assert (response.status_code, set(response.json["errors"])) == (422, {name}), name
        for name in (*stamped, "owner_id", "unit_id", "kind", "code"):
            response = client.patch(f"{CUSTOMERS}{mine.id}", json={name: 1})
            assert (response.status_code, set(response.json["errors"])) == (422, {name}), name


def test_a_link_outside_the_scope_is_refused(client: Browser, people: People, mine: Customer, theirs: Customer) -> None:
    as_manager(client, people)
    with unchanged():
        response = client.post(CONTACTS, json={"name": "新", "customer_id": theirs.id})
        assert (response.status_code, set(response.json["errors"])) == (422, {"customer_id"})
        missing = client.post(CONTACTS, json={"name": "新", "customer_id": 10**9})
        said = response.json["errors"]["customer_id"].replace(str(theirs.id), "N")
        assert said == missing.json["errors"]["customer_id"].replace(str(10**9), "N")
        parent = client.patch(f"{CUSTOMERS}{mine.id}", json={"parent_id": theirs.id})
        assert (parent.status_code, set(parent.json["errors"])) == (422, {"parent_id"})


def test_a_duplicate_is_refused_even_of_a_record_one_cannot_see(
    client: Browser, people: People, theirs: Customer
) -> None:
    number = id_number(7)
    make_customer("有证件", people.stranger, id_number=number)
    as_manager(client, people)
    with unchanged():
        response = client.post(CUSTOMERS, json={"name": "新", "id_number": number})
        assert (response.status_code, set(response.json["errors"])) == (422, {"id_number"})


def test_a_body_that_is_no_json_object_is_refused(client: Browser, people: People, mine: Customer) -> None:
    as_manager(client, people)
    address = f"{CUSTOMERS}{mine.id}"
    with unchanged():
        for send, where in ((client.post, CUSTOMERS), (client.patch, address)):
            assert send(where, data="{", content_type="application/json").status_code == 400
            assert send(where, data="[" * 100_000, content_type="application/json").status_code == 400
            assert send(where, data="1" * 10_000, content_type="application/json").status_code == 400
            assert send(where, data=b"\xff\xfe", content_type="application/json").status_code == 400
            assert send(where, json=["name"]).status_code == 400
            assert send(where, json="name").status_code == 400
            for kind in ("application/x-www-form-urlencoded", "text/xml"):
                assert send(where, data="name=x", content_type=kind).status_code == 415


def test_two_writers_do_not_overwrite_each_other(client: Browser, people: People, mine: Customer) -> None:
    as_manager(client, people)
    address = f"{CUSTOMERS}{mine.id}"
    seen = client.get(address).headers["ETag"]
    assert client.get(address, headers={"If-None-Match": seen}).status_code == 304
    assert client.patch(address, json={"remark": "第一"}, headers={"If-Match": seen}).status_code == 200
    with unchanged():
        late = client.patch(address, json={"remark": "第二"}, headers={"If-Match": seen})
        assert late.status_code == 412
        odd = client.patch(address, json={"remark": "第二"}, headers={"If-Match": "garbage"})
        assert odd.status_code == 412
    fresh = client.get(address)
    assert fresh.json["result"]["remark"] == "第一"
    again = client.patch(address, json={"remark": "第二"}, headers={"If-Match": fresh.headers["ETag"]})
    assert again.status_code == 200


def test_etags_of_records_without_a_version_follow_their_content(
    client: Browser, people: People, mine: Customer
) -> None:
    as_manager(client, people)
    contact = make_contact(mine, "甲")
    address = f"{CONTACTS}{contact.id}"
    seen = client.get(address).headers["ETag"]
    client.patch(address, json={"name": "乙"})
    with unchanged():
        assert client.delete(address, headers={"If-Match": seen}).status_code == 412
    fresh = client.get(address).headers["ETag"]
    assert client.delete(address, headers={"If-Match": fresh}).status_code == 204


def test_a_change_at_the_same_moment_is_409(
    app: Flask, client: Browser, people: People, mine: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else writes between our reading and our writing."""
    from app.base.rest import entity as resource

    as_manager(client, people)
    table = Customer.__table__
    original = resource.read_body

    def read_slowly(*args: Any, **kwargs: Any) -> Any:
        session.connection().execute(table.update().where(table.c.id == mine.id).values(version=9))
        return original(*args, **kwargs)

    monkeypatch.setattr(resource, "read_body", read_slowly)
    response = client.patch(f"{CUSTOMERS}{mine.id}", json={"remark": "迟了"})
    assert response.status_code == 409
    with acting_as(SYSTEM):
        assert session.scalar(select(Customer.remark).where(Customer.id == mine.id)) is None


def test_what_others_need_is_not_deleted(client: Browser, people: People) -> None:
    login(client, people.admin)
    with unchanged():
        response = client.delete(f"/api/v1/unit/{people.north.id}")
        assert response.status_code in (409, 422), response.text
        assert set(response.json) >= {"message", "trace_id"}


def test_a_write_by_cookie_needs_the_token_of_the_session(client: Browser, people: People, mine: Customer) -> None:
    as_manager(client, people)
    with unchanged():
        assert client.post(CUSTOMERS, json={"name": "新"}, csrf=False).status_code == 400
        assert client.patch(f"{CUSTOMERS}{mine.id}", json={"name": "改"}, csrf=False).status_code == 400
        # an empty Authorization header does not lend the cookie past the check
        for header in ("", "Basic x", "Bearer", "Bearer x"):
            sent = client.patch(
                f"{CUSTOMERS}{mine.id}", json={"name": "改"}, csrf=False, headers={"Authorization": header}
            )
            assert sent.status_code == 401, header


def count(model: Any) -> int:
    with acting_as(SYSTEM):
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_created_record_belongs_to_its_maker(client: Browser, people: People) -> None:
    as_manager(client, people)
    made = client.post(CUSTOMERS, json={"name": "新客户"}).json
    assert made["result"]["owner_id"] == people.manager.employee_id
    assert client.get(f"{CUSTOMERS}{made['id']}").status_code == 200
    assert count(Customer) == 1
    assert count(Contact) == 0
