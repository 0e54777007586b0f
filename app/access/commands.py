"""`qiao audit`: prove that the audit log is whole."""

from __future__ import annotations

import click
from flask_babel import force_locale

from app.access.audit import reseal, verify
from app.access.audit.chain import last_link
from app.access.audit.seals import (
    NotSealed,
    check_position,
    check_seals,
    forget_position,
    read_seals,
    seal_log,
    set_seals_aside,
    unproved_seals,
)
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

    The log is compared with the site's file of seals, too. Prints the last entry's number and hash: noted down outside
    the machine and given as --since later, they prove that nobody has replaced log and file, not even an
    administrator of the server.
    """
    whole = True
    for site in chosen_sites(slug):
        with in_site(site), reading(), force_locale("en"):
            number, problem = verify(session())
            sealed, against = _compared()
            problem = problem or against
            if not problem and since and not last_link(session(), since):
                problem = f"entry {since.partition(':')[0]} is not the one noted down"
            link = last_link(session())
        if problem:
            whole = False
            click.echo(f"{site.slug}: NOT whole after {number} entries: {problem}", err=True)
        else:
            click.echo(f"{site.slug}: {number} entries, whole, {sealed}; the last one is {link}")
    if not whole:
        raise click.exceptions.Exit(1)


def _compared() -> tuple[str, str]:
    """(how far the log is sealed, what does not agree with the seals or '')."""
    try:
        seals = read_seals()
    except NotSealed as error:
        return "", str(error)
    if problem := check_position(session(), seals):
        return "", problem
    if not seals:
        return "never sealed", ""
    return f"{len(seals)} seals up to entry {seals[-1].number} ({seals[-1].at})", check_seals(session(), seals)


@audit.command("seal")
@site_option
def seal_sites(slug: str | None) -> None:
    """Write the log's last entry of all sites (or of one) into the site's file of seals, as the hourly job does."""
    whole = True
    for site in chosen_sites(slug):
        with in_site(site), reading(), force_locale("en"):
            try:
                made = seal_log(session())
            except NotSealed as error:
                whole = False
                click.echo(f"{site.slug}: NOT sealed: {error}", err=True)
                continue
        click.echo(f"{site.slug}: sealed at entry {made.number}" if made else f"{site.slug}: nothing new to seal")
    if not whole:
        raise click.exceptions.Exit(1)


@audit.command("reseal")
@site_option
@click.confirmation_option(prompt="Was the site's secret changed on purpose?")
def reseal_log(slug: str | None) -> None:
    """Seal the log anew after the site's secret was changed; the entries themselves must be whole.

    The seals made under the earlier secret are compared with the log and kept beside the new file. A file of seals that
    is missing is begun anew.
    """
    site = chosen_site(slug)
    with in_site(site), force_locale("en"), transaction() as current:
        number, problem = verify(current, sealed=False)
        try:
            problem = problem or check_seals(current, unproved_seals())
        except NotSealed as error:
            problem = str(error)
        if problem:
            raise click.ClickException(f"not whole after {number} entries: {problem}")
        reseal(current)
        forget_position()
        kept = set_seals_aside()
    with in_site(site), reading(), force_locale("en"):
        seal_log(session())
    click.echo(
        f"{site.slug}: {number} entries sealed" + (f"; the earlier seals are kept in {kept.name}" if kept else "")
    )
