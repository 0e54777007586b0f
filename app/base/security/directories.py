"""Name and password tried at the client's directories (LDAP), in the order the site names them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_limiter.util import get_remote_address

from app.access.signin.locks import seconds_to_wait
from app.access.signin.outside.claims import NotProven, Person, Unreachable, person_of
from app.access.signin.outside.identities import linked_login
from app.access.signin.outside.ldap import Directory, Entry, opened
from app.base.security.outside import admit
from app.db import session
from app.host.context import context
from app.host.signin import LDAP, Provider
from app.types import Refused

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tried:
    """What directories said: a login, a reason it may not come in, seconds to wait; else whose failure it is."""

    user: Any = None
    provider: str = ""
    reason: str = ""
    wait: int = 0
    #: Some directory could not be asked.
    away: bool = False
    #: The login the name stands for there, where it is another than the typed one's.
    known: Any = None
    name: str = ""

    @property
    def is_over(self) -> bool:
        return bool(self.user is not None or self.reason or self.wait)


def directories(only: str = "") -> list[Provider]:
    """The site's directories, or the one of this name."""
    found = context().site.signin.providers.values()
    return [each for each in found if each.kind == LDAP and only in ("", each.key)]


def try_directories(name: str, password: str, only: str = "") -> Tried:
    """Ask each directory until one knows name and password. A directory that is away does not stop the others."""
    tried = Tried()
    for provider in directories(only):
        try:
            _try(provider, name, password, tried)
        except Unreachable as away:
            log.error("a directory could not be asked: %s", away)
            tried.away = True
        if tried.is_over:
            break
    return tried


def _try(provider: Provider, name: str, password: str, tried: Tried) -> None:
    with opened(provider) as directory:
        _let_go()
        entry = directory.find(name)
        person = _person(provider, entry)
        if person is not None and _must_wait(provider, person, tried):
            return
        _let_go()
        if not directory.fits(entry, password) or person is None or entry is None:
            return
        person = _with_groups(directory, entry, person)
    try:
        tried.user = admit(provider, person)
        tried.provider = provider.key
    except Refused as refused:
        log.warning("provider %s: %s is proven and refused", provider.key, person.login or "somebody")
        tried.reason = refused.reason


def _let_go() -> None:
    """End what the request has read so far: no lock of the database is held while somebody else is asked."""
    session.commit()


def _person(provider: Provider, entry: Entry | None) -> Person | None:
    if entry is None:
        return None
    try:
        return person_of(provider, entry.claims(provider, ()))
    except NotProven as lacking:
        log.error("a directory's entry cannot be used: %s", lacking)
        return None


def _must_wait(provider: Provider, person: Person, tried: Tried) -> bool:
    """Whether the login behind the typed name is locked: one person has several spellings there."""
    found = linked_login(provider.key, person.subject)
    known = session.get(User, found) if found is not None else None
    tried.known = known or tried.known
    tried.name = known.username if known is not None else person.login or tried.name
    if tried.name:
        tried.wait = seconds_to_wait(tried.name, get_remote_address())
    return tried.wait > 0


def _with_groups(directory: Directory, entry: Entry, person: Person) -> Person:
    return replace(person, groups=directory.groups(entry))
