"""SEC-1: three administrators work apart, and none of them can make themselves more powerful."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, select

from app.access.actors import acting_as
from app.access.models import AuditEntry, Delegation, FieldPermission, RoleInfo
from app.base.security.accounts import open_account, reset_password, set_active, set_roles
from app.base.security.keys import make_key, offered_scopes
from app.base.security.roles import (
    create_role,
    delete_role,
    field_sheet,
    matrix,
    may_manage,
    read_role,
    rename_role,
    roles_to_give,
    save_fields,
    save_role,
)
from app.base.security.roles.delegation import delegable, delegated, save_delegation
from app.base.security.roles.matrix import shown_pairs
from app.db import now, session, transaction
from app.fields.records import create_record, update_record
from app.host.context import context, entity
from app.organisation.models import Employee, Post
from app.testing.factories import make_employee
from app.testing.people import Browser, People, Person, login
from app.types import SYSTEM, Level, Refused, Scope

BUSINESS = ("account_manager", "department_head", "city_manager")


@pytest.fixture
def security(people: People) -> Person:
    return people.add("mi", "米安全", people.head_office, "security_admin")


@pytest.fixture
def system(people: People) -> Person:
    return people.add("xi", "席系统", people.head_office, "consultant")


@pytest.fixture
def auditor(people: People) -> Person:
    return people.add("shen", "沈审计", people.head_office, "audit_admin")


@pytest.fixture
def delegation(people: People, security: Person) -> set[int]:
    """The security administrator may give the business roles up to the city manager's."""
    given = {role_of(slug) for slug in BUSINESS}
    with acting_as(people.admin.actor):
        save_delegation(security.role_id, given, ())
    return given


def role_of(template: str) -> int:
    found = session.scalar(select(RoleInfo.role_id).where(RoleInfo.template == template))
    assert found is not None
    return found


def facts(role_id: int) -> Any:
    role = read_role(role_id)
    assert role is not None
    return role


def widen(role_id: int, *pairs: tuple[str, str], **scopes: str) -> None:
    role = facts(role_id)
    save_role(role_id, (role.pairs & shown_pairs(matrix())) | set(pairs), scopes, role.seen)


def raise_field(role_id: int, name: str, level: str) -> None:
    sheet = field_sheet(role_id, "customer")
    assert sheet is not None
    save_fields(role_id, "customer", {name: level}, sheet.seen)


def keep(role_id: int, **levels: Level) -> None:
    rows = [{"role_id": role_id, "entity": "customer", "field": n, "level": level.word} for n, level in levels.items()]
    with acting_as(SYSTEM), transaction() as current:
        current.execute(insert(FieldPermission), rows)


def test_administrators_are_three_templates_and_each_lacks_the_others_office(people: People) -> None:
    templates = context().role_templates
    assert {slug for slug, one in templates.items() if one.administers} == {
        "consultant",
        "security_admin",
        "audit_admin",
    }
    assert "can_edit" in templates["security_admin"].permissions["RoleView"]
    assert "AuditView" not in templates["security_admin"].permissions
    assert set(templates["audit_admin"].permissions) & {"RoleView", "AccountView", "ModuleView"} == set()


def test_without_a_delegation_only_what_is_held_is_given(people: People, security: Person) -> None:
    friend = people.manager
    with acting_as(security.actor):
        assert {role_id for role_id, _label in roles_to_give(security.actor)} & {role_of(s) for s in BUSINESS} == set()
        for role_id in (people.admin.role_id, role_of("account_manager"), role_of("audit_admin"), 9999):
            for whom in (friend.user_id, security.user_id):
                with pytest.raises(Refused):
                    set_roles(whom, {role_id})
        with pytest.raises(Refused):
            create_role("克隆", "Clone", f"role:{people.manager.role_id}")
        with pytest.raises(Refused):
            create_role("模板", "Template", "template:account_manager")
        with pytest.raises(Refused):
            widen(people.manager.role_id, ("can_delete", "CustomerView"))


def test_with_a_delegation_a_bank_works_without_the_role_that_holds_everything(
    people: People, security: Person, delegation: set[int]
) -> None:
    newcomer = make_employee(people.north, "新人", code="E-new")
    with acting_as(security.actor):
        assert delegation <= {role_id for role_id, _label in roles_to_give(security.actor)}
        user_id, _password = open_account(newcomer.id, "new", {role_of("account_manager")}, "")
        set_roles(user_id, {role_of("department_head")})
        reset_password(user_id)
        set_active(user_id, False)
        made = create_role("北区经理", "North manager", f"role:{people.city_manager.role_id}")
        widen(made, ("can_list", "CustomerView"), customer="unit")
        set_active(user_id, True)
        set_roles(user_id, {made})
        widen(role_of("account_manager"), customer="unit")
        delete_role(create_role("短命", "Shortlived", "template:account_manager"))
    assert facts(made).scopes["customer"] is Scope.UNIT
    assert security.actor.widest("customer") is Scope.NONE


