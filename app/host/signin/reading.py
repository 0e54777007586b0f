"""Reading `[signin]` of a site's file: every word checked, secrets fetched from where they are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from app.host.signin import LDAP, OIDC, SAML, Ldap, Oidc, Provider, Saml, SignIn, group_key
from app.host.tables import Table, is_loopback, read_address, read_content, read_file, read_secret

ADMIN_ROLE = "Admin"
KEY = re.compile(r"[a-z][a-z0-9_-]{0,30}")
#: Words that mean something else where a provider is named.
TAKEN = ("db", "rest", "half")


def read_signin(values: Any, folder: Path) -> SignIn:
    """What `[signin]` of a site's file says; `folder` is the site's. Raises `ValueError` saying what is wrong."""
    table = Table(values, "signin")
    listed = table.take("providers", dict, {})
    emergency = frozenset(name.lower() for name in table.texts("emergency"))
    emergency_only = table.choice("form", "everybody", "emergency") == "emergency"
    address = table.text("address", "").rstrip("/")
    if address:
        read_address(table, "address", address)
    table.done()
    if emergency_only and not emergency:
        raise ValueError('[signin] form = "emergency" needs emergency, the login names that may still use it')
    found = {key: _provider(key, one, folder, address) for key, one in listed.items()}
    return SignIn(MappingProxyType(found), emergency, emergency_only, address)


def _provider(key: str, values: Any, folder: Path, address: str) -> Provider:
    table = Table(values, f"signin.providers.{key}")
    if not KEY.fullmatch(key) or key in TAKEN:
        raise ValueError(f"[{table.where}] use small letters, digits, '_' and '-' for its name")
    kind = table.text("kind")
    if kind not in _READERS:
        raise ValueError(f"[{table.where}] kind must be one of: {', '.join(_READERS)}")
    if kind != LDAP and not address:
        raise ValueError(f"[{table.where}] needs address in [signin]: where browsers reach this site")
    reader, defaults = _READERS[kind]
    made = Provider(
        key=key,
        kind=kind,
        zh=table.text("label_zh", key),
        en=table.text("label_en", key),
        options=reader(table, folder, address),
        **{name: table.text(name, default) for name, default in defaults.items()},
        links_by_login=table.choice("link", "never", "login") == "login",
        creates=table.choice("unknown", "refuse", "create") == "create",
        roles=_roles(table),
        replaces_roles=table.choice("roles_mode", "add", "replace") == "replace",
        gives_administrator=table.take("gives_administrator", bool, False),
        trusts_factor=table.choice("second_factor", "own", "provider") == "provider",
    )
    table.done()
    given = {role for roles in made.roles.values() for role in roles}
    if ADMIN_ROLE in given and not made.gives_administrator:
        raise ValueError(f"[{table.where}] roles gives {ADMIN_ROLE}; that needs gives_administrator = true")
    return made


def _roles(table: Table) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for group, roles in table.take("roles", dict, {}).items():
        listed = [roles] if isinstance(roles, str) else roles
        if not isinstance(listed, list) or not all(isinstance(role, str) and role for role in listed):
            raise ValueError(f"[{table.where}] roles: '{group}' must name a role or a list of roles")
        found[group_key(group)] = tuple(listed)
    return MappingProxyType(found)


def _ldap(table: Table, folder: Path, _address: str) -> Ldap:
    parts = urlsplit(table.text("url"))
    if parts.scheme not in ("ldap", "ldaps") or not parts.hostname:
        raise ValueError(f"[{table.where}] url must look like ldaps://dc.example.com")
    tls = "ldaps" if parts.scheme == "ldaps" else table.choice("tls", "starttls", "none")
    if tls == "none" and not is_loopback(parts.hostname):
        raise ValueError(f'[{table.where}] tls = "none" sends passwords in clear: only to this machine itself')
    made = Ldap(
        host=parts.hostname,
        port=parts.port or (636 if tls == "ldaps" else 389),
        tls=tls,
        base=table.text("base"),
        filter=table.text("filter", "(uid={login})"),
        bind_dn=table.text("bind_dn", ""),
        bind_password=read_secret(table, "bind_password", folder),
        ca_file=read_file(table, "ca_file", folder),
        group_base=table.text("group_base", ""),
        group_filter=table.text("group_filter", ""),
        timeout_seconds=table.seconds("timeout_seconds", 5),
    )
    if "{login}" not in made.filter:
        raise ValueError(f"[{table.where}] filter must hold {{login}}, the name that was typed")
    if bool(made.bind_dn) != bool(made.bind_password):
        raise ValueError(f"[{table.where}] bind_dn and bind_password belong together")
    if bool(made.group_base) != bool(made.group_filter):
        raise ValueError(f"[{table.where}] group_base and group_filter belong together")
    return made


def _oidc(table: Table, folder: Path, _own: str) -> Oidc:
    made = Oidc(
        issuer=read_address(table, "issuer", table.text("issuer")),
        client_id=table.text("client_id"),
        client_secret=read_secret(table, "client_secret", folder),
        scopes=table.texts("scopes", ("openid", "profile", "email")),
        userinfo=table.take("userinfo", bool, False),
        ca_file=read_file(table, "ca_file", folder),
        timeout_seconds=table.seconds("timeout_seconds", 5),
    )
    if "openid" not in made.scopes:
        raise ValueError(f"[{table.where}] scopes must hold openid")
    return made


def _saml(table: Table, folder: Path, address: str) -> Saml:
    key = table.where.rpartition(".")[2]
    return Saml(
        issuer=table.text("issuer"),
        sso_url=read_address(table, "sso_url", table.text("sso_url")),
        entity_id=table.text("entity_id", f"{address}/login/with/{key}/metadata/"),
        certificates=tuple(read_content(table, name, folder) for name in table.texts("certificates", None)),
    )


_READERS: dict[str, Any] = {
    LDAP: (_ldap, {"subject": "dn", "login": "uid", "name": "cn", "email": "mail", "groups": "memberOf"}),
    OIDC: (
        _oidc,
        {"subject": "sub", "login": "preferred_username", "name": "name", "email": "email", "groups": "groups"},
    ),
    SAML: (_saml, {"subject": "NameID", "login": "uid", "name": "cn", "email": "mail", "groups": "groups"}),
}
