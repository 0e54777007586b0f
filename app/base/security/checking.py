"""Trying a way in from outside without anybody logging in, for who sets it up: what answers, and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from cryptography import x509
from flask_appbuilder.security.sqla.models import Role
from flask_babel import gettext as _
from sqlalchemy import select

from app.access.signin.outside import oidc
from app.access.signin.outside.claims import NotProven, Unreachable, given_roles, named_roles, person_of
from app.access.signin.outside.ldap import opened
from app.base.security.outside import known_login
from app.base.security.roles.grants import role_labels
from app.db import now, session
from app.host.context import context
from app.host.signin import LDAP, Provider, Saml
from app.types import Refused


def check_provider(key: str, login: str = "") -> Iterator[str]:
    """Lines about a provider: that it answers, missing roles; of a directory also who `login` is there.

    Raises `Refused` for an unknown one, and for one that does not answer as it should, with its own words.
    """
    provider = context().site.signin.providers.get(key)
    if provider is None:
        raise Refused(_("The site has no way to sign in of the name %(name)s", name=key))
    if missing := missing_roles(provider):
        yield f"roles that do not exist here: {', '.join(missing)}"
        yield f"there are: {', '.join(_roles())}"
    try:
        if provider.kind == LDAP:
            yield from _directory(provider, login)
        elif isinstance(provider.options, Saml):
            yield from _certificates(provider.options)
        else:
            yield f"keys of {provider.options.issuer}: {oidc.number_of_keys(provider)}"  # type: ignore[union-attr]
    except (Unreachable, NotProven, ValueError) as wrong:
        raise Refused(f"{key}: {wrong}") from wrong


def missing_roles(provider: Provider) -> list[str]:
    """The roles its mapping names that the site does not have."""
    return sorted(named_roles(provider) - set(session.scalars(select(Role.name))))


def _roles() -> list[str]:
    """The names roles are kept under, each with the name it is shown by."""
    labels = role_labels()
    names = session.execute(select(Role.name, Role.id).order_by(Role.name))
    return [f"{name} ({labels[role_id]})" for name, role_id in names]


def _directory(provider: Provider, login: str) -> Iterator[str]:
    with opened(provider) as directory:
        entry = directory.find(login or "nobody")
        if not login:
            yield "the directory answers"
        elif entry is None:
            yield f"the filter finds nobody, or several people, for {login}"
        else:
            person = person_of(provider, entry.claims(provider, directory.groups(entry)))
            known = known_login(person)
            yield f"{entry.dn}"
            yield f"subject {person.subject}, login name {person.login or '-'}, name {person.name or '-'}"
            yield f"groups: {'; '.join(person.groups) or '-'}"
            yield f"roles by them: {', '.join(sorted(given_roles(provider, person.groups))) or '-'}"
            yield f"login here: {known.username if known is not None else 'none is linked'}"


def _certificates(options: Saml) -> Iterator[str]:
    for each in options.certificates:
        found = x509.load_pem_x509_certificate(each.encode())
        until = found.not_valid_after_utc.astimezone(UTC)
        state = "has expired" if until < now() else "counts"
        yield f"certificate of {found.subject.rfc4514_string() or '-'} {state} (until {until:%Y-%m-%d})"
