"""`qiao search rebuild`: what records are found by, cut anew."""

from __future__ import annotations

import click

from app.host.console import chosen_site, in_site, site_option
from app.host.context import context
from app.search.terms import index_entity, kept_fields


def register(group: click.Group) -> None:
    """Add the commands of this room."""
    group.add_command(search)


@click.group()
def search() -> None:
    """What records are found by."""


@search.command()
@site_option
@click.argument("entities", nargs=-1)
def rebuild(slug: str | None, entities: tuple[str, ...]) -> None:
    """Make the search index of ENTITIES (all without a name) anew: after rows were written by hand."""
    with in_site(chosen_site(slug)):
        found = {one.slug: one for one in context().entities.values() if kept_fields(one)}
        if unknown := set(entities) - set(found):
            raise click.ClickException(f"not searched: {', '.join(sorted(unknown))}; there are {', '.join(found)}")
        for name in entities or found:
            index_entity(name)
            click.echo(f"{name}: indexed")
