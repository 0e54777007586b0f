"""Making logins and setting passwords, for commands and screens alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_appbuilder.security.sqla.models import Role, User
from flask_babel import gettext as _
from sqlalchemy import func, select

from app.access.actors import ADMIN_ROLE
from app.access.audit import Act, record_acts
from app.access.models import RoleInfo
from app.access.signin.factors import remove_factor
from app.base.security.passwords import change_password, person_words, was_used, weakness
from app.db import session, transaction
from app.types import Refused

#: In the place of a hash: nothing typed ever fits it.
NO_PASSWORD = "!"  # noqa: S105


def create_login(username: str, password: str, *, name: str, roles: Sequence[str], email: str | None = None) -> Any:
    """A login holding the named roles. Raises `Refused` for a taken name, weak password, unknown role."""
    if not username.strip() or len(username) > 64:
        raise Refused(_("A login name has 1 to 64 characters"), field="username")
    if session.scalar(select(User.id).where(func.lower(User.username) == username.lower())) is not None:
        raise Refused(_("The login name %(name)s is taken", name=username), field="username")
    if reason := weakness(password, username, (name,)):
        raise Refused(reason, field="password")
    held = list(session.scalars(select(Role).where(Role.name.in_(roles))))
    if missing := sorted(set(roles) - {role.name for role in held}):
        raise Refused(_("There is no role %(role)s", role=", ".join(missing)), field="roles")
    with transaction() as current:
        made = User(
            username=username,
            first_name=name[:64],
            last_name="",
            # The column wants one; this address can never be delivered to.
            email=email or f"{username}@login.invalid",
            password=NO_PASSWORD,
            active=True,
            roles=held,
        )
        current.add(made)
        current.flush()
        change_password(made.id, password)
        record_acts(current, [Act("create_login", "user", str(made.id), username)])
    return made


def create_dormant_logins(people: Sequence[tuple[str, str, str]]) -> dict[str, int]:
    """Logins that nobody can use yet: (login name, name, role template) → their ids by login name.

    They are switched off and have no password; an administrator gives one on the screen of logins. A role
    the site does not have is left out. Raises `Refused` when a name is taken.
    """
    names = [username for username, _name, _role in people]
    taken = session.scalars(select(User.username).where(func.lower(User.username).in_(names))).all()
    if taken:
        raise Refused(_("The login name %(name)s is taken", name=taken[0]), field="username")
    rows = session.execute(
        select(RoleInfo.template, Role).join(Role, Role.id == RoleInfo.role_id).order_by(RoleInfo.role_id.desc())
    )
    roles = {template: role for template, role in rows}  # noqa: C416  (rows are no pairs to mypy)
    with transaction() as current:
        made = [
            User(
                username=username,
                first_name=name[:64],
                last_name="",
                email=f"{username}@login.invalid",
                password=NO_PASSWORD,
                active=False,
                roles=[roles[role]] if role in roles else [],
            )
            for username, name, role in people
        ]
        current.add_all(made)
        current.flush()
        record_acts(current, [Act("create_login", "user", str(user.id), user.username) for user in made])
    return {user.username: user.id for user in made}


def wake_login(username: str, password: str) -> None:
    """Give a dormant login its first password and switch it on. Raises `Refused` when it is too weak."""
    with transaction():
        user = find_login(username)
        set_password(user, password)
        user.active = True


def find_login(username: str) -> Any:
    """The login of that name. Raises `Refused` when there is none."""
    found = session.scalar(select(User).where(func.lower(User.username) == username.lower()))
    if found is None:
        raise Refused(_("There is no login %(name)s", name=username))
    return found


def set_password(user: Any, password: str) -> None:
    """Give a login a new password. Raises `Refused` when it is too weak."""
    reason = weakness(password, user.username, person_words(user.id))
    if not reason and was_used(user.id, password):
        reason = _("This password was used before; choose another one.")
    if reason:
        raise Refused(reason, field="password")
    with transaction() as current:
        change_password(user.id, password)
        record_acts(current, [Act("set_password", "user", str(user.id), user.username)])


def forget_factor(username: str) -> None:
    """Forget the second factor of a login. Raises `Refused` when there is none."""
    with transaction() as current:
        user = find_login(username)
        if not remove_factor(user.id):
            raise Refused(_("There is no second factor"))
        record_acts(current, [Act("factor_reset", "user", str(user.id), user.username)])


def has_administrator() -> bool:
    """Whether the site has a login that holds the administrator's role."""
    held = select(User.id).where(User.active, User.roles.any(Role.name == ADMIN_ROLE)).limit(1)
    return session.scalar(held) is not None
