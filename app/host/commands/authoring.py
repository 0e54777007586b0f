"""`qiao new-module`, `qiao docs`: for whoever writes modules."""

from __future__ import annotations

from pathlib import Path

import click

from app.host.new_module import ScaffoldError, write_module
from app.host.reference import write_reference
from config import ROOT, settings


@click.command("new-module")
@click.argument("name")
@click.option("--zh", help="Its Chinese name on screen.")
@click.option("--en", help="Its English name on screen.")
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), help="Another folder than plugins/."
)
def new_module(name: str, zh: str | None, en: str | None, into: Path | None) -> None:
    """Write a working module NAME to start from."""
    folder = into or settings().plugins
    try:
        written = write_module(folder, name, zh=zh, en=en)
    except ScaffoldError as wrong:
        raise click.ClickException(str(wrong)) from wrong
    click.echo(f"wrote {len(written)} files into {folder / name}; read its README.md")
    click.echo(f"switch it on: qiao module enable {name}")


@click.command()
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), default=ROOT / "docs" / "reference")
def docs(into: Path) -> None:
    """Write the reference pages: hooks, settings, modules."""
    for path in write_reference(into):
        click.echo(f"wrote {path}")


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(new_module)
    group.add_command(docs)
