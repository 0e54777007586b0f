"""From what a provider says of somebody to a person: pure decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.host.signin import Provider, group_key

LONGEST_SUBJECT, LONGEST_NAME = 1000, 64
Claims = Mapping[str, Sequence[str]]


class Unreachable(Exception):
    """A provider that does not answer, or answers what is no answer; the message is for the log."""


class NotProven(Exception):
    """What came back does not prove who somebody is; the message is for the log."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as a provider knows them. `subject` is what never changes; the rest may be empty."""

    provider: str
    subject: str
    login: str = ""
    name: str = ""
    email: str = ""
    groups: tuple[str, ...] = ()


def person_of(provider: Provider, claims: Claims, *, believes_email: bool = True) -> Person:
    """The person some claims speak of. Raises `NotProven` without a subject, or with one too long to keep.

    An e-mail address the provider has not verified is left out: nobody is known by it.
    """
    subject = _first(claims, provider.subject)
    if not subject or len(subject) > LONGEST_SUBJECT:
        raise NotProven(f"{provider.key}: there is no usable '{provider.subject}'")
    return Person(
        provider.key,
        subject,
        login=_first(claims, provider.login),
        name=_first(claims, provider.name),
        email=_first(claims, provider.email) if believes_email else "",
        groups=tuple(claims.get(provider.groups, ())),
    )


def _first(claims: Claims, name: str) -> str:
    values = claims.get(name, ())
    return values[0].strip().replace("\0", "") if values else ""


def given_roles(provider: Provider, groups: Iterable[str]) -> set[str]:
    """The names of the roles these groups give; none that the mapping does not name."""
    held = {group_key(group) for group in groups}
    return {role for group, roles in provider.roles.items() if group in held for role in roles}


def named_roles(provider: Provider) -> set[str]:
    """Every role the mapping could give."""
    return {role for roles in provider.roles.values() for role in roles}


def is_login_name(login: str) -> bool:
    """Whether a login may be called so: letters, digits and signs of ASCII, without blanks."""
    return 0 < len(login) <= LONGEST_NAME and login.isascii() and all(32 < ord(c) < 127 for c in login)


def flat(claims: Mapping[str, Any], prefix: str = "") -> dict[str, tuple[str, ...]]:
    """Claims of JSON as lists of texts; one inside another is named with a dot.

    >>> flat({"sub": "7", "realm_access": {"roles": ["a", "b"]}, "ok": True})
    {'sub': ('7',), 'realm_access.roles': ('a', 'b')}
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, value in claims.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        elif isinstance(value, str):
            found[prefix + name] = (value,)
        elif isinstance(value, list):
            found[prefix + name] = tuple(item for item in value if isinstance(item, str))
    return found
