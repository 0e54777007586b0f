"""What a role holds is kept in the process, and every change of it acts at once."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import delete, text

from app.access.actors import load_actor
from app.access.models import RoleScope
from app.db import session, transaction
from app.testing.people import People
from app.testing.statements import heard
from app.types import Scope


def test_roles_are_read_once(app: Flask, people: People) -> None:
    first = load_actor(people.manager.user_id)
    with heard() as statements:
        second = load_actor(people.manager.user_id)
    assert first is not None and second is not None
    assert second.permissions is first.permissions
    assert len([one for one in statements if one.startswith("SELECT")]) == 2, statements


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM ab_permission_view_role",
        "UPDATE access_role_scope SET scope = 'none'",
        "UPDATE ab_role SET name = name || '2' WHERE name <> 'Admin'",
    ],
)
def test_any_change_acts_at_once_whoever_wrote_it(app: Flask, people: People, change: str) -> None:
    before = load_actor(people.manager.user_id)
    with transaction() as current:
        current.execute(text(change))
    after = load_actor(people.manager.user_id)
    assert before is not None and after is not None
    assert (before.grants, before.permissions) != (after.grants, after.permissions)


def test_what_was_rolled_back_is_never_believed(app: Flask, people: People) -> None:
    before = load_actor(people.manager.user_id)
    assert before is not None and before.widest("customer") is not Scope.NONE
    session.execute(delete(RoleScope))
    within = load_actor(people.manager.user_id)
    assert within is not None and within.widest("customer") is Scope.NONE
    session.rollback()
    after = load_actor(people.manager.user_id)
    assert after is not None and after.grants == before.grants
