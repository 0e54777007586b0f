"""Logins of employees: made with a password told once, given roles, switched off (SEC-1, SEC-6)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_appbuilder.security.sqla.models import Role, User, assoc_user_role
from flask_babel import gettext as _
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from app.access.actors import ADMIN_ROLE, require_actor
from app.access.audit import Act, record_acts
from app.access.preferences import set_preference
from app.access.sessions import end_session, end_sessions
from app.access.signin.factors import remove_factor
from app.access.signin.locks import forget_failures, unlock_address
from app.access.signin.settings import policy
from app.base.security.logins import create_login
from app.base.security.passwords import change_password, weakness
from app.base.security.recovery import FACTOR_RESET, PASSWORD_RESET, refuse_both
from app.base.security.roles.asking import ask_login
from app.base.security.roles.grants import may_give, may_manage, role_labels
from app.base.security.stamps import MUST_CHANGE, set_by
from app.db import Model, session, transaction
from app.types import Held, Refused

#: Without the characters people mistake for each other.
ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Account:
    """An employee with the login they may have, or a login without an employee."""

    employee_id: int | None
    name: str
    code: str
    unit: str
    left: bool
    user_id: int | None
    username: str
    active: bool
    last_login: Any
    role_ids: tuple[int, ...] = ()


def account_list(q: str = "", state: str = "", page: int = 1) -> tuple[list[Account], bool]:
    """(one page of employees by staff number, whether there are more).

    `state` is ``with``, ``without``, ``off`` (switched off) or nothing.
    """
    employee, unit, user = _tables()
    statement = _columns().select_from(
        employee.join(unit, unit.c.id == employee.c.unit_id).outerjoin(user, user.c.id == employee.c.user_id)
    )
    if q:
        like = [c.icontains(q, autoescape=True) for c in (employee.c.name, employee.c.code, user.c.username)]
        statement = statement.where(or_(*like))
    if state == "with":
        statement = statement.where(user.c.id.is_not(None))
    elif state == "without":
        statement = statement.where(user.c.id.is_(None))
    elif state == "off":
        statement = statement.where(user.c.active.is_(False))
    statement = statement.order_by(employee.c.code, employee.c.id)
    rows = session.execute(statement.limit(PAGE_SIZE + 1).offset((page - 1) * PAGE_SIZE)).all()
    return _accounts(rows[:PAGE_SIZE]), len(rows) > PAGE_SIZE


def loose_logins() -> list[Account]:
    """Logins without an employee: administrators made at the console."""
    employee, unit, user = _tables()
    statement = _columns().select_from(
        user.outerjoin(employee, employee.c.user_id == user.c.id).outerjoin(unit, unit.c.id == employee.c.unit_id)
    )
    rows = session.execute(statement.where(employee.c.id.is_(None)).order_by(user.c.username).limit(200)).all()
    return _accounts(rows)


def read_account(*, employee_id: int | None = None, user_id: int | None = None) -> Account | None:
    """One account, by its employee or by its login."""
    employee, unit, user = _tables()
    if employee_id is not None:
        origin = employee.join(unit, unit.c.id == employee.c.unit_id)
        origin = origin.outerjoin(user, user.c.id == employee.c.user_id)
        chosen = employee.c.id == employee_id
    else:
        origin = user.outerjoin(employee, employee.c.user_id == user.c.id)
        origin = origin.outerjoin(unit, unit.c.id == employee.c.unit_id)
        chosen = user.c.id == user_id
    rows = session.execute(_columns().select_from(origin).where(chosen)).all()
    return _accounts(rows)[0] if rows else None


def _tables() -> tuple[Any, Any, Any]:
    tables = Model.metadata.tables
    return tables["org_employee"], tables["org_unit"], User.__table__


def _columns() -> Any:
    employee, unit, user = _tables()
    return select(
        *(employee.c.id, employee.c.name, employee.c.code, unit.c.name.label("unit"), employee.c.left_on),
        *(user.c.id.label("user_id"), user.c.username, user.c.active, user.c.last_login),
        *(user.c.first_name, user.c.last_name),
    )


def _accounts(rows: Sequence[Any]) -> list[Account]:
    ids = [row.user_id for row in rows if row.user_id is not None]
    held: dict[int, list[int]] = {}
    own = assoc_user_role
    for user_id, role_id in session.execute(
        select(own.c.user_id, own.c.role_id).where(own.c.user_id.in_(ids)).order_by(own.c.role_id)
    ):
        held.setdefault(user_id, []).append(role_id)
    return [
        Account(
            row.id,
            row.name or f"{row.last_name}{row.first_name}".strip() or row.username,
            row.code or "",
            row.unit or "",
            row.left_on is not None,
            row.user_id,
            row.username or "",
            bool(row.active),
            row.last_login,
            tuple(held.get(row.user_id, ())),
        )
        for row in rows
    ]


def open_account(employee_id: int, username: str, role_ids: Iterable[int], email: str = "") -> tuple[int, str]:
    """Make an employee's login; returns (its id, its first password, told once and to be changed).

    Raises `Refused` for somebody who has one or has left, a taken or odd name, a role the actor may not give. Where the
    site wants an approval for rights (`app.fields.gate.act_held`), it gets its roles at the end of that.
    """
    wanted = set(role_ids)
    password = new_password()
    with transaction() as current:
        account = read_account(employee_id=employee_id)
        if account is None or account.left:
            raise Refused(_("There is no such employee, or they have left"))
        if account.user_id is not None:
            raise Refused(_("%(name)s has a login already", name=account.name))
        _refuse_roles(wanted)
        if not username.isascii() or any(ord(c) < 33 for c in username):
            raise Refused(_("Use letters, digits and the usual signs, without blanks"), field="username")
        if email and current.scalar(select(User.id).where(func.lower(User.email) == email.lower())):
            raise Refused(_("A login with this e-mail address exists already"), field="email")
        user = create_login(username, password, name=account.name, roles=(), email=email or None)
        employee = _tables()[0]
        current.execute(update(employee).where(employee.c.id == employee_id).values(user_id=user.id))
        made = replace(account, username=user.username)
        if wanted and _ask_roles(made, user.id, set(), wanted) is not None:
            wanted = set()
        _store_roles(current, user.id, wanted, set())
        set_preference(MUST_CHANGE, True, user_id=user.id)
        changes = {"roles": [None, _names(wanted)], "user_id": [None, user.id]}
        record_acts(current, [Act("update", "employee", str(employee_id), account.name, changes)])
    return int(user.id), password


def set_roles(user_id: int, role_ids: Iterable[int]) -> Held | None:
    """Let a login hold exactly these roles of its own.

    Raises `Refused` for one's own login, a role the actor may not give or take, and the last administrator. The answer
    is the approval that stands for the change, where the site wants one; None: it is done.
    """
    wanted = set(role_ids)
    with transaction() as current:
        account = _manageable(current, user_id)
        held = set(account.role_ids)
        if held == wanted:
            return None
        _refuse_own(user_id)
        _refuse_roles(wanted - held)
        if _admin_role() in held - wanted:
            _refuse_last_administrator(current, user_id)
        if (asked := _ask_roles(account, user_id, held, wanted)) is not None:
            return asked
        _store_roles(current, user_id, wanted - held, held - wanted)
        changes = {"roles": [_names(held), _names(wanted)]}
        record_acts(current, [Act("update", "user", str(user_id), account.username, changes)])
    return None


def reset_password(user_id: int) -> str:
    """A new password for a login, told once and to be changed; ends all its sessions and tokens.

    A second factor stays. The person is told who did it, and when. Raises `Refused`, also for whoever has reset the
    second factor lately.
    """
    password = new_password()
    with transaction() as current:
        account = _manageable(current, user_id)
        _refuse_own(user_id)
        refuse_both(user_id, FACTOR_RESET)
        change_password(user_id, password, fail_login_count=0)
        forget_failures(account.username)
        set_preference(MUST_CHANGE, set_by(require_actor()), user_id=user_id)
        record_acts(current, [Act(PASSWORD_RESET, "user", str(user_id), account.username)])
    return password


def set_active(user_id: int, active: bool) -> None:
    """Switch a login on or off; off ends everything it has open with its next request. Raises `Refused`."""
    with transaction() as current:
        account = _manageable(current, user_id)
        _refuse_own(user_id)
        if account.active == active:
            return
        if not active and _admin_role() in account.role_ids:
            _refuse_last_administrator(current, user_id)
        current.execute(update(User).where(User.id == user_id).values(active=active))
        if not active:
            end_sessions(user_id, "off")
        changes = {"active": [account.active, active]}
        record_acts(current, [Act("update", "user", str(user_id), account.username, changes)])


def new_password() -> str:
    """At least sixteen characters in groups of four: about 88 bits, readable over the telephone."""
    asked = policy()
    groups = max(4, (asked.length + 5) // 5)
    while True:
        made = "-".join("".join(secrets.choice(ALPHABET) for _each in range(4)) for _group in range(groups))
        if not weakness(made, "", asked=asked):
            return made


def unlock(user_id: int) -> None:
    """Let a login that failures have locked try again. Raises `Refused`, also when it is not locked."""
    with transaction() as current:
        account = _manageable(current, user_id)
        if not forget_failures(account.username):
            raise Refused(_("This login is not locked"))
        record_acts(current, [Act("unlock", "user", str(user_id), account.username)])


def end_session_of(user_id: int, session_id: int | None = None) -> int:
    """End one session of a login, or all of them; returns how many were open. Raises `Refused`."""
    with transaction() as current:
        account = _manageable(current, user_id)
        _refuse_own(user_id)
        if session_id is None:
            ended = end_sessions(user_id, "ended")
        else:
            ended = int(end_session(session_id, user_id, "ended"))
        if not ended:
            raise Refused(_("There is no open session any more"))
        record_acts(current, [Act("end_session", "user", str(user_id), account.username, {"sessions": [ended, 0]})])
    return ended


def reset_factor(user_id: int) -> None:
    """Forget the second factor of somebody who has lost it; they may, or must, set up a new one.

    Raises `Refused`, also for whoever has reset the password lately.
    """
    with transaction() as current:
        account = _manageable(current, user_id)
        _refuse_own(user_id)
        refuse_both(user_id, PASSWORD_RESET)
        if not remove_factor(user_id):
            raise Refused(_("There is no second factor"))
        record_acts(current, [Act(FACTOR_RESET, "user", str(user_id), account.username)])


def unlock_network(address: str) -> None:
    """Let a locked network address try again. Raises `Refused` when it is not locked."""
    with transaction() as current:
        if not address or not unlock_address(address):
            raise Refused(_("This address is not locked"))
        record_acts(current, [Act("unlock", "address", address[:60], address[:60])])


def _ask_roles(account: Account, user_id: int, before: set[int], after: set[int]) -> Held | None:
    return ask_login(user_id, account.username, account.name, account.employee_id, before, after)


def _manageable(current: Session, user_id: int) -> Account:
    """The account, locked; only of somebody who holds no more than the actor."""
    current.execute(select(User.id).where(User.id == user_id).with_for_update())
    account = read_account(user_id=user_id)
    if account is None:
        raise Refused(_("There is no such login"))
    if not may_manage(require_actor(), user_id):
        raise Refused(_("This login holds more than you do; ask an administrator"))
    return account


def _refuse_own(user_id: int) -> None:
    if require_actor().user_id == user_id:
        raise Refused(_("Nobody changes their own login here; ask another administrator"))


def _refuse_roles(role_ids: set[int]) -> None:
    if not may_give(require_actor(), role_ids):
        raise Refused(_("This role does not exist, or you may not give it"), field="roles")


def _refuse_last_administrator(current: Session, user_id: int) -> None:
    others = select(User.id).where(User.active, User.id != user_id, User.roles.any(Role.name == ADMIN_ROLE))
    if current.scalar(others.limit(1)) is None:
        raise Refused(_("This is the last administrator; make another one first"))


def _admin_role() -> int | None:
    return session.scalar(select(Role.id).where(Role.name == ADMIN_ROLE))


def _store_roles(current: Session, user_id: int, added: set[int], removed: set[int]) -> None:
    own = assoc_user_role
    if removed:
        current.execute(delete(own).where(own.c.user_id == user_id, own.c.role_id.in_(removed)))
    if added:
        current.execute(insert(own), [{"user_id": user_id, "role_id": role_id} for role_id in sorted(added)])


def _names(role_ids: Iterable[int]) -> list[str]:
    labels = role_labels()
    return [labels.get(role_id, str(role_id)) for role_id in sorted(role_ids)]
