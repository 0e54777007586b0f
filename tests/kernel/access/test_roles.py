"""SEC-1: the matrix, its roles and templates; nobody gives what they do not hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import func, select

from app.access.actors import acting_as
from app.access.models import AuditEntry, RoleInfo, RoleScope
from app.base.security.roles import (
    create_role,
    delete_role,
    holdings,
    matrix,
    may_manage,
    read_role,
    rename_role,
    role_list,
    roles_to_give,
    save_role,
)
from app.base.security.roles.matrix import ACTS, shown_pairs, shown_scopes
from app.customers.models import Customer
from app.db import session
from app.host.context import context
from app.testing.factories import make_customer
from app.testing.people import Browser, People, Person, login
from app.types import Refused, Scope

KERNEL_TEMPLATES = {
    "account_manager": Scope.SHARED,
    "department_head": Scope.UNIT,
    "city_manager": Scope.UNIT_AND_BELOW,
    "risk_officer": Scope.UNIT_AND_BELOW,
    "finance": Scope.ALL,
    "management": Scope.ALL,
    "business_admin": Scope.ALL,
    "consultant": Scope.NONE,
    "security_admin": Scope.NONE,
    "audit_admin": Scope.NONE,
}


@pytest.fixture
def chief(people: People) -> Person:
    """A security administrator who is also a department head: may give that, and no more."""
    person = people.add("mi", "米安全", people.north, "security_admin")
    with acting_as(people.admin.actor):
        from app.base.security.accounts import set_roles

        set_roles(person.user_id, {person.role_id, people.head.role_id})
    return person


def role_of(template: str) -> int:
    found = session.scalar(select(RoleInfo.role_id).where(RoleInfo.template == template))
    assert found is not None
    return found


def save(role_id: int, change: Callable[[set[tuple[str, str]]], Any], **scopes: str) -> None:
    role = read_role(role_id)
    assert role is not None
    pairs = set(role.pairs & shown_pairs(matrix()))
    change(pairs)
    save_role(role_id, pairs, scopes, role.seen)


def last_act() -> AuditEntry:
    return session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()


def test_every_template_is_a_role_with_names_in_both_languages(people: People) -> None:
    roles = {role.template: role for role in role_list() if role.template}
    assert set(KERNEL_TEMPLATES) <= set(roles)
    for slug, scope in KERNEL_TEMPLATES.items():
        role = read_role(roles[slug].id)
        assert role is not None
        assert role.scopes.get("customer", Scope.NONE) is scope, slug
        assert role.pairs, slug
        assert role.label_zh != role.label_en
        assert any("\u4e00" <= c <= "\u9fff" for c in role.label_zh), slug
        assert role.label_en.isascii()


def test_the_three_administrators_are_kept_apart(people: People) -> None:
    """System, security and audit administrators: none holds what makes the other's office."""
    held = {slug: holdings([role_of(slug)])[0].pairs for slug in ("consultant", "security_admin", "audit_admin")}
    offices = {
        "consultant": {("can_edit", "ModuleView")},
        "security_admin": {("can_edit", "RoleView"), ("can_edit", "AccountView")},
        "audit_admin": {("can_list", "AuditView")},
    }
    for slug, own in offices.items():
        assert own <= held[slug]
        for other, pairs in held.items():
            assert other == slug or not own & pairs
        assert not any(view == "CustomerView" for _permission, view in held[slug])
    managers = holdings([role_of("management"), role_of("risk_officer")])
    assert not {p for held in managers for p, _v in held.pairs} & {"can_add", "can_edit", "can_delete"}


def test_the_matrix_shows_every_permission_of_the_running_screens_once(people: People) -> None:
    groups = matrix()
    rows = [row for group in groups for row in group.rows]
    assert len({row.view for row in rows}) == len(rows)
    by_view = {row.view: row for row in rows}
    customer = by_view["CustomerView"]
    assert customer.acts == tuple(ACTS)
    assert (customer.entity, customer.scopes) == ("customer", tuple(Scope))
    assert by_view["ContactView"].entity is None
    assert by_view["ContactView"].note
    for entity in context().entities.values():
        assert entity.view_name in by_view, entity.slug
    customers = next(group for group in groups if group.name == "customers")
    assert {"CustomerView", "ContactView", "ActivityView"} <= {row.view for row in customers.rows}


