"""`qiao site …` and `qiao user …`: sites and the logins of their administrators."""

from __future__ import annotations

import click

from app.base.security.logins import create_login, find_login, forget_factor, set_password
from app.host.commands.upkeep import migrate_and_report, synchronise_and_report
from app.host.console import Commands, chosen_site, in_site, site_option
from app.host.sites import create_site, load_site, site_slugs
from config import settings


@click.group(cls=Commands)
def site() -> None:
    """Create and list the sites of this installation."""


@site.command("create")
@click.argument("slug")
@click.option("--name", help="What the site is called on screen.")
@click.option("--host", "hosts", multiple=True, help="A host name it answers to; may be given several times.")
@click.option("--database-url", help="A PostgreSQL database (postgresql+psycopg://…); SQLite when left out.")
def create(slug: str, name: str | None, hosts: tuple[str, ...], database_url: str | None) -> None:
    """Make the site SLUG with its folder, secret, tables and permissions."""
    made = create_site(settings().instance, slug, database_url=database_url, hosts=hosts, name=name)
    migrate_and_report(made)
    synchronise_and_report(made)
    click.echo(f"site '{slug}' is ready in {made.folder}; make its administrator: qiao user create --site {slug} …")


@site.command("list")
def list_sites() -> None:
    """The sites with their host names and databases."""
    for slug in site_slugs(settings().instance):
        each = load_site(settings().instance, slug)
        kind = each.database_url.partition(":")[0].partition("+")[0]
        click.echo(f"{slug}\t{kind}\t{', '.join(each.hosts) or '-'}\t{each.name}")


@click.group(cls=Commands)
def user() -> None:
    """Make logins, set passwords."""


@user.command("create")
@site_option
@click.argument("username")
@click.option("--name", help="The person's name; the login name when left out.")
@click.option("--email", help="An e-mail address.")
@click.option("--role", "roles", multiple=True, default=("Admin",), show_default=True, help="A role's name.")
@click.password_option()
def create_user(
    slug: str | None,
    username: str,
    name: str | None,
    email: str | None,
    roles: tuple[str, ...],
    password: str,
) -> None:
    """Make the login USERNAME."""
    with in_site(chosen_site(slug)):
        create_login(username, password, name=name or username, email=email, roles=roles)
    click.echo(f"login '{username}' made")


@user.command("password")
@site_option
@click.argument("username")
@click.password_option()
def password(slug: str | None, username: str, password: str) -> None:
    """Set a new password for USERNAME."""
    with in_site(chosen_site(slug)):
        set_password(find_login(username), password)
    click.echo(f"password of '{username}' set")


@user.command("reset-factor")
@site_option
@click.argument("username")
def reset_factor(slug: str | None, username: str) -> None:
    """Forget the second factor of USERNAME, who has lost it."""
    with in_site(chosen_site(slug)):
        forget_factor(username)
    click.echo(f"second factor of '{username}' forgotten")


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(site)
    group.add_command(user)
