"""`qiao signin …`: ways in from outside, tried and linked from the console."""

from __future__ import annotations

import click

from app.base.security.checking import check_provider
from app.base.security.outside import link_by_hand, unlink_by_hand
from app.host.console import Commands, chosen_site, in_site, site_option


@click.group(cls=Commands)
def signin() -> None:
    """Try ways to sign in from outside; link logins with accounts there."""


@signin.command("check")
@site_option
@click.argument("provider")
@click.option("--login", default="", help="Of a directory: who somebody of this name is there.")
def check(slug: str | None, provider: str, login: str) -> None:
    """Ask PROVIDER whether it answers; nobody logs in."""
    with in_site(chosen_site(slug)):
        for line in check_provider(provider, login):
            click.echo(line)


@signin.command("link")
@site_option
@click.argument("username")
@click.argument("provider")
@click.argument("subject")
def link(slug: str | None, username: str, provider: str, subject: str) -> None:
    """Let the login USERNAME belong to SUBJECT of PROVIDER."""
    with in_site(chosen_site(slug)):
        link_by_hand(username, provider, subject)
    click.echo(f"'{username}' belongs to '{subject}' of '{provider}'")


@signin.command("unlink")
@site_option
@click.argument("username")
@click.argument("provider")
def unlink(slug: str | None, username: str, provider: str) -> None:
    """Let the login USERNAME belong to nobody of PROVIDER any more; everything it has open ends."""
    with in_site(chosen_site(slug)):
        unlink_by_hand(username, provider)
    click.echo(f"'{username}' belongs to nobody of '{provider}'")


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(signin)
