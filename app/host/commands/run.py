"""`qiao run`: everything a fresh machine needs, then the product until Ctrl-C."""

from __future__ import annotations

import secrets

import click

from app.base.security.logins import create_login, has_administrator
from app.host.commands.demo import load_demo_data
from app.host.commands.upkeep import migrate_and_report, synchronise_and_report
from app.host.console import in_site
from app.host.discovery import boot_order
from app.host.modules import enable_module, installed_modules, is_allowed
from app.host.serve import serve
from app.host.sites import Site, create_site, load_site, site_slugs, write_private
from app.host.valkey import ensure_port_free
from app.types import Refused
from config import settings

ADMIN = "admin"
DEMO = "demo"


@click.command()
@click.option("--host", default=None, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=None, help="The port to listen on.")
@click.option("--no-demo", is_flag=True, help="Leave the demonstration data out of a new site.")
def run(host: str | None, port: int | None, no_demo: bool) -> None:
    """Start Qiao: create the demo site the first time, bring every site up to date, serve until Ctrl-C."""
    installation = settings()
    host, port = host or installation.host, port or installation.port
    ensure_port_free(host, port, "QIAO_PORT (make run PORT=…)")
    first = prepare_sites(with_demo=not no_demo)
    address = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}/"  # noqa: S104

    def say_ready() -> None:
        click.echo(f"\n  Qiao is ready: {address}")
        if (kept := first.folder / "admin-password").exists():
            click.echo(f"  login {ADMIN}, password {kept.read_text('utf-8').strip()}  (kept in {kept})")
        click.echo("  Ctrl-C ends it.\n")

    raise click.exceptions.Exit(
        serve(
            instance=installation.instance,
            host=host,
            port=port,
            web_workers=installation.web_workers,
            redis_url=installation.redis_url,
            on_ready=say_ready,
        )
    )


def prepare_sites(*, with_demo: bool) -> Site:
    """Every site with its tables, permissions and an administrator; returns the one to show."""
    installation = settings()
    slug = installation.default_site or DEMO
    is_new = slug not in site_slugs(installation.instance)
    if is_new:
        create_site(installation.instance, slug)
        click.echo(f"site '{slug}' created in {installation.instance / 'sites' / slug}")
    for each in site_slugs(installation.instance):
        site = load_site(installation.instance, each)
        migrate_and_report(site)
        if is_new and each == slug:
            switch_on_everything(site)
        synchronise_and_report(site)
        ensure_administrator(site)
    first = load_site(installation.instance, slug)
    if is_new and with_demo and slug == DEMO:
        click.echo(f"{slug}: writing demonstration data …")
        load_demo_data(first, lambda text: click.echo(f"{slug}: {text}"))
    return first


def ensure_administrator(site: Site) -> None:
    """Make the login `admin`, its random password kept in the site's folder, if there is no administrator."""
    with in_site(site):
        if has_administrator():
            return
        password = secrets.token_urlsafe(12)
        write_private(site.folder / "admin-password", password + "\n")
        create_login(ADMIN, password, name="管理员", roles=("Admin",))
        click.echo(f"{site.slug}: login '{ADMIN}' made, its password is in {site.folder / 'admin-password'}")


def switch_on_everything(site: Site) -> None:
    """Switch on every module the installation has, what it requires first; one that fails stays off."""
    found = {slug: module for slug, module in installed_modules().items() if is_allowed(slug)}
    order, problems = boot_order(found, set(found))
    for slug, problem in problems.items():
        click.echo(f"{site.slug}: {slug} stays off: {problem}", err=True)
    with in_site(site):
        for slug in order:
            try:
                enable_module(slug)
                click.echo(f"{site.slug}: {slug} is on")
            except Refused as refused:
                click.echo(f"{site.slug}: {slug} stays off: {refused}", err=True)


def register(group: click.Group) -> None:
    """Add the command."""
    group.add_command(run)
