"""Making logins and setting passwords, for commands and screens alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_appbuilder.security.sqla.models import Role, User
from flask_babel import gettext as _
from sqlalchemy import func, select
from werkzeug.security import generate_password_hash

from app.access.actors import ADMIN_ROLE
from app.access.audit import Act, record_acts
from app.base.security.passwords import weakness
from app.db import session, transaction
from app.types import Refused


def create_login(
    username: str, password: str, *, name: str, roles: Sequence[str], email: str | None = None
) -> Any:
    """A login holding the named roles. Raises `Refused` for a taken name, weak password, unknown role."""
    if not username.strip() or len(username) > 64:
        raise Refused(_("A login name has 1 to 64 characters"), field="username")
    if session.scalar(select(User.id).where(func.lower(User.username) == username.lower())) is not None:
        raise Refused(_("The login name %(name)s is taken", name=username), field="username")
    if reason := weakness(password, username):
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
            password=generate_password_hash(password),
            active=True,
            roles=held,
        )
        current.add(made)
        current.flush()
        record_acts(current, [Act("create_login", "user", str(made.id), username)])
    return made


def find_login(username: str) -> Any:
    """The login of that name. Raises `Refused` when there is none."""
    found = session.scalar(select(User).where(func.lower(User.username) == username.lower()))
    if found is None:
        raise Refused(_("There is no login %(name)s", name=username))
    return found


def set_password(user: Any, password: str) -> None:
    """Give a login a new password. Raises `Refused` when it is too weak."""
    if reason := weakness(password, user.username):
        raise Refused(reason, field="password")
    with transaction() as current:
        user.password = generate_password_hash(password)
        record_acts(current, [Act("set_password", "user", str(user.id), user.username)])


def has_administrator() -> bool:
    """Whether the site has a login that holds the administrator's role."""
    held = select(User.id).where(User.active, User.roles.any(Role.name == ADMIN_ROLE)).limit(1)
    return session.scalar(held) is not None