def test_saving_gives_and_takes_at_once_and_says_what_changed(people: People) -> None:
    make_customer("同事的", people.colleague)
    role_id = people.manager.role_id
    with acting_as(people.admin.actor):
        save(role_id, lambda pairs: pairs.update({("can_delete", "CustomerView")}), customer="unit")
    assert people.manager.actor.can("can_delete", "CustomerView")
    with acting_as(people.manager.actor):
        assert session.scalars(select(Customer.name)).all() == ["同事的"]
    written = last_act()
    assert (written.action, written.entity, written.record_id) == ("update", "role", str(role_id))
    assert written.changes["permissions"] == [[], ["CustomerView.can_delete"]]
    assert written.changes["scope.customer"] == ["shared", "unit"]
    with acting_as(people.admin.actor):
        save(role_id, lambda pairs: pairs.clear(), customer="none")
    assert people.manager.actor.permissions == frozenset()
    with acting_as(people.manager.actor):
        assert session.scalars(select(Customer.name)).all() == []


def test_saving_leaves_alone_what_the_matrix_does_not_show(people: People) -> None:
    """A module that is switched off keeps its grants."""
    sm = people_sm()
    sm.add_permission_view_menu("can_list", "AbsentView")
    pair = sm.find_permission_view_menu("can_list", "AbsentView")
    sm.add_permission_role(session.get(Role, people.manager.role_id), pair)
    with acting_as(people.admin.actor):
        save(people.manager.role_id, lambda pairs: pairs.clear())
    assert holdings([people.manager.role_id])[0].pairs == {("can_list", "AbsentView")}


def people_sm() -> Any:
    from flask import current_app

    return current_app.appbuilder.sm  # type: ignore[attr-defined]


def test_saving_what_somebody_else_changed_meanwhile_is_refused(people: People) -> None:
    role_id = people.manager.role_id
    with acting_as(people.admin.actor):
        role = read_role(role_id)
        assert role is not None
        save(role_id, lambda pairs: pairs.update({("can_delete", "CustomerView")}))
        with pytest.raises(Refused):
            save_role(role_id, (), {}, role.seen)
    assert people.manager.actor.can("can_delete", "CustomerView")


def test_nobody_gives_a_role_more_than_they_hold(people: People, chief: Person) -> None:
    with acting_as(chief.actor):
        role_id = create_role("北区助理", "North assistant")
        save(role_id, lambda pairs: pairs.update({("can_list", "CustomerView")}), customer="unit")
        for change, scopes in (
            (lambda pairs: pairs.update({("can_list", "AuditView")}), {}),
            (lambda pairs: pairs.update({("can_edit", "ModuleView")}), {}),
            (lambda pairs: None, {"customer": "unit_and_below"}),
            (lambda pairs: None, {"customer": "all"}),
            (lambda pairs: pairs.update({("can_fly", "CustomerView")}), {}),
            (lambda pairs: None, {"customer": "galaxy"}),
            (lambda pairs: None, {"contact": "all"}),
        ):
            with pytest.raises(Refused):
                save(role_id, change, **scopes)
        for source in (
            "template:city_manager",
            f"role:{people.city_manager.role_id}",
            "role:1",
            "role:x",
            "x",
        ):
            with pytest.raises(Refused):
                create_role("更大的角色", "Bigger role", source)
    role = read_role(role_id)
    assert role is not None
    assert (role.pairs, dict(role.scopes)) == ({("can_list", "CustomerView")}, {"customer": Scope.UNIT})


def test_taking_away_what_one_does_not_hold_is_allowed(people: People, chief: Person) -> None:
    with acting_as(chief.actor):
        save(people.city_manager.role_id, lambda pairs: pairs.discard(("can_list", "CustomerView")))
    assert not people.city_manager.actor.can("can_list", "CustomerView")


