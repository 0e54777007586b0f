"""Sites: one client each, with a folder, a database, a secret and host names of its own."""

from __future__ import annotations

import os
import re
import secrets
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from app.host.outgoing import Outgoing, read_outgoing
from app.host.secret import LEAST_LENGTH, why_weak
from app.host.signin import SignIn
from app.host.signin.reading import read_signin
from config import settings

SLUG = re.compile(r"[a-z][a-z0-9_]{0,30}")


class SiteError(Exception):
    """A site that cannot be found, read or created; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Site:
    """One client's settings. `folder` holds `site.toml`, `secret`, uploads and the SQLite file."""

    slug: str
    folder: Path
    database_url: str
    secret: str = field(repr=False)
    hosts: tuple[str, ...] = ()
    name: str = "桥 Qiao"
    accent: str = "#1b6ec2"
    locale: str = "zh"
    timezone: str = "Asia/Shanghai"
    currency: str = "元"
    signin: SignIn = field(default_factory=SignIn)
    outgoing: Outgoing = field(default_factory=Outgoing)

    @property
    def uploads(self) -> Path:
        return self.folder / "uploads"

    @property
    def instance(self) -> Path:
        """The installation's folder, which holds all sites."""
        return self.folder.parent.parent


def sites_folder(instance: Path) -> Path:
    """Where the installation keeps its sites."""
    return instance / "sites"


def site_slugs(instance: Path) -> list[str]:
    """The slugs of the sites that exist, sorted."""
    return sorted(p.parent.name for p in sites_folder(instance).glob("*/site.toml"))


def load_site(instance: Path, slug: str) -> Site:
    """Read one site's folder. Raises `SiteError` when it is missing, cannot be read, or its secret is weak.

    A short secret is refused everywhere, one that could be guessed only in production; `qiao doctor` names it.
    """
    if not SLUG.fullmatch(slug):
        raise SiteError(f"'{slug}' is not a site name: use lower-case letters, digits and '_'")
    folder = sites_folder(instance) / slug
    try:
        values = tomllib.loads((folder / "site.toml").read_text("utf-8"))
        secret = (folder / "secret").read_text("ascii").strip()
    except FileNotFoundError as missing:
        raise SiteError(
            f"site '{slug}' does not exist in {folder.parent}: create it with 'qiao site create {slug}'"
        ) from missing
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        raise SiteError(f"{folder / 'site.toml'} cannot be read: {broken}") from broken
    weak = why_weak(secret)
    if weak and (settings().production or len(secret) < LEAST_LENGTH):
        raise SiteError(
            f"{folder / 'secret'} could be guessed ({weak}): write 48 or more random characters into it, "
            "then run 'qiao audit seal'; everybody has to log in again"
        )
    known = {"hosts", "name", "accent", "locale", "timezone", "currency", "database_url", "signin", "notices"}
    if unknown := sorted(set(values) - known):
        raise SiteError(f"{folder / 'site.toml'} has unknown settings: {', '.join(unknown)}")
    values.setdefault("database_url", f"sqlite:///{(folder / 'site.db').resolve()}")
    values["hosts"] = tuple(values.get("hosts", ()))
    try:
        values["signin"] = read_signin(values.get("signin", {}), folder)
        values["outgoing"] = read_outgoing(values.pop("notices", {}), folder, values["signin"].address)
    except ValueError as wrong:
        raise SiteError(f"{folder / 'site.toml'}: {wrong}") from wrong
    return Site(slug=slug, folder=folder, secret=secret, **values)


def create_site(
    instance: Path,
    slug: str,
    *,
    database_url: str | None = None,
    hosts: tuple[str, ...] = (),
    name: str | None = None,
) -> Site:
    """Make a site's folder with a fresh secret (mode 0600). Raises `SiteError` when it exists already."""
    if not SLUG.fullmatch(slug):
        raise SiteError(f"'{slug}' is not a site name: use lower-case letters, digits and '_'")
    folder = sites_folder(instance) / slug
    if (folder / "site.toml").exists():
        raise SiteError(f"site '{slug}' exists already in {folder}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "uploads").mkdir(exist_ok=True)
    write_private(folder / "secret", secrets.token_urlsafe(48))
    lines = [f"name = {_quoted(name or '桥 Qiao')}"]
    lines.append("hosts = [" + ", ".join(_quoted(h) for h in hosts) + "]")
    if database_url:
        lines.append(f"database_url = {_quoted(database_url)}")
    write_private(folder / "site.toml", "\n".join(lines) + "\n")
    return load_site(instance, slug)


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as handle:
        handle.write(text)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
