"""`qiao audit`: prove that the audit log is whole."""

from __future__ import annotations

import click
from flask_babel import force_locale

from app.access.audit import reseal, verify
from app.access.audit.chain import last_link
from app.db import reading, session, transaction
from app.host.console import chosen_site, chosen_sites, in_site, site_option


def register(group: click.Group) -> None:
    """Add the room's commands."""
    group.add_command(audit)


@click.group()
def audit() -> None:
    """The audit log, which is append-only and chained by hash."""


@audit.command("verify")
@site_option
@click.option("--since", metavar="NUMBER:HASH", help="An entry noted down earlier: must still be there.")
def verify_log(slug: str | None, since: str | None) -> None:
    """Walk the log of all sites (or of one): finds any entry edited, deleted, inserted, moved or cut off.

    Prints the last entry's number and hash. Noted down outside the machine and given as --since later, they
    prove that nobody has replaced the log, not even an administrator of the server.
    """
    whole = True
    for site in chosen_sites(slug):
        with in_site(site), reading(), force_locale("en"):
            number, problem = verify(session())
            if not problem and since and not last_link(session(), since):
                problem = f"entry {since.partition(':')[0]} is not the one noted down"
            link = last_link(session())
        if problem:
            whole = False
            click.echo(f"{site.slug}: NOT whole after {number} entries: {problem}", err=True)
        else:
            click.echo(f"{site.slug}: {number} entries, whole; the last one is {link}")
    if not whole:
        raise click.exceptions.Exit(1)


@audit.command("seal")
@site_option
@click.confirmation_option(prompt="Was the site's secret changed on purpose?")
def seal_log(slug: str | None) -> None:
    """Seal the log anew after the site's secret was changed; the entries themselves must be whole."""
    site = chosen_site(slug)
    with in_site(site), force_locale("en"), transaction() as current:
        number, problem = verify(current, sealed=False)
        if problem:
            raise click.ClickException(f"not whole after {number} entries: {problem}")
        reseal(current)
    click.echo(f"{site.slug}: {number} entries sealed")
