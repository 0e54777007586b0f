"""Giving the site of a test ways to sign in, as its site.toml would."""

from __future__ import annotations

import tomllib
from dataclasses import replace

from sqlalchemy import select

from app.access.models import AuditEntry
from app.base.security.logins import find_login
from app.db import session
from app.host.context import context
from app.host.signin.reading import read_signin


def allow(text: str) -> None:
    """Let the site have these ways in from now on."""
    site = context().site
    context().site = replace(site, signin=read_signin(tomllib.loads(text).get("signin", {}), site.folder))


def acts() -> list[tuple[str, str, object]]:
    """The last acts about logins: (act, login, way)."""
    rows = session.execute(
        select(AuditEntry.action, AuditEntry.label, AuditEntry.changes)
        .where(AuditEntry.entity == "user")
        .order_by(AuditEntry.id)
    )
    return [(action, label, (changes or {}).get("via", [None, None])[1]) for action, label, changes in rows]


def role_names(username: str) -> set[str]:
    """The names of the roles a login holds itself."""
    return {role.name for role in find_login(username).roles}
