"""The cast: a small bank with people of known roles, and a browser they can log in with.

总行 ── 分行 ── 支行北 (head, manager, colleague)
          └── 支行南 (stranger)          city_manager sits in 分行, admin in 总行
"""

from __future__ import annotations

from contextvars import Context
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, current_app, has_app_context
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import column, select, table, update

from app.access.actors import ADMIN_ROLE, acting_as, load_actor
from app.access.models import FieldPermission, RoleInfo, RoleScope
from app.access.sessions import open_session
from app.base.security.hashing import hash_password
from app.base.security.sessions import COOKIE_KEY
from app.base.security.stamps import stamp_of
from app.db import session, transaction
from app.organisation.models import Employee, Unit
from app.testing.factories import make_employee, make_unit
from app.types import SYSTEM, Actor

PASSWORD = "correct horse 7"
#: Made once: the plugin has let the tests' hashes cost next to nothing.
_HASH = hash_password(PASSWORD)
#: What the browsers of the tests say they are.
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"
CSRF_FIELD = "csrf_token"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone of the cast with a login. `actor` is what the product knows of them now."""

    name: str
    username: str
    user_id: int
    employee_id: int
    unit_id: int
    role_id: int
    password: str = PASSWORD

    @property
    def actor(self) -> Actor:
        found = load_actor(self.user_id)
        assert found is not None
        return found


@dataclass(slots=True)
class People:
    """Units and people; use `add` for more of them."""

    head_office: Unit
    branch: Unit
    north: Unit
    south: Unit
    admin: Person = field(init=False)
    city_manager: Person = field(init=False)
    head: Person = field(init=False)
    manager: Person = field(init=False)
    colleague: Person = field(init=False)
    stranger: Person = field(init=False)

    def add(self, username: str, name: str, unit: Unit, role: str) -> Person:
        """One more employee with a login. `role` is a role template's slug or a role's name."""
        return add_person(username, name, unit, role)


def add_person(username: str, name: str, unit: Unit, role: str) -> Person:
    """An employee of `unit` with a login that holds a role: a template's slug or the role's name."""
    employee = make_employee(unit, name, code=f"E-{username}")
    manager = current_app.appbuilder.sm  # type: ignore[attr-defined]
    role_id = session.scalar(select(RoleInfo.role_id).where(RoleInfo.template == role).order_by(RoleInfo.role_id))
    if role_id is None:
        roles = table("ab_role", column("id"), column("name"))
        role_id = session.scalar(select(roles.c.id).where(roles.c.name == role))
    if role_id is None:
        raise LookupError(f"there is no role template or role '{role}'")
    role_record = session.get(manager.role_model, role_id)
    user = manager.add_user(username, name[1:], name[:1], f"{username}@example.com", role_record, hashed_password=_HASH)
    assert user, f"the login {username} could not be made"
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(Employee).where(Employee.id == employee.id).values(user_id=user.id))
    session.expire(employee)
    return Person(name, username, user.id, employee.id, unit.id, role_id)


def keep_field(person: Person, entity: str, name: str, level: str = "hidden") -> None:
    """Keep a field from the role of a person: ``hidden``, ``masked`` or ``read``; who is logged in logs in anew."""
    with acting_as(SYSTEM), transaction() as current:
        current.add(FieldPermission(role_id=person.role_id, entity=entity, field=name, level=level))


def narrow(person: Person, scope: str, *entities: str) -> None:
    """Let the role of a person reach so far in these entities, named in its template: ``unit_and_below``."""
    with acting_as(SYSTEM), transaction() as current:
        held = select(RoleScope).where(RoleScope.role_id == person.role_id, RoleScope.entity.in_(entities))
        for one in current.scalars(held):
            one.scope = scope


def make_people() -> People:
    """The cast, committed to the current site's database."""
    top = make_unit("总行", level="head_office", code="HO")
    branch = make_unit("分行", top, level="branch_1", code="B1")
    cast = People(
        top,
        branch,
        make_unit("支行北", branch, level="sub_branch", code="B1N"),
        make_unit("支行南", branch, level="sub_branch", code="B1S"),
    )
    cast.admin = add_person("admin", "管理员", top, ADMIN_ROLE)
    cast.city_manager = add_person("zhou", "周城", branch, "city_manager")
    cast.head = add_person("wu", "吴主管", cast.north, "department_head")
    cast.manager = add_person("zhang", "张经理", cast.north, "account_manager")
    cast.colleague = add_person("li", "李同事", cast.north, "account_manager")
    cast.stranger = add_person("wang", "王外人", cast.south, "account_manager")
    return cast


def meet_people(cast: People) -> People:
    """The same cast in the current site, whose database is a copy of the one it was made in."""
    met = copy(cast)
    with acting_as(SYSTEM):
        units = {unit.id: unit for unit in session.scalars(select(Unit))}
        for place in ("head_office", "branch", "north", "south"):
            setattr(met, place, units[getattr(cast, place).id])
    return met


class Browser(FlaskClient):
    """A test client whose requests share nothing with the test but the database, as in production.

    What the test has open is committed before each request and read afresh after it. POST, PUT, PATCH and
    DELETE carry a valid CSRF token; pass ``csrf=False`` to leave it out. `htmx=True` adds the htmx header.
    """

    def open(self, *args: Any, csrf: bool = True, htmx: bool = False, **kwargs: Any) -> Any:
        headers = dict(kwargs.pop("headers", None) or {})
        method = str(kwargs.get("method", "GET")).upper()
        if csrf and method in ("POST", "PUT", "PATCH", "DELETE"):
            headers.setdefault("X-CSRFToken", Context().run(csrf_token, self))
        if htmx:
            headers.setdefault("HX-Request", "true")
        if has_app_context():
            session.commit()
        response = Context().run(super().open, *args, headers=headers, **kwargs)
        if has_app_context():
            session.expire_all()
        return response


def csrf_token(client: FlaskClient) -> str:
    """A CSRF token that fits the client's session."""
    application: Flask = client.application
    with client.session_transaction() as kept:
        raw = kept.setdefault(CSRF_FIELD, "0" * 40)
    assert application.secret_key is not None
    token = URLSafeTimedSerializer(application.secret_key, salt="wtf-csrf-token").dumps(raw)
    return token if isinstance(token, str) else token.decode()


def login(client: FlaskClient, person: Person | None) -> FlaskClient:
    """Let `person` be logged in at `client` (None logs out); returns the client."""
    if has_app_context():
        session.commit()
    Context().run(_login, client, person)
    return client


def _login(client: FlaskClient, person: Person | None) -> None:
    with client.session_transaction() as kept:
        kept.clear()
        if person is not None:
            with client.application.app_context():
                user = current_app.appbuilder.sm.get_user_by_id(person.user_id)  # type: ignore[attr-defined]
                raw = open_session(person.user_id, stamp_of(user), address="127.0.0.1", agent=AGENT)
                kept.update({COOKIE_KEY: raw, "_fresh": True})
