"""`qiao new-module`, `qiao docs`, `qiao export-openapi`: for whoever writes modules."""

from __future__ import annotations

import json
from pathlib import Path

import click

from app.base.rest.openapi import openapi_document
from app.host.console import chosen_site, in_site, site_option
from app.host.new_module import ScaffoldError, write_module
from app.host.reference import write_reference
from config import ROOT, settings


@click.command("new-module")
@click.argument("name")
@click.option("--zh", help="Its Chinese name on screen.")
@click.option("--en", help="Its English name on screen.")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), help="Another folder than plugins/.")
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


@click.command("export-openapi")
@site_option
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False), required=False)
def export_openapi(slug: str | None, target: Path | None) -> None:
    """Write the description of the site's REST interface (OpenAPI, JSON) to TARGET or to the screen."""
    with in_site(chosen_site(slug)) as app, app.test_request_context():
        text = json.dumps(openapi_document(), ensure_ascii=False, indent=2, default=str)
    if target is None:
        click.echo(text)
    else:
        target.write_text(text + "\n", "utf-8")
        click.echo(f"wrote {target}")


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(new_module)
    group.add_command(docs)
    group.add_command(export_openapi)