def test_a_role_is_cloned_renamed_and_deleted_when_nobody_holds_it(people: People) -> None:
    with acting_as(people.admin.actor):
        made = create_role("大客户经理", "Key account manager", f"role:{people.manager.role_id}")
        original, copy = read_role(people.manager.role_id), read_role(made)
        assert original is not None
        assert copy is not None
        assert (copy.pairs, copy.scopes, copy.template) == (original.pairs, original.scopes, "")
        rename_role(made, "重点客户经理", "Senior account manager")
        assert read_role(made).label_zh == "重点客户经理"  # type: ignore[union-attr]
        with pytest.raises(Refused):
            rename_role(made, "客户经理", "Something")
        with pytest.raises(Refused):
            delete_role(people.manager.role_id)
        delete_role(made)
    assert read_role(made) is None
    assert session.scalar(select(func.count()).where(RoleScope.role_id == made)) == 0
    assert last_act().action == "delete"


def test_odd_names_are_refused(people: People) -> None:
    with acting_as(people.admin.actor):
        for zh, en, field in (
            ("", "Name", "label_zh"),
            ("名", "", "label_en"),
            ("x" * 61, "Name", "label_zh"),
            ("名\n", "Na\x01me", "label_en"),
            ("客户经理", "Unique name", "label_zh"),
        ):
            with pytest.raises(Refused) as refused:
                create_role(zh, en)
            assert field in refused.value.errors
        admin = create_role("另一个", "Admin")
        assert read_role(admin).name != "Admin"  # type: ignore[union-attr]


def test_the_administrators_role_is_not_touched(people: People) -> None:
    with acting_as(people.admin.actor):
        role = read_role(people.admin.role_id)
        assert role is not None
        for act in (
            lambda: save_role(role.id, (), {}, role.seen),
            lambda: rename_role(role.id, "管理", "Boss"),
            lambda: delete_role(role.id),
        ):
            with pytest.raises(Refused):
                act()
    assert shown_pairs(matrix()) <= people.admin.actor.permissions


def test_what_may_be_given_is_what_is_held(people: People, chief: Person) -> None:
    given = {role_id for role_id, _label in roles_to_give(chief.actor)}
    assert people.head.role_id in given
    assert people.manager.role_id not in given or holdings([people.manager.role_id])[0].pairs <= chief.actor.permissions
    assert people.city_manager.role_id not in given
    assert people.admin.role_id not in given
    assert len(roles_to_give(people.admin.actor)) == len(role_list())
    assert not may_manage(chief.actor, people.admin.user_id)
    assert not may_manage(chief.actor, people.city_manager.user_id)
    assert may_manage(chief.actor, people.head.user_id)


def test_the_screens_work_by_hand(client: Browser, people: People) -> None:
    login(client, people.manager)
    for path in ("/roles/", f"/roles/{people.manager.role_id}", "/accounts/", "/audit/", "/keys/"):
        assert client.get(path).status_code in (302, 403), path
    assert client.post(f"/roles/{people.manager.role_id}/save").status_code in (302, 403)
    login(client, people.admin)
    assert "客户经理" in client.get("/roles/").text
    made = client.post("/roles/add", data={"label_zh": "见习", "label_en": "Trainee", "source": "template:finance"})
    assert made.status_code == 302
    page = client.get(made.headers["Location"])
    assert "见习" in page.text
    role_id = int(made.headers["Location"].rpartition("/")[2])
    role = read_role(role_id)
    assert role is not None
    saved = client.post(
        f"/roles/{role_id}/save",
        data={
            "p": ["can_list|CustomerView", "can_show|CustomerView"],
            "s.customer": "own",
            "seen": role.seen,
        },
    )
    assert saved.status_code == 302
    role = read_role(role_id)
    assert role is not None
    assert role.pairs == {("can_list", "CustomerView"), ("can_show", "CustomerView")}
    assert role.scopes["customer"] is Scope.OWN
    late = client.post(f"/roles/{role_id}/save", data={"p": [], "seen": "x"})
    assert late.status_code == 422
    assert client.post(f"/roles/{role_id}/save", data={"p": ["can_list|CustomerView"]}, csrf=False).status_code == 400
    assert client.post("/roles/add", data={"label_zh": "见习", "label_en": "X"}).status_code == 422
    assert client.post(f"/roles/{role_id}/rename", data={"label_zh": "新人", "label_en": "New"}).status_code == 302
    assert client.post(f"/roles/{role_id}/delete").headers["Location"].endswith("/roles/")
    assert client.get(f"/roles/{role_id}").status_code == 404
    assert shown_scopes(matrix())["customer"] == tuple(Scope)
