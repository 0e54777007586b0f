"""`qiao doctor`, `qiao audit verify`."""

from __future__ import annotations

import click

from app.access.audit import verify
from app.db import session
from app.host.console import Commands, chosen_site, in_site, site_option
from app.host.doctor import OK, PROBLEM, WARN, examine

COLOURS = {OK: "green", WARN: "yellow", PROBLEM: "red"}


@click.command()
def doctor() -> None:
    """Look at the installation and its sites; say what is wrong and what to do. Exit code 1 for a problem."""
    worst = OK
    for finding in examine():
        advice = f"\n{'':9}→ {finding.advice}" if finding.advice else ""
        click.echo(f"{click.style(f'{finding.level:<8}', fg=COLOURS[finding.level])} {finding.what}{advice}")
        if finding.level == PROBLEM:
            worst = PROBLEM
    if worst == PROBLEM:
        raise click.exceptions.Exit(1)


@click.group(cls=Commands)
def audit() -> None:
    """The audit log."""


@audit.command("verify")
@site_option
def verify_chain(slug: str | None) -> None:
    """Walk the log's chain of hashes; exit code 1 when an entry was changed, removed or put in between."""
    with in_site(chosen_site(slug)):
        count, wrong = verify(session())
    if wrong:
        raise click.ClickException(f"the audit log has been tampered with: {wrong}")
    click.echo(f"{count} entries, the chain is whole")


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(doctor)
    group.add_command(audit)
