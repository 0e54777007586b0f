"""`qiao doctor`."""

from __future__ import annotations

import click

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


def register(group: click.Group) -> None:
    """Add the command."""
    group.add_command(doctor)
