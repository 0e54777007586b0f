"""What a password must be, in the person's language, and the one place where a password is changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from sqlalchemy import select, update

from app.access.sessions import end_sessions
from app.access.signin.history import last_passwords, note_password
from app.access.signin.rules import LONGEST, Policy, Weakness, weakness_of
from app.access.signin.settings import policy
from app.base.security.hashing import fits_password, hash_password
from app.db import Model, session, transaction

__all__ = ["LONGEST", "change_password", "person_words", "requirements", "was_used", "weakness"]


def weakness(password: str, username: str, about: Iterable[str] = (), asked: Policy | None = None) -> str:
    """Why a password is refused, in the person's language; empty when it is accepted.

    `about` are words about the person that it may not contain; `asked` is the site's policy unless given.
    """
    asked = asked or policy()
    found = weakness_of(password, asked, username, about)
    return "" if found is None else _told(found, asked)


def _told(found: Weakness, asked: Policy) -> str:
    if found is Weakness.SHORT:
        return _("At least %(length)s characters.", length=asked.length)
    if found is Weakness.LONG:
        return _("At most %(length)s characters.", length=LONGEST)
    if found is Weakness.CLASSES:
        return _("Use %(count)s of: small letters, capitals, digits, other characters.", count=asked.classes)
    if found is Weakness.LOGIN:
        return _("The password may not contain the login name.")
    if found is Weakness.PERSON:
        return _("The password may not contain your name, telephone number, e-mail address or staff number.")
    return _("This password is too easy to guess.")


def requirements() -> list[str]:
    """What the site asks of a new password, line by line, for the form."""
    asked = policy()
    lines = [_("At least %(length)s characters.", length=asked.length)]
    if asked.classes > 1:
        lines.append(_told(Weakness.CLASSES, asked))
    lines.append(_("No well-known password; not your name, login name or telephone number."))
    if asked.history:
        lines.append(_("None of your last %(count)s passwords.", count=asked.history))
    return lines


def person_words(user_id: int) -> list[str]:
    """What others know of the person: name, telephone, e-mail addresses, staff number."""
    employee = Model.metadata.tables["org_employee"]
    row = session.execute(
        select(
            *(User.first_name, User.last_name, User.email),
            *(employee.c.name, employee.c.mobile, employee.c.email.label("mail"), employee.c.code),
        )
        .outerjoin(employee, employee.c.user_id == User.id)
        .where(User.id == user_id)
    ).one_or_none()
    if row is None:
        return []
    words = [f"{row.last_name}{row.first_name}", *row]
    return [word for word in words if word]


def was_used(user_id: int, password: str) -> bool:
    """Whether it is one of the last passwords the site does not want again."""
    return any(fits_password(hashed, password) for hashed in last_passwords(user_id, policy().history))


def change_password(user_id: int, password: str, *, but: int | None = None, **values: Any) -> None:
    """Give a login this password, which must have been found good; `values` are other columns of the login.

    All its sessions and tokens end at once, all but the session `but`.
    """
    hashed = hash_password(password)
    with transaction() as current:
        current.execute(update(User).where(User.id == user_id).values(password=hashed, **values))
        note_password(user_id, hashed)
        end_sessions(user_id, "password", but=but)
