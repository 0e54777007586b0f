"""`qiao approvals`: prove that the tables say what the histories say; the way out of a flow nobody can release."""

from __future__ import annotations

import click
from sqlalchemy import select

from app.access.audit import Act, record_acts
from app.approvals.services import switch_flow
from app.approvals.services.keeping import CASE, verify_case
from app.db import reading, session, transaction
from app.host.console import chosen_site, chosen_sites, in_site, site_option


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


@approvals.command("retire")
@site_option
@click.argument("code")
@click.option("--reason", required=True, help="Why; it goes into the log.")
def retire(slug: str | None, code: str, reason: str) -> None:
    """Take the flow CODE out of force: what it held is done at once again, its open cases go on.

    The way out where nobody is left to decide, or to change the flow on screen. Written to the log of acts.
    """
    with in_site(chosen_site(slug)), transaction() as current:
        if not switch_flow(code, False):
            raise click.ClickException(f"there is no published flow '{code}'")
        said = {"reason": [None, reason[:300]]}
        record_acts(current, [Act("approval.retire", "approval_definition", code, code, said)])
    click.echo(f"the flow {code} is out of force; its open cases go on")


def _cases(only: int | None) -> list[int]:
    """The numbers of the cases to look at."""
    chosen = select(CASE.c.id).order_by(CASE.c.id)
    if only is not None:
        chosen = chosen.where(CASE.c.id == only)
    return list(session.connection().scalars(chosen))
