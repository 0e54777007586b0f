"""API-1: every entity over REST, under the same permissions, scope and rules as the screens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.customers.models import Contact, Customer
from app.db import db, metadatas, session
from app.host.context import context
from app.testing.factories import id_number, make_contact, make_customer, make_record
from app.testing.people import Browser, People, login
from app.types import SYSTEM

CUSTOMERS = "/api/v1/customer/"
CONTACTS = "/api/v1/contact/"


@contextmanager
def unchanged() -> Iterator[None]:
    """Not one row of any table is added, changed or removed."""
    before = contents()
    yield
    assert contents() == before


def contents() -> dict[str, Any]:
    session.commit()
    with db.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table))))
            for metadata in metadatas
            for table in metadata.sorted_tables
            if table.name not in ("host_state",)
        }


@pytest.fixture
def mine(people: People) -> Customer:
    return make_customer("我的客户", people.manager, mobile="13800138000", level="key")


@pytest.fixture
def theirs(people: People) -> Customer:
    return make_customer("别人的客户", people.stranger)


def as_manager(client: Browser, people: People) -> Browser:
    login(client, people.manager)
    return client


def test_a_record_is_created_read_changed_and_deleted(
    client: Browser, people: People, mine: Customer
) -> None:
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
    assert acts == ["create", "update", "update", "delete"]


def test_each_sees_over_rest_the_rows_of_the_screen(client: Browser, people: People) -> None:
    for name, owner in (("一", people.manager), ("二", people.colleague), ("三", people.stranger)):
        make_contact(make_customer(name, owner), name)
    for person, rows in (
        (people.manager, {"一"}),
        (people.head, {"一", "二"}),
        (people.city_manager, {"一", "二", "三"}),
    ):
        login(client, person)
        for address in (CUSTOMERS, CONTACTS):
            answer = client.get(address).json
            assert {row["name"] for row in answer["result"]} == rows
            assert answer["count"] == len(rows)
        page = client.get("/customer/list/").text
        assert {name for name in ("一", "二", "三") if f">{name}<" in page} == rows


def test_a_list_is_filtered_sorted_paged_and_narrowed_to_fields(client: Browser, people: People) -> None:
    for number in range(1, 8):
        level = "key" if number % 2 else "normal"
        make_customer(f"客户{number}", people.manager, level=level, annual_income=number * 100)
    as_manager(client, people)

    def names(query: str) -> list[str]:
        response = client.get(f"{CUSTOMERS}?{query}")
        assert response.status_code == 200, response.text
        return [row["name"][-1] for row in response.json["result"]]

    assert names("sort=name") == list("1234567")
    assert names("sort=-annual_income&f.annual_income.from=300&f.annual_income.to=500") == list("543")
    assert sorted(names("f.level=key")) == list("1357")
    assert sorted(names("f.level=key&f.level=normal")) == list("1234567")
    assert names("f.name=客户6") == ["6"]
    assert names("op.level=empty") == []
    first = client.get(f"{CUSTOMERS}?sort=id&page_size=3&fields=name").json
    assert [set(row) for row in first["result"]] == [{"id", "name"}] * 3
    assert (first["count"], first["page_size"], first["previous"]) == (7, 3, None)
    seen, address = [], f"{CUSTOMERS}?sort=name&page_size=3&fields=name"
    while address:
        page = client.get(address).json
        seen += [row["name"][-1] for row in page["result"]]
        address = page["next"]
    assert seen == list("1234567")


@pytest.mark.usefixtures("mine")
def test_an_address_that_is_not_understood_is_400_and_names_the_part(
    client: Browser, people: People, theirs: Customer
) -> None:
    as_manager(client, people)
    for query, part in (
        ("f.bogus=1", "f.bogus"),
        ("bogus=1", "bogus"),
        ("_flt_0_name=1", "_flt_0_name"),
        ("size=50", "size"),
        ("sort=password", "sort"),
        ("sort=search_tokens", "sort"),
        ("sort=owner.password", "sort"),
        ("fields=name,password", "fields"),
        ("fields=search_tokens", "fields"),
        ("page=0", "page"),
        ("page=abc", "page"),
        ("page_size=0", "page_size"),
        ("page_size=101", "page_size"),
        ("page_size=-1", "page_size"),
        ("after=abc", "after"),
        ("f.level=platinum", "f.level"),
        ("f.annual_income.from=many", "f.annual_income"),
        ("f.annual_income.from=9&f.annual_income.to=1", "f.annual_income"),
        ("f.last_followed_at.from=gestern", "f.last_followed_at"),
        ("f.owner_id=' OR 1=1 --", "f.owner_id"),
        ("op.name=regex&f.name=x", "f.name"),
        (f"f.parent_id={theirs.id}", "f"),
    ):
        response = client.get(f"{CUSTOMERS}?{query}")
        assert response.status_code == 400, (query, response.text)
        assert set(response.json) == {"message", "errors", "trace_id"}
        assert part in response.json["errors"], (query, response.json)
    assert client.get(f"{CUSTOMERS}{theirs.id}?fields=password").status_code == 400


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
    with unchanged():
        assert client.get(f"{CUSTOMERS}{theirs.id}").status_code == 200
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


def test_what_a_person_may_not_set_is_refused_not_ignored(
    client: Browser, people: People, mine: Customer
) -> None:
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


def test_a_link_outside_the_scope_is_refused(
    client: Browser, people: People, mine: Customer, theirs: Customer
) -> None:
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


def test_a_write_by_cookie_needs_the_token_of_the_session(
    client: Browser, people: People, mine: Customer
) -> None:
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


def test_errors_are_in_the_callers_language(client: Browser, people: People) -> None:
    as_manager(client, people)
    chinese = client.post(CUSTOMERS, json={"name": ""}).json
    assert chinese["errors"]["name"] == "此项必填"
    login(client, None)
    english = client.get(CUSTOMERS, headers={"Accept-Language": "en"}).json
    assert english["message"] == "Please log in"
    assert english["trace_id"]


def test_the_description_tells_fields_and_choices_but_no_linked_records(
    client: Browser, people: People, theirs: Customer
) -> None:
    as_manager(client, people)
    info = client.get(f"{CUSTOMERS}_info").json
    fields = {field["name"]: field for field in info["fields"]}
    assert [c["value"] for c in fields["level"]["choices"]] == ["key", "important", "normal"]
    assert (fields["owner_id"]["target"], fields["owner_id"]["choices"]) == ("employee", [])
    assert fields["name"]["required"]
    assert fields["created_at"]["computed"]
    assert info["permissions"] == ["can_list", "can_show", "can_add", "can_edit"]
    assert "别人" not in client.get(f"{CUSTOMERS}_info").text


def test_every_entity_has_a_resource_with_its_acts_only(app: Flask, client: Browser, people: People) -> None:
    login(client, people.admin)
    for slug, entity in context().entities.items():
        listed = client.get(f"/api/v1/{slug}/")
        assert listed.status_code == (200 if "list" in entity.actions else 405), slug
        assert client.get(f"/api/v1/{slug}/_info").json["entity"] == slug
        if "add" not in entity.actions:
            assert client.post(f"/api/v1/{slug}/", json={}).status_code == 405, slug


def test_numbers_of_statements_do_not_grow_with_the_page(client: Browser, people: People) -> None:
    for number in range(30):
        make_customer(f"客户{number}", people.manager)
    as_manager(client, people)
    counted: list[int] = []
    from sqlalchemy import event

    def note(*_args: Any) -> None:
        counted[-1] += 1

    event.listen(db.engine, "before_cursor_execute", note)
    for size in (2, 30):
        counted.append(0)
        assert len(client.get(f"{CUSTOMERS}?page_size={size}").json["result"]) == size
    event.remove(db.engine, "before_cursor_execute", note)
    assert counted[1] <= counted[0] <= 10, counted


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