def test_a_delegation_never_reaches_whoever_has_it(people: People, security: Person, delegation: set[int]) -> None:
    before = security.actor
    with acting_as(security.actor):
        for roles in ({role_of("account_manager")}, {security.role_id, role_of("city_manager")}):
            with pytest.raises(Refused):
                set_roles(security.user_id, roles)
        for change in (
            lambda: widen(security.role_id, ("can_list", "CustomerView")),
            lambda: widen(security.role_id, customer="own"),
            lambda: save_delegation(security.role_id, delegation | {role_of("management")}, delegation),
        ):
            with pytest.raises(Refused):
                change()
    assert security.actor == before
    assert delegated(security.role_id) == delegation


def test_more_than_the_delegation_is_refused(people: People, security: Person, delegation: set[int]) -> None:
    with acting_as(security.actor):
        for role_id in (people.admin.role_id, role_of("management"), role_of("audit_admin"), role_of("consultant")):
            with pytest.raises(Refused):
                set_roles(people.manager.user_id, {role_id})
        for source in ("template:management", "role:1", f"role:{role_of('audit_admin')}", "template:consultant"):
            with pytest.raises(Refused):
                create_role("更大", "Bigger", source)
        made = create_role("小", "Small")
        for pairs, scopes in (
            ({("can_list", "AuditView")}, {}),
            ({("can_edit", "ModuleView")}, {}),
            (set(), {"customer": "all"}),
        ):
            with pytest.raises(Refused):
                widen(made, *pairs, **scopes)
        widen(made, ("can_edit", "RoleView"))  # held: another security administrator
    assert facts(made).pairs == {("can_edit", "RoleView")}


def test_no_office_is_delegated_nor_changed_by_another(people: People, security: Person, auditor: Person) -> None:
    """The security administrator can neither take over, nor rename, nor disarm the auditor."""
    offices = {role_of(slug) for slug in ("consultant", "audit_admin", "security_admin")}
    with acting_as(people.admin.actor):
        assert not offices & {role_id for role_id, _label, _may in delegable(role_of("department_head"))}
        for role_id in (*offices, people.admin.role_id, 9999):
            with pytest.raises(Refused):
                save_delegation(role_of("department_head"), {role_id}, ())
    with acting_as(SYSTEM), transaction() as current:  # written past the verb: of no use
        rows = [{"role_id": security.role_id, "given_id": i} for i in (auditor.role_id, people.admin.role_id)]
        current.execute(insert(Delegation), rows)
    audit = facts(auditor.role_id)
    with acting_as(security.actor):
        assert not may_manage(security.actor, auditor.user_id)
        assert not may_manage(security.actor, people.admin.user_id)
        for act in (
            lambda: set_roles(people.manager.user_id, {auditor.role_id}),
            lambda: set_roles(people.manager.user_id, {people.admin.role_id}),
            lambda: reset_password(auditor.user_id),
            lambda: set_active(auditor.user_id, False),
            lambda: save_role(auditor.role_id, (), {}, audit.seen),
            lambda: rename_role(auditor.role_id, "普通", "Plain"),
            lambda: delete_role(auditor.role_id),
        ):
            with pytest.raises(Refused):
                act()
    assert facts(auditor.role_id) == audit


def test_system_and_audit_administrators_give_nothing(
    client: Browser, people: People, system: Person, auditor: Person, security: Person
) -> None:
    for person in (system, auditor):
        login(client, person)
        for path, data in (
            (f"/roles/{person.role_id}/save", {"p": ["can_edit|RoleView"], "seen": facts(person.role_id).seen}),
            ("/roles/add", {"label_zh": "新", "label_en": "New"}),
            (f"/roles/{person.role_id}/giving", {"given": [str(people.manager.role_id)]}),
            (f"/roles/{person.role_id}/fields/customer", {"l.name": "write", "seen": ""}),
            (f"/accounts/login/{person.user_id}/roles", {"roles": [str(people.admin.role_id)]}),
        ):
            assert client.post(path, data=data).status_code == 403, path
    assert not delegated(system.role_id) | delegated(auditor.role_id)


def test_a_level_of_a_field_is_raised_only_as_far_as_it_may_be_given(
    people: People, security: Person, delegation: set[int]
) -> None:
    for slug in (*BUSINESS, "management"):
        keep(role_of(slug), mobile=Level.MASKED, id_number=Level.HIDDEN)
    manager = people.manager.role_id
    with acting_as(security.actor):
        for name, level in (("mobile", "read"), ("mobile", "write"), ("id_number", "masked")):
            with pytest.raises(Refused):
                raise_field(manager, name, level)
        raise_field(manager, "mobile", "hidden")
        raise_field(manager, "mobile", "masked")  # back to what may be given
        made = create_role("新经理", "New manager", "template:account_manager")
        for role_id, level in ((role_of("management"), "read"), (people.admin.role_id, "read")):
            with pytest.raises(Refused):
                raise_field(role_id, "mobile", level)
    assert facts(made).fields["customer"] == {"mobile": Level.MASKED, "id_number": Level.HIDDEN}


