"""`qiao sync`: permissions and roles written once, nothing taken away, nothing written twice."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.access.actors import acting_as
from app.access.models import RoleInfo, RoleScope
from app.base.permissions import is_in_step, needed_pairs, synchronise
from app.db import session
from app.host.context import context
from app.testing.statements import heard
from app.types import SYSTEM, RoleTemplate, Scope


def written(statements: list[str]) -> list[str]:
    """The INSERT, UPDATE and DELETE statements among these."""
    return [one for one in statements if one.split(None, 1)[0].upper() in ("INSERT", "UPDATE", "DELETE")]


@pytest.mark.usefixtures("as_system")
def test_a_second_run_writes_nothing() -> None:
    synchronise()
    with heard() as statements:
        assert not synchronise()
    assert written(statements) == []
    assert is_in_step()


@pytest.mark.usefixtures("as_system")
def test_what_is_missing_is_added_in_a_few_statements(app: Flask) -> None:
    for name in ("ab_permission_view_role", "ab_permission_view", "host_role_offer", "access_role_scope"):
        session.execute(text(f"DELETE FROM {name}"))
    session.commit()
    assert not is_in_step()
    with heard() as statements:
        done = synchronise()
    assert done.permissions == len(needed_pairs(app))
    assert len(written(statements)) < 12
    assert is_in_step()
    admin = "SELECT id FROM ab_role WHERE name = 'Admin'"
    held = f"SELECT count(*) FROM ab_permission_view_role WHERE role_id IN ({admin})"
    assert session.scalar(text(held)) == done.permissions


@pytest.mark.usefixtures("app")
def test_roles_have_the_words_of_their_templates() -> None:
    with acting_as(SYSTEM):
        made = {info.template: info for info in session.scalars(select(RoleInfo))}
        assert made["account_manager"].label_zh == "客户经理"
        assert made["account_manager"].label_en == "Account manager"


@pytest.mark.usefixtures("as_system")
def test_an_admins_changes_stay() -> None:
    role_id = session.scalar(select(RoleInfo.role_id).where(RoleInfo.template == "account_manager"))
    session.execute(text("DELETE FROM ab_permission_view_role WHERE role_id = :id"), {"id": role_id})
    session.execute(text("UPDATE access_role_scope SET scope = 'unit' WHERE role_id = :id"), {"id": role_id})
    session.commit()
    synchronise()
    held = text("SELECT count(*) FROM ab_permission_view_role WHERE role_id = :id")
    assert session.scalar(held, {"id": role_id}) == 0
    assert set(session.scalars(select(RoleScope.scope).where(RoleScope.role_id == role_id))) == {"unit"}


@pytest.mark.usefixtures("as_system")
def test_a_new_line_of_a_template_reaches_its_role() -> None:
    templates = context().role_templates
    templates["auditor"] = RoleTemplate("auditor", "Auditor", {"CustomerView": ("can_list",)}, {"customer": Scope.ALL})
    assert synchronise().roles == 1
    templates["auditor"] = RoleTemplate("auditor", "Auditor", {"CustomerView": ("can_list", "can_show")})
    done = synchronise()
    assert (done.roles, done.grants, done.scopes) == (0, 1, 0)


@pytest.mark.usefixtures("as_system")
def test_a_role_an_admin_deleted_does_not_come_back_and_a_namesake_is_left_alone() -> None:
    templates = context().role_templates
    session.execute(text("INSERT INTO ab_role (id, name) VALUES (900, 'auditor')"))
    session.commit()
    templates["auditor"] = RoleTemplate("auditor", "Auditor", {"CustomerView": ("can_list",)})
    synchronise()
    names = set(session.scalars(text("SELECT name FROM ab_role WHERE name LIKE 'auditor%'")))
    assert names == {"auditor", "auditor_2"}
    made = "SELECT role_id FROM access_role_info WHERE template = 'auditor'"
    session.execute(text(f"DELETE FROM ab_permission_view_role WHERE role_id IN ({made})"))
    session.execute(text("DELETE FROM access_role_info WHERE template = 'auditor'"))
    session.execute(text("DELETE FROM ab_role WHERE name = 'auditor_2'"))
    session.commit()
    templates["auditor"] = RoleTemplate("auditor", "Auditor", {"CustomerView": ("can_list", "can_show")})
    assert synchronise().roles == 0
