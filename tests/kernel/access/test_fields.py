"""SEC-3: a field kept from a role is kept at every door: seen, asked, written, given away."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import func, select

from app.access.actors import acting_as, load_actor
from app.access.masks import masked
from app.access.models import AuditEntry, FieldPermission, RoleScope
from app.access.policy import seen_by, title_text, unwritable
from app.base.security.roles import create_role, field_sheet, holdings, may_give, read_role, save_fields
from app.customers.models import Contact, Customer
from app.db import session, transaction
from app.host.context import entity
from app.testing.factories import id_number, make_contact, make_customer
from app.testing.people import Browser, People, Person, login
from app.testing.statements import heard
from app.types import SYSTEM, Field, Kind, Level, Refused

MOBILE, NUMBER = "13871125678", id_number(7)
SHOWN = "138****5678"


def keep(role_id: int, slug: str, **levels: Level) -> None:
    with transaction() as current:
        for name, level in levels.items():
            current.add(FieldPermission(role_id=role_id, entity=slug, field=name, level=level.word))


def allow(role_id: int, permission: str, view: str) -> None:
    from flask import current_app

    sm = current_app.appbuilder.sm  # type: ignore[attr-defined]
    sm.add_permission_role(session.get(Role, role_id), sm.find_permission_view_menu(permission, view))


@pytest.fixture
def customer(people: People) -> Customer:
    """A customer of the manager, whose role sees part of the mobile, no ID number, and only reads the level."""
    made = make_customer(
        "王小明", people.manager, mobile=MOBILE, id_number=NUMBER, email="wang@example.com", level="key"
    )
    make_contact(made, "李联系", mobile=MOBILE, id_number=NUMBER)
    with acting_as(people.admin.actor), transaction():
        session.get_one(Customer, made.id).mobile = "13871125679"
        session.flush()
        session.get_one(Customer, made.id).mobile = MOBILE
    role = people.manager.role_id
    keep(role, "customer", mobile=Level.MASKED, id_number=Level.HIDDEN, level=Level.READ)
    keep(role, "contact", mobile=Level.MASKED, id_number=Level.HIDDEN)
    for permission, view in (("can_list", "AuditView"), ("can_export", "CustomerView"), ("can_import", "CustomerView")):
        allow(role, permission, view)
    return made


@pytest.fixture
def manager(client: Browser, people: People, customer: Customer) -> Browser:
    return login(client, people.manager)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        (Field("a", "", Kind.PHONE), "13800135678", "138****5678"),
        (Field("a", "", Kind.PHONE), "+8613800135678", "+86138****5678"),
        (Field("a", "", Kind.PHONE), "010-12345678-123456", "010****3456"),
        (Field("a", "", Kind.ID_NUMBER), "110101199003071234", "110***********1234"),
        (Field("a", "", Kind.BANK_CARD), "6222020200001234", "6222****1234"),
        (Field("a", "", mask="name"), "王小明", "王**"),
        (Field("a", ""), "任何文字", "******"),
        (Field("a", "", Kind.MONEY), 0, "***"),
        (Field("a", "", Kind.LINK), 7, "***"),
        (Field("a", "", Kind.PHONE), None, "--"),
    ],
)
def test_masks(field: Field, value: Any, shown: str) -> None:
    assert masked(field, value) == shown


def test_the_widest_role_that_reaches_the_entity_counts(people: People) -> None:
    """A role without rows of the entity opens none of its fields; Admin and the system write everything."""
    keep(people.manager.role_id, "customer", mobile=Level.MASKED, code=Level.HIDDEN)
    assert people.manager.actor.field_level("customer", "mobile") is Level.MASKED
    assert people.manager.actor.field_level("customer", "name") is Level.WRITE
    assert people.admin.actor.fields is None and SYSTEM.field_level("customer", "mobile") is Level.WRITE
    second = people.add("er", "二岗", people.north, "account_manager")
    with acting_as(people.admin.actor):
        from app.base.security.accounts import set_roles

        set_roles(second.user_id, {people.manager.role_id, people.head.role_id})
    keep(people.head.role_id, "customer", mobile=Level.READ)
    assert second.actor.field_level("customer", "mobile") is Level.READ
    assert second.actor.field_level("customer", "code") is Level.WRITE
    with transaction() as current:
        place = (RoleScope.role_id == people.head.role_id, RoleScope.entity == "customer")
        current.query(RoleScope).filter(*place).update({"scope": "none"})
    assert second.actor.field_level("customer", "mobile") is Level.MASKED
    assert second.actor.field_level("customer", "code") is Level.HIDDEN


def test_the_description_an_actor_sees(people: People, customer: Customer) -> None:
    actor, whole = people.manager.actor, entity("customer")
    seen = seen_by(whole, actor)
    assert seen_by(whole, load_actor(people.colleague.user_id)) is seen  # one for all people of these roles
    assert seen_by(whole, people.admin.actor) is whole
    assert seen.field("id_number") is None and ("id_number",) not in seen.match_fields
    mobile, level = seen.field("mobile"), seen.field("level")
    assert mobile is not None and level is not None
    assert (mobile.filterable, mobile.sortable, mobile.importable, level.sortable, level.importable) == (
        False, False, False, True, False,
    )  # fmt: skip
    assert set(unwritable(whole, ("name", "mobile", "level", "id_number"), actor)) == {"mobile", "level", "id_number"}
    keep(people.manager.role_id, "customer", name=Level.MASKED)
    with acting_as(people.manager.actor):
        assert title_text("customer", "王小明", 7) == "王**"
        assert seen_by(entity("contact"), people.manager.actor).field("customer_id").sortable is False  # type: ignore[union-attr]


DOORS = [
    "/customer/list/", "/customer/list/?sort=name", "/customer/filters/", "/customer/show/{id}",
    "/customer/show/{id}/tab/contacts", "/customer/show/{id}/tab/history", "/customer/show/{id}/timeline",
    "/customer/edit/{id}", "/customer/add", "/contact/list/", "/contact/show/{contact}", "/contact/edit/{contact}",
    "/contact/pick/customer_id?q=王", "/customer/form-state?kind=personal", "/relations/graph/customer/{id}", "/",
    "/api/v1/customer/", "/api/v1/customer/{id}", "/api/v1/customer/_info", "/api/v1/contact/", "/api/v1/openapi.json",
    "/audit/?entity=customer",
]  # fmt: skip


def test_no_door_shows_what_is_kept(manager: Browser, people: People, customer: Customer) -> None:
    contact = session.scalars(select(Contact.__table__.c.id)).one()
    login(manager, people.manager)
    for door in DOORS:
        for htmx in (False, True):
            answer = manager.get(door.format(id=customer.id, contact=contact), htmx=htmx)
            assert answer.status_code == 200, (door, answer.status_code)
            kept = [MOBILE, NUMBER, "13871125679", '"id_number"', "f.id_number", "f.mobile"]
            if "openapi" in door:  # employees have a mobile there, too
                kept = kept[:3]
            assert [text for text in kept if text in answer.text] == [], door
    for door in ("/customer/list/", "/customer/show/{id}", "/customer/edit/{id}", "/api/v1/customer/{id}"):
        assert SHOWN in manager.get(door.format(id=customer.id)).text, door
    history = manager.get(f"/customer/show/{customer.id}/tab/history", htmx=True).text
    assert "138****5679" in history
    form = manager.get(f"/customer/edit/{customer.id}").text
    assert 'name="mobile"' not in form and 'name="level"' not in form and 'name="email"' in form
    assert 'name="mobile"' not in manager.get("/customer/add").text


ASKED = ["f.mobile=5678", "op.mobile=filled", "sort=mobile", "sort=-mobile", "f.id_number=110", "sort=id_number"]


@pytest.mark.parametrize("asked", ASKED)
def test_nobody_asks_by_what_they_do_not_read(manager: Browser, customer: Customer, asked: str) -> None:
    for door in ("/customer/list/", "/customer/ids/", "/api/v1/customer/"):
        answer = manager.get(f"{door}?{asked}")
        assert answer.status_code == 400, door
        assert "王小明" not in answer.text and f"/customer/show/{customer.id}" not in answer.text
        if "sort" in asked or "f.mobile" in asked:
            assert "不能" in answer.get_data(as_text=True) or "没有" in answer.text or "\\u" in answer.text


def test_search_does_not_guess(manager: Browser, people: People, customer: Customer) -> None:
    assert manager.get("/api/v1/customer/?fields=id_number").status_code == 400
    assert "王小明" in manager.get("/customer/list/?q=小明").text
    for words in ("5678", MOBILE, NUMBER):
        assert f"/customer/show/{customer.id}" not in manager.get(f"/customer/list/?q={words}").text
        assert manager.get(f"/contact/pick/customer_id?q={words}").json["items"] == []
    login(manager, people.admin)
    assert f"/customer/show/{customer.id}" in manager.get("/customer/list/?q=5678").text


def test_a_write_that_names_a_kept_field_is_refused_whole(manager: Browser, customer: Customer) -> None:
    before = kept_of(customer.id)
    for name, value in (("mobile", "13900001111"), ("id_number", id_number(8)), ("level", "normal")):
        posted = {name: value, "email": "new@example.com"}
        # an old version number gives no comparison to guess by
        for data in (posted, {**posted, "_version": "9999"}):
            answer = manager.post(f"/customer/edit/{customer.id}", data=data)
            assert answer.status_code == 422 and before["mobile"] not in answer.text, name
        new = {"name": "新客户", "_token": "t" * 32, **posted}
        assert manager.post("/customer/add", data=new).status_code == 422, name
        answer = manager.patch(f"/api/v1/customer/{customer.id}", json=posted)
        assert answer.status_code == 422 and list(answer.json["errors"]) == [name]
        assert manager.post("/api/v1/customer/", json={"name": "新客户", **posted}).status_code == 422
        assert manager.get(f"/customer/add?{name}=1").status_code == 400
    assert kept_of(customer.id) == before
    assert session.scalar(select(func.count()).select_from(Customer.__table__)) == 1
    saved = manager.post(f"/customer/edit/{customer.id}", data={"email": "new@example.com"})
    assert saved.status_code == 303
    after = kept_of(customer.id)
    assert (after["email"], after["mobile"], after["id_number"]) == ("new@example.com", MOBILE, NUMBER)


def test_a_required_field_that_is_kept_is_told_as_that(manager: Browser, people: People) -> None:
    keep(people.manager.role_id, "customer", name=Level.HIDDEN)
    answer = manager.post("/customer/add", data={"_token": "t" * 32, "email": "a@example.com"})
    assert answer.status_code == 422 and "无权填写" in answer.text
    assert manager.post("/api/v1/customer/", json={"email": "a@example.com"}).status_code == 422


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_files_hold_masks_and_no_hidden_column(manager: Browser, customer: Customer, kind: str) -> None:
    page = manager.get("/export/start/customer").text
    assert 'value="mobile"' in page and 'value="id_number"' not in page
    wanted = {"format": kind, "column": ["name", "mobile"], "reason": "月末核对客户"}
    made = manager.post("/export/start/customer", data=wanted, follow_redirects=True, buffered=True)
    assert made.status_code == 200
    content = made.data
    if kind == "xlsx":
        with ZipFile(BytesIO(content)) as book:
            content = b"".join(book.read(name) for name in book.namelist())
    assert SHOWN.encode() in content and MOBILE.encode() not in content and NUMBER.encode() not in content
    assert manager.post("/export/start/customer", data={**wanted, "column": ["id_number"]}).status_code == 400
    for asked in ASKED:
        assert manager.post(f"/export/start/customer?{asked}", data=wanted).status_code == 400, asked


def test_an_import_writes_and_matches_by_nothing_that_is_kept(manager: Browser, customer: Customer) -> None:
    before = kept_of(customer.id)
    head = "客户名称,手机号,证件号码,电子邮箱"
    text = f"{head}\n王小明,13900001111,{NUMBER},new@example.com\n"
    answer = manager.post("/import/start/customer", data={"file": (BytesIO(text.encode()), "a.csv")})
    assert answer.status_code == 303
    place = answer.headers["Location"]
    page = manager.get(place).text
    assert "<option" in page and 'value="email"' in page
    assert 'value="mobile"' not in page and 'value="id_number"' not in page
    for number, name in ((1, "mobile"), (2, "id_number")):
        data = {"column-0": "name", f"column-{number}": name, "duplicates": "update"}
        assert manager.post(place, data=data).status_code == 400, name
    assert kept_of(customer.id) == before


def kept_of(customer_id: int) -> dict[str, Any]:
    session.rollback()
    row = session.execute(select(Customer.__table__).where(Customer.__table__.c.id == customer_id)).mappings().one()
    return dict(row)


def test_a_list_asks_the_database_no_more_than_without_rules(manager: Browser, people: People) -> None:
    counts = []
    for _number in range(2):
        for rules in (True, False):
            manager.get("/customer/list/")
            with heard() as statements:
                manager.get("/customer/list/")
            counts.append(len([one for one in statements if one.startswith("SELECT")]))
            if rules:
                with transaction() as current:
                    current.query(FieldPermission).delete()
    assert len(set(counts)) == 1 and counts[0] <= 8, counts


def save(person: Person, role_id: int, **levels: str) -> None:
    with acting_as(person.actor):
        sheet = field_sheet(role_id, "customer")
        assert sheet is not None
        save_fields(role_id, "customer", levels, sheet.seen)


def test_the_screen_saves_and_is_written_down(client: Browser, people: People) -> None:
    login(client, people.admin)
    role = people.manager.role_id
    page = client.get(f"/roles/{role}/fields")
    assert page.status_code == 200
    sheet_seen = client.get(f"/roles/{role}/fields?entity=customer").text
    assert 'name="l.mobile" value="masked"' in sheet_seen and SHOWN[:3] in sheet_seen
    with acting_as(people.admin.actor):
        sheet = field_sheet(role, "customer")
    assert sheet is not None
    data = {"seen": sheet.seen, "l.mobile": "masked", "l.name": "write"}
    assert client.post(f"/roles/{role}/fields/customer", data=data).status_code == 302
    assert people.manager.actor.field_level("customer", "mobile") is Level.MASKED
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (entry.entity, entry.changes) == ("role", {"field.customer.mobile": ["write", "masked"]})
    assert client.post(f"/roles/{role}/fields/customer", data=data).status_code == 422  # seen is old
    for wrong in ({"l.mobile": "all"}, {"l.nothing": "read"}):
        with acting_as(people.admin.actor):
            seen = field_sheet(role, "customer").seen  # type: ignore[union-attr]
        assert client.post(f"/roles/{role}/fields/customer", data={"seen": seen, **wrong}).status_code == 422
    assert client.get(f"/roles/{role}/fields?entity=nothing").status_code == 404
    assert client.get(f"/roles/{people.admin.role_id}/fields").status_code == 200
    login(client, people.manager)
    assert client.get(f"/roles/{role}/fields").status_code == 403
    assert client.post(f"/roles/{role}/fields/customer", data=data).status_code == 403


def test_nobody_gives_more_of_a_field_than_they_hold(people: People) -> None:
    head, role = people.head, people.manager.role_id
    keep(head.role_id, "customer", mobile=Level.MASKED)
    keep(role, "customer", mobile=Level.HIDDEN)
    for permission in ("can_list", "can_add", "can_edit"):
        allow(head.role_id, permission, "RoleView")
    save(head, role, mobile="masked", email="read")
    with pytest.raises(Refused):
        save(head, role, mobile="read")
    with pytest.raises(Refused):
        save(people.admin, people.admin.role_id, mobile="read")
    held = read_role(role)
    assert held is not None and held.fields["customer"] == {"mobile": Level.MASKED, "email": Level.READ}
    assert may_give(head.actor, [role]) is (holdings([role])[0].pairs <= head.actor.permissions)
    save(people.admin, role, mobile="write")
    assert not may_give(head.actor, [role])
    with acting_as(head.actor):
        made = create_role("新角色", "New role", f"role:{people.head.role_id}")
    assert holdings([made])[0].fields["customer"]["mobile"] is Level.MASKED


def test_an_actor_of_a_key_keeps_the_levels(people: People, customer: Customer) -> None:
    from app.base.security.keys import narrowed

    actor = narrowed(people.manager.actor, {"customer:read"})
    assert actor.field_level("customer", "mobile") is Level.MASKED
    assert replace(actor, locale="en").field_level("customer", "id_number") is Level.HIDDEN