def test_who_sees_no_customers_does_not_open_their_fields(people: People, security: Person) -> None:
    """No rule keeps the field from the security administrator, and yet they do not hold it."""
    keep(people.manager.role_id, mobile=Level.HIDDEN)
    with acting_as(security.actor):
        with pytest.raises(Refused):
            raise_field(people.manager.role_id, "mobile", "write")
        raise_field(people.manager.role_id, "email", "hidden")
    assert facts(people.manager.role_id).fields["customer"] == {"mobile": Level.HIDDEN, "email": Level.HIDDEN}


def test_nobody_gives_themselves_a_second_post_or_another_unit(people: People) -> None:
    """A unit above one's own would let the same role see more."""
    keeper = people.city_manager
    with acting_as(people.admin.actor):
        pairs = [("can_add", "PostView"), ("can_edit", "PostView"), ("can_edit", "EmployeeView")]
        widen(keeper.role_id, *pairs)
    post = {"employee_id": keeper.employee_id, "unit_id": people.head_office.id, "role_id": keeper.role_id}
    with acting_as(SYSTEM):
        held = Post(employee_id=keeper.employee_id, unit_id=people.south.id, role_id=keeper.role_id)
        with transaction() as current:
            current.add(held)
        me, other = (session.get_one(Employee, person.employee_id) for person in (keeper, people.manager))
    paths = sorted(grant.unit_path or "" for grant in keeper.actor.grants)
    with acting_as(keeper.actor):
        for act in (
            lambda: create_record(entity("post"), post),
            lambda: update_record(entity("post"), held, {"unit_id": people.head_office.id}),
            lambda: update_record(entity("employee"), me, {"unit_id": people.head_office.id}),
        ):
            with pytest.raises(Refused):
                act()
        theirs = create_record(entity("post"), {**post, "employee_id": people.manager.employee_id})
        with pytest.raises(Refused):
            update_record(entity("post"), theirs, {"employee_id": keeper.employee_id})
        with pytest.raises(Refused):  # a role the keeper does not hold
            create_record(entity("post"), {**post, "employee_id": other.id, "role_id": people.admin.role_id})
        update_record(entity("employee"), other, {"unit_id": people.south.id})
    assert sorted(grant.unit_path or "" for grant in keeper.actor.grants) == paths


def test_a_key_gets_no_more_than_its_owner_and_nothing_of_a_delegation(
    people: People, security: Person, delegation: set[int]
) -> None:
    with acting_as(people.admin.actor):
        widen(security.role_id, ("can_list", "KeyView"), ("can_add", "KeyView"))
    with acting_as(security.actor):
        assert "customer" not in offered_scopes(security.actor)
        for scope in ("customer:read", "post:create", "unit:update"):
            with pytest.raises(Refused):
                make_key("钥匙", [scope], now().date())


def test_the_page_delegates_and_it_is_written_down(client: Browser, people: People, security: Person) -> None:
    login(client, people.admin)
    place = f"/roles/{security.role_id}/giving"
    assert client.get(place).text.count('name="given"') >= 7
    given = [str(role_of(slug)) for slug in BUSINESS]
    assert client.post(place, data={"given": given}).status_code == 302
    written = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (written.entity, written.record_id) == ("role", str(security.role_id))
    assert len(written.changes["may_give"][1]) == 3
    assert client.post(place, data={"given": given[:1]}).status_code == 422  # seen is old
    assert client.post(place, data={"given": given[:1], "seen": given}).status_code == 302
    assert delegated(security.role_id) == {int(given[0])}
    assert client.get("/roles/9999/giving").status_code == 404
    assert client.get(f"/roles/{people.admin.role_id}/giving").status_code == 200
    login(client, security)
    page = client.get(place).text
    assert 'name="given"' in page
    assert client.post(place, data={"given": given, "seen": given[:1]}).status_code == 422
    assert client.get(f"/roles/{people.manager.role_id}").status_code == 200
    login(client, people.manager)
    assert client.get(place).status_code == 403


def test_a_deleted_role_is_no_longer_given(people: People, security: Person) -> None:
    with acting_as(people.admin.actor):
        made = create_role("临时", "Temporary", "template:account_manager")
        save_delegation(security.role_id, {made}, ())
        delete_role(made)
    assert delegated(security.role_id) == set()
