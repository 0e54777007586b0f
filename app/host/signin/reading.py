"""Reading `[signin]` of a site's file: every word checked, secrets fetched from where they are kept."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from app.host.signin import LDAP, OIDC, SAML, Ldap, Oidc, Provider, Saml, SignIn, group_key

ADMIN_ROLE = "Admin"
KEY = re.compile(r"[a-z][a-z0-9_-]{0,30}")
#: Words that mean something else where a provider is named.
TAKEN = ("db", "rest", "half")


class _Table:
    """One table of the file; what nobody asked for is an error."""

    def __init__(self, values: Any, where: str) -> None:
        if not isinstance(values, dict):
            raise ValueError(f"[{where}] must be a table")
        self.left = dict(values)
        self.where = where

    def take(self, name: str, kind: type, default: Any = None) -> Any:
        value = self.left.pop(name, default)
        if value is None:
            raise ValueError(f"[{self.where}] needs {name}")
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)) or value == "" != default:
            raise ValueError(f"[{self.where}] {name} must be {_KINDS[kind]}")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        return str(self.take(name, str, default))

    def choice(self, name: str, *choices: str) -> str:
        """One of the words; the first where none is given."""
        if (value := self.text(name, choices[0])) not in choices:
            raise ValueError(f"[{self.where}] {name} must be one of: {', '.join(choices)}")
        return value

    def texts(self, name: str, default: tuple[str, ...] | None = ()) -> tuple[str, ...]:
        found = self.take(name, list, None if default is None else list(default))
        if not all(isinstance(each, str) and each for each in found):
            raise ValueError(f"[{self.where}] {name} must be a list of texts")
        return tuple(found)

    def seconds(self, name: str, default: int) -> int:
        found = int(self.take(name, int, default))
        if not 1 <= found <= 60:
            raise ValueError(f"[{self.where}] {name} must be from 1 to 60")
        return found

    def done(self) -> None:
        if self.left:
            raise ValueError(f"[{self.where}] has unknown settings: {', '.join(sorted(self.left))}")


_KINDS = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table"}


def read_signin(values: Any, folder: Path) -> SignIn:
    """What `[signin]` of a site's file says; `folder` is the site's. Raises `ValueError` saying what is wrong."""
    table = _Table(values, "signin")
    listed = table.take("providers", dict, {})
    emergency = frozenset(name.lower() for name in table.texts("emergency"))
    emergency_only = table.choice("form", "everybody", "emergency") == "emergency"
    address = table.text("address", "").rstrip("/")
    if address:
        _address(table, "address", address)
    table.done()
    if emergency_only and not emergency:
        raise ValueError('[signin] form = "emergency" needs emergency, the login names that may still use it')
    found = {key: _provider(key, one, folder, address) for key, one in listed.items()}
    return SignIn(MappingProxyType(found), emergency, emergency_only, address)


def _provider(key: str, values: Any, folder: Path, address: str) -> Provider:
    table = _Table(values, f"signin.providers.{key}")
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


def _roles(table: _Table) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for group, roles in table.take("roles", dict, {}).items():
        listed = [roles] if isinstance(roles, str) else roles
        if not isinstance(listed, list) or not all(isinstance(role, str) and role for role in listed):
            raise ValueError(f"[{table.where}] roles: '{group}' must name a role or a list of roles")
        found[group_key(group)] = tuple(listed)
    return MappingProxyType(found)


def _ldap(table: _Table, folder: Path, _address: str) -> Ldap:
    parts = urlsplit(table.text("url"))
    if parts.scheme not in ("ldap", "ldaps") or not parts.hostname:
        raise ValueError(f"[{table.where}] url must look like ldaps://dc.example.com")
    tls = "ldaps" if parts.scheme == "ldaps" else table.choice("tls", "starttls", "none")
    if tls == "none" and not _is_loopback(parts.hostname):
        raise ValueError(f'[{table.where}] tls = "none" sends passwords in clear: only to this machine itself')
    made = Ldap(
        host=parts.hostname,
        port=parts.port or (636 if tls == "ldaps" else 389),
        tls=tls,
        base=table.text("base"),
        filter=table.text("filter", "(uid={login})"),
        bind_dn=table.text("bind_dn", ""),
        bind_password=_secret(table, "bind_password", folder),
        ca_file=_file(table, "ca_file", folder),
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


def _oidc(table: _Table, folder: Path, _own: str) -> Oidc:
    made = Oidc(
        issuer=_address(table, "issuer", table.text("issuer")),
        client_id=table.text("client_id"),
        client_secret=_secret(table, "client_secret", folder),
        scopes=table.texts("scopes", ("openid", "profile", "email")),
        userinfo=table.take("userinfo", bool, False),
        ca_file=_file(table, "ca_file", folder),
        timeout_seconds=table.seconds("timeout_seconds", 5),
    )
    if "openid" not in made.scopes:
        raise ValueError(f"[{table.where}] scopes must hold openid")
    return made


def _saml(table: _Table, folder: Path, address: str) -> Saml:
    key = table.where.rpartition(".")[2]
    return Saml(
        issuer=table.text("issuer"),
        sso_url=_address(table, "sso_url", table.text("sso_url")),
        entity_id=table.text("entity_id", f"{address}/login/with/{key}/metadata/"),
        certificates=tuple(_content(table, name, folder) for name in table.texts("certificates", None)),
    )


_READERS: dict[str, Any] = {
    LDAP: (_ldap, {"subject": "dn", "login": "uid", "name": "cn", "email": "mail", "groups": "memberOf"}),
    OIDC: (
        _oidc,
        {"subject": "sub", "login": "preferred_username", "name": "name", "email": "email", "groups": "groups"},
    ),
    SAML: (_saml, {"subject": "NameID", "login": "uid", "name": "cn", "email": "mail", "groups": "groups"}),
}


def _address(table: _Table, name: str, value: str) -> str:
    """An address of the web: over TLS, but on this machine itself."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or "@" in value:
        raise ValueError(f"[{table.where}] {name} must look like https://name.example.com")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError(f"[{table.where}] {name} must begin with https://")
    return value


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _secret(table: _Table, name: str, folder: Path) -> str:
    """A secret: ``env:NAME`` of the environment, ``file:NAME`` of the site's folder, or written out."""
    value = table.text(name, "")
    if value.startswith("env:"):
        found = os.environ.get(value[4:], "")
        if not found:
            raise ValueError(f"[{table.where}] {name}: the environment has no {value[4:]}")
        return found
    return _content(table, value[5:], folder).strip() if value.startswith("file:") else value


def _content(table: _Table, name: str, folder: Path) -> str:
    try:
        return (folder / name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"[{table.where}] {folder / name} cannot be read") from error


def _file(table: _Table, name: str, folder: Path) -> Path | None:
    value = table.text(name, "")
    if value and not (folder / value).is_file():
        raise ValueError(f"[{table.where}] {name}: there is no file {folder / value}")
    return folder / value if value else None
