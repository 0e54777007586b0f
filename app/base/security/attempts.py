"""One attempt to log in with name and password, at the page or over REST: checked, counted, audited, locked.

The password is Qiao's own, or that of the client's directory where the site names one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address

from app.access.audit import Act, record_acts
from app.access.signin.history import note_password, password_set_at
from app.access.signin.locks import count_failure, forget_failures, seconds_to_wait
from app.access.signin.rules import LONGEST, network_of
from app.base.security.directories import Tried, try_directories
from app.base.security.hashing import spend
from app.db import transaction
from app.host.context import context

#: Longer names are refused before anything is looked up.
LONGEST_NAME = 64
#: The provider that is Qiao itself.
OWN = "db"


@dataclass(frozen=True, slots=True)
class Attempt:
    """The login that fits, or None; `wait` in seconds when nobody may try now, whatever was typed.

    `provider` is the directory that proved it; `reason` why a directory's person may not come in all the same;
    `away` whether a directory could not be asked.
    """

    user: Any = None
    wait: int = 0
    provider: str = ""
    reason: str = ""
    away: bool = False


def attempt(name: str, password: str, via: str = "", provider: str = "") -> Attempt:
    """Check name and password, at one `provider` or wherever the site has them ("db" is Qiao itself).

    The answer and what is counted are the same for names that do not exist.

    A failure of a known name is kept in the audit log; so is a lock. Who gets in with nothing more to ask must
    be told to `succeeded`, else the failures go on counting.
    """
    if not name or len(name) > LONGEST_NAME or not 0 < len(password) <= LONGEST:
        return Attempt()
    manager = current_app.appbuilder.sm  # type: ignore[attr-defined]
    known = manager.find_user(username=name) or manager.find_user(email=name)
    counted = known.username if known is not None else name
    address = get_remote_address()
    if wait := seconds_to_wait(counted, address):
        return Attempt(wait=wait)
    user = _by_own_password(counted, name, password) if provider in ("", OWN) else None
    if user is not None:
        if password_set_at(user.id) is None:  # from before ages were written down: it begins now
            note_password(user.id, user.password)
        return Attempt(user)
    if provider == OWN or is_emergency(counted) or is_emergency(name):
        tried = Tried()
    else:
        tried = try_directories(name, password, provider)
    if tried.user is None and not tried.wait:
        failed(tried.name or counted, tried.known or known, via or tried.provider)
    return Attempt(tried.user, tried.wait, tried.provider, tried.reason, tried.away)


def is_emergency(name: str) -> bool:
    """Whether a login name always comes in by its own password, and is never asked for elsewhere."""
    return name.strip().lower() in context().site.signin.emergency


def _by_own_password(counted: str, name: str, password: str) -> Any:
    """The login whose own password it is, where the site lets that login use one."""
    if context().site.signin.emergency_only and not is_emergency(counted):
        spend(password)
        return None
    return current_app.appbuilder.sm.auth_user_db(name, password)  # type: ignore[attr-defined]


def failed(name: str, known: Any, via: str = "") -> None:
    """Count a failure of a login name from the request's address and write it down."""
    address = get_remote_address()
    way: dict[str, list[Any]] = {"via": [None, via]} if via else {}
    with transaction() as current:
        name_locked, address_locked = count_failure(name, address)
        acts = []
        if known is not None:
            acts.append(Act("login_failed", "user", str(known.id), known.username, way))
            if name_locked:
                acts.append(Act("lock", "user", str(known.id), known.username))
        if address_locked:
            network = network_of(address)
            acts.append(Act("lock", "address", network[:60], network[:60]))
        record_acts(current, acts)


def succeeded(user: Any, via: str = "") -> None:
    """Write down that a login got in, and count its failures anew; the person acts already."""
    way: dict[str, list[Any]] = {"via": [None, via]} if via else {}
    with transaction() as current:
        forget_failures(user.username)
        record_acts(current, [Act("login", "user", str(user.id), user.username, way)])


def told_to_wait(seconds: int) -> str:
    """What somebody reads who has to wait, in their language."""
    minutes = (seconds + 59) // 60
    return _("Too many failed attempts. Try again in %(minutes)s minutes, or ask an administrator.", minutes=minutes)


def away() -> str:
    """What somebody reads whose name and password could not be asked about everywhere."""
    return _("The company's directory does not answer at the moment. Try again later, or ask an administrator.")
