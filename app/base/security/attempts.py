"""One attempt to log in with name and password, at the page or over REST: checked, counted, audited, locked."""

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
from app.db import transaction

#: Longer names are refused before anything is looked up.
LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Attempt:
    """The login that fits, or None; `wait` in seconds when nobody may try now, whatever was typed."""

    user: Any = None
    wait: int = 0


def attempt(name: str, password: str, via: str = "") -> Attempt:
    """Check name and password. The answer and what is counted are the same for names that do not exist.

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
    user = manager.auth_user_db(name, password)
    if user is None:
        failed(counted, known, via)
        return Attempt()
    if password_set_at(user.id) is None:  # from before ages were written down: it begins now
        note_password(user.id, user.password)
    return Attempt(user)


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
