"""`qiao doctor`: is this installation fit to run? Each finding says what is and what to do."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from packaging.requirements import Requirement
from redis import Redis
from redis.exceptions import RedisError

from app.base.permissions import is_in_step
from app.base.security.checking import missing_roles
from app.base.security.logins import has_administrator
from app.db import session
from app.host.console import in_site
from app.host.context import context
from app.host.migrations import KERNEL_LINE, is_pending
from app.host.modules import installed_modules, list_modules
from app.host.secret import why_weak
from app.host.sites import Site, SiteError, load_site, site_slugs
from app.host.valkey import running_valkey_url
from config import ROOT, settings

OK, WARN, PROBLEM = "ok", "warn", "problem"
TRIED = ((3, 11), (3, 12), (3, 13))
GIGABYTE = 1024**3
#: Below this much free disk it warns, below a tenth of it it is a problem.
FREE_BYTES = 2 * GIGABYTE
STATIC = Path(__file__).resolve().parent.parent / "base" / "static"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    level: str
    what: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """Look at the installation, then at each of its sites."""
    yield _python()
    yield from _packages()
    yield _front_end()
    yield _translations()
    yield _disk()
    yield _queue()
    yield from _modules()
    slugs = site_slugs(settings().instance)
    if not slugs:
        yield Finding(WARN, f"no site in {settings().instance}", "qiao site create SLUG, or qiao run")
    owners: dict[str, str] = {}
    for slug in slugs:
        yield from _site(slug, owners)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] not in TRIED:
        return Finding(WARN, f"Python {version}", "Qiao is tried with Python 3.11 to 3.13")
    return Finding(OK, f"Python {version}")


def _packages() -> Iterator[Finding]:
    try:
        wanted = [Requirement(line) for line in importlib.metadata.requires("qiao") or ()]
    except importlib.metadata.PackageNotFoundError:
        yield Finding(WARN, "Qiao is not installed as a package", "run make run once, or pip install -e .")
        return
    wrong = []
    for each in wanted:
        if each.marker is not None and not each.marker.evaluate({"extra": ""}):
            continue
        try:
            version = importlib.metadata.version(each.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{each.name} is missing")
        else:
            if not each.specifier.contains(version, prereleases=True):
                wrong.append(f"{each.name} is {version}, not {each.specifier}")
    if wrong:
        yield Finding(PROBLEM, "packages: " + ", ".join(wrong), "run make run, it installs the lock")
    else:
        yield Finding(OK, f"{len(wanted)} packages")


def _front_end() -> Finding:
    advice = "run make run, it fetches them"
    try:
        listed = json.loads((STATIC / "vendor" / "manifest.json").read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError):
        return Finding(PROBLEM, "the front-end files are not there", advice)
    missing = [name for name in listed if not (STATIC / "vendor" / name).is_file()]
    if missing:
        return Finding(PROBLEM, f"front-end files missing: {', '.join(missing[:5])}", advice)
    return Finding(OK, f"{len(listed)} front-end files")


def _translations() -> Finding:
    folders = [
        Path(__file__).resolve().parent.parent,
        *(found.folder for found in installed_modules().values()),
    ]
    sources = [path for folder in folders for path in folder.rglob("LC_MESSAGES/*.po")]
    stale = []
    for path in sources:
        compiled = path.with_suffix(".mo")
        if not compiled.is_file() or compiled.stat().st_mtime < path.stat().st_mtime:
            stale.append(path)
    if stale:
        names = ", ".join(_short(path) for path in stale[:3])
        return Finding(PROBLEM, f"translations not compiled: {names}", "run python tools/translations.py compile")
    return Finding(OK, f"{len(sources)} catalogues of translations compiled")


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _disk() -> Finding:
    folder = settings().instance
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    what = f"{free / GIGABYTE:.1f} GB free for {settings().instance}"
    if free < FREE_BYTES / 10:
        return Finding(PROBLEM, what, "make room: a database that cannot write stops the work")
    return Finding(WARN, what, "make room soon") if free < FREE_BYTES else Finding(OK, what)


def _queue() -> Finding:
    url = settings().redis_url
    if url is None:
        url = running_valkey_url(settings().instance / "valkey")
        if url is None:
            return Finding(WARN, "the embedded Valkey is not running", "qiao run starts it; jobs wait until then")
        return Finding(OK, "the embedded Valkey answers")
    try:
        with Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
            client.ping()
    except (RedisError, ValueError) as error:
        return Finding(PROBLEM, f"Redis does not answer: {error}", "check QIAO_REDIS_URL and the server")
    return Finding(OK, "Redis answers")


def _modules() -> Iterator[Finding]:
    found = installed_modules()
    for slug, module in found.items():
        if module.manifest is None:
            yield Finding(PROBLEM, f"module {slug}: {module.problem}", "mend its manifest.toml")
        elif not module.manifest.fits_kernel():
            needs = module.manifest.kernel
            yield Finding(PROBLEM, f"module {slug} needs kernel {needs}", "install a version that fits")
    fine = [slug for slug, module in found.items() if module.manifest and module.manifest.fits_kernel()]
    yield Finding(OK, f"{len(fine)} modules installed: {', '.join(fine) or 'none'}")


def _site(slug: str, owners: dict[str, str]) -> Iterator[Finding]:
    """`owners` gathers which site answers to which host name."""
    try:
        site = load_site(settings().instance, slug)
    except SiteError as error:
        yield Finding(PROBLEM, f"site {slug}: {error}", "mend the site's folder")
        return
    yield from _secret(site)
    for host in map(str.lower, site.hosts):
        if (other := owners.setdefault(host, slug)) != slug:
            advice = f"leave it in one site.toml; now {slug} answers"
            yield Finding(PROBLEM, f"{host} is a host name of {other} and of {slug}", advice)
    if settings().production and not site.hosts:
        yield Finding(WARN, f"site {slug} has no host name", f"name its hosts in {site.folder / 'site.toml'}")
    try:
        with in_site(site):
            yield from _database(site)
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        yield Finding(PROBLEM, f"site {slug} cannot be opened: {reason}", "check its database_url and the server")


def _secret(site: Site) -> Iterator[Finding]:
    path = site.folder / "secret"
    mode = path.stat().st_mode & 0o777
    if weak := why_weak(site.secret):
        advice = "write 48 or more random characters into it; everybody has to log in again"
        yield Finding(PROBLEM, f"site {site.slug}: its secret is easy to guess: {weak}", advice)
    elif mode & 0o077:
        yield Finding(PROBLEM, f"site {site.slug}: others can read its secret", f"chmod 600 {path}")
    else:
        yield Finding(OK, f"site {site.slug}: secret")
    if (site.signin.providers or site.outgoing.is_on) and (site.folder / "site.toml").stat().st_mode & 0o077:
        advice = f"chmod 600 {site.folder / 'site.toml'}, or name its secrets as env:NAME or file:NAME"
        yield Finding(PROBLEM, f"site {site.slug}: others can read its site.toml, which may hold secrets", advice)


def _database(site: Site) -> Iterator[Finding]:
    connection = session.connection()
    kind = connection.dialect.name
    if not sa.inspect(connection).has_table("host_module") or is_pending(connection, KERNEL_LINE):
        yield Finding(PROBLEM, f"site {site.slug}: the kernel's tables are behind", "qiao migrate")
        return
    behind = [state.slug for state in list_modules() if state.can_upgrade]
    if behind:
        advice = "qiao migrate, or qiao module upgrade"
        yield Finding(PROBLEM, f"site {site.slug}: modules behind: {', '.join(behind)}", advice)
    else:
        yield Finding(OK, f"site {site.slug}: {kind} answers, tables up to date")
    if is_in_step():
        yield Finding(OK, f"site {site.slug}: permissions in step")
    else:
        yield Finding(PROBLEM, f"site {site.slug}: permissions are missing", "qiao sync")
    for slug, reason in context().hooks.quarantined.items():
        yield Finding(PROBLEM, f"site {site.slug}: module {slug} is set aside: {reason}", "mend or disable it")
    for key, provider in site.signin.providers.items():
        if missing := missing_roles(provider):
            advice = f"make them, or mend {site.folder / 'site.toml'}; 'qiao signin check {key}' tries the rest"
            yield Finding(WARN, f"site {site.slug}: {key} gives roles there are not: {', '.join(missing)}", advice)
    if not has_administrator():
        yield Finding(WARN, f"site {site.slug} has no administrator", f"qiao user create --site {site.slug} NAME")
