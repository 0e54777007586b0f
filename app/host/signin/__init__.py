"""Ways to sign in beside Qiao's own passwords, as a site's `site.toml` names them (docs/sign-in.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

LDAP, OIDC, SAML = "ldap", "oidc", "saml"


@dataclass(frozen=True, slots=True)
class Ldap:
    """A directory: searched by an account that may read it, then asked whether the person's password fits."""

    host: str
    port: int
    #: ``ldaps``, ``starttls`` or ``none``.
    tls: str
    base: str
    filter: str
    bind_dn: str = ""
    bind_password: str = field(default="", repr=False)
    ca_file: Path | None = None
    group_base: str = ""
    group_filter: str = ""
    timeout_seconds: int = 5


@dataclass(frozen=True, slots=True)
class Oidc:
    """An OpenID Connect provider, which says the rest of itself at its issuer's discovery address."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    #: Whether the claims are also asked of the provider's userinfo address.
    userinfo: bool = False
    ca_file: Path | None = None
    timeout_seconds: int = 5


@dataclass(frozen=True, slots=True)
class Saml:
    """A SAML 2.0 identity provider and the certificates (PEM) it signs with; two while it changes them."""

    issuer: str
    sso_url: str
    entity_id: str
    certificates: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Provider:
    """One way in from outside. `subject` … `groups` name the claims or attributes that say who somebody is."""

    key: str
    kind: str
    zh: str
    en: str
    options: Ldap | Oidc | Saml
    subject: str
    login: str
    name: str
    email: str
    groups: str
    #: Whether somebody seen for the first time gets the existing login of the same login name.
    links_by_login: bool = False
    #: Whether somebody unknown gets a new login.
    creates: bool = False
    #: Roles by the group that gives them, the groups as they are compared.
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    replaces_roles: bool = False
    gives_administrator: bool = False
    #: Whether the provider's own second factor is enough.
    trusts_factor: bool = False

    def label(self, language: str) -> str:
        """What the way in is called on screen."""
        return self.zh if language == "zh" else self.en

    @property
    def sends_browsers(self) -> bool:
        """Whether people log in there, not by name and password here."""
        return self.kind != LDAP


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a site says about signing in."""

    providers: Mapping[str, Provider] = field(default_factory=dict)
    #: Login names that always come in by their own password, and no other way unless linked by hand.
    emergency: frozenset[str] = frozenset()
    #: Whether nobody else comes in by a password of Qiao's own.
    emergency_only: bool = False
    #: Where browsers reach the site: what providers send people back to.
    address: str = ""


def group_key(group: str) -> str:
    """How names of groups are compared: directories write one name in several ways (case, blanks after commas).

    >>> group_key("CN=Sales,  OU=Groups")
    'cn=sales,ou=groups'
    """
    return re.sub(r"\s*([,=])\s*", r"\1", group.strip()).casefold()
