"""`qiao notices`: try the ways out of the product."""

from __future__ import annotations

import click

from app.host.console import Commands, chosen_site, in_site, site_option
from app.notices.outside.checking import check_ways


@click.group(cls=Commands)
def notices() -> None:
    """Ways to tell people things by mail and by robots of groups."""


@notices.command("check")
@site_option
@click.argument("username")
@click.option("--way", default="", help="Only this one: mail, or a channel's name.")
def check(slug: str | None, username: str, way: str) -> None:
    """Send a test message to the login USERNAME, oneself, by every way the site has."""
    with in_site(chosen_site(slug)):
        for line in check_ways(username, way):
            click.echo(line)


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(notices)
