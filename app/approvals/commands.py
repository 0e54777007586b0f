"""`qiao approvals`: prove that the tables say what the histories say."""

from __future__ import annotations

import click
from sqlalchemy import select

from app.approvals.services.keeping import CASE, verify_case
from app.db import reading, session
from app.host.console import chosen_sites, in_site, site_option


def register(group: click.Group) -> None:
    """Add the room's commands."""
    group.add_command(approvals)


@click.group()
def approvals() -> None:
    """Approvals: what is kept of them follows from their append-only history."""


@approvals.command("verify")
@site_option
@click.option("--case", "only", type=int, help="The number of one case.")
def verify(slug: str | None, only: int | None) -> None:
    """Play the history of every case of all sites (or of one) and compare its rows: prints what differs."""
    whole = True
    for site in chosen_sites(slug):
        count = 0
        with in_site(site), reading():
            for case_id in _cases(only):
                count += 1
                for problem in verify_case(case_id):
                    whole = False
                    click.echo(f"{site.slug}: case {case_id}: {problem}", err=True)
        click.echo(f"{site.slug}: {count} cases compared with their histories")
    if not whole:
        raise click.exceptions.Exit(1)


def _cases(only: int | None) -> list[int]:
    """The numbers of the cases to look at."""
    chosen = select(CASE.c.id).order_by(CASE.c.id)
    if only is not None:
        chosen = chosen.where(CASE.c.id == only)
    return list(session.connection().scalars(chosen))
