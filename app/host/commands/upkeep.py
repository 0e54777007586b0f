"""`qiao migrate`, `sync`, `make-migration`."""

from __future__ import annotations

import click

from app import create_app
from app.host.authoring import make_migration
from app.host.console import chosen_site, chosen_sites, site_option
from app.host.migrations import KERNEL, KERNEL_LINE, line_of, migrating
from app.host.modules import installed_modules
from app.host.sites import Site
from app.host.upkeep import migrate_site, synchronise_site


def migrate_and_report(site: Site) -> bool:
    """Migrate a site, say what was run; False when a module's migration failed."""
    done = migrate_site(site)
    for line, revisions in done.ran.items():
        if revisions:
            click.echo(f"{site.slug}: {line}: ran {', '.join(revisions)}")
    for line, problem in done.failed.items():
        click.echo(f"{site.slug}: {line}: stays as it was: {problem}", err=True)
    if not any(done.ran.values()) and not done.failed:
        click.echo(f"{site.slug}: the tables are up to date")
    return not done.failed


def synchronise_and_report(site: Site) -> None:
    """Synchronise a site's permissions, say what was added."""
    done = synchronise_site(site)
    if done:
        click.echo(
            f"{site.slug}: added {done.permissions} permissions, {done.roles} roles, "
            f"{done.grants} grants, {done.scopes} scopes"
        )
    else:
        click.echo(f"{site.slug}: the permissions are in step")


@click.command()
@site_option
def migrate(slug: str | None) -> None:
    """Bring the tables of all sites (or of one) up to date."""
    outcomes = [migrate_and_report(site) for site in chosen_sites(slug)]
    if not all(outcomes):
        raise click.exceptions.Exit(1)


@click.command()
@site_option
def sync(slug: str | None) -> None:
    """Write the permissions and roles the screens of all sites (or of one) need."""
    for site in chosen_sites(slug):
        synchronise_and_report(site)


@click.command("make-migration")
@site_option
@click.argument("module", default=KERNEL)
@click.option("-m", "--message", required=True, help="What changes, in a few words.")
def make(slug: str | None, module: str, message: str) -> None:
    """Write the next migration of MODULE (or of the kernel) from its models; read the result."""
    site = chosen_site(slug)
    found = installed_modules()
    if module != KERNEL and module not in found:
        raise click.ClickException(f"there is no module '{module}'")
    app = create_app(site, only=set(found))  # the models of every module are loaded
    quarantined = app.extensions["qiao"].hooks.quarantined
    if module in quarantined:
        raise click.ClickException(f"{module} cannot be loaded: {quarantined[module]}")
    with migrating(site.database_url) as connection:
        line = KERNEL_LINE if module == KERNEL else line_of(found[module])
        written = make_migration(connection, line, set(found), message)
    click.echo(f"wrote {written}; read it before you commit it" if written else "the models have nothing new")


def register(group: click.Group) -> None:
    """Add the commands."""
    for command in (migrate, sync, make):
        group.add_command(command)
