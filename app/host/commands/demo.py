"""`qiao demo`: the demonstration data of the kernel and of every module that is on."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import click
from flask_babel import force_locale
from flask_babel import gettext as _

from app.db import session, transaction
from app.host.console import chosen_site, in_site, site_option
from app.host.context import hooks
from app.host.models import HostState
from app.host.sites import Site
from app.types import Refused

#: The same number makes the same bank, wherever it is made.
SEED = 20260101
LOADED = "demo"


def load_demo_data(site: Site, progress: Callable[[str], None]) -> list[str]:
    """Let each room and module write its demonstration records, in boot order, each in one transaction.

    `progress` is told how far it is in the site's language.

    Returns who wrote some. Raises `Refused` when the site has them already.
    """
    with in_site(site), force_locale(site.locale):
        if session.get(HostState, LOADED) is not None:
            raise Refused("this site has its demonstration data already")
        session.rollback()
        told = []
        for slug, write in hooks().each("demo_data", random=Random(SEED), progress=progress):  # noqa: S311
            with transaction():
                write()
            told.append(slug)
        with transaction() as current:
            current.add(HostState(key=LOADED, value=1))
    return told


@click.command()
@site_option
def demo(slug: str | None) -> None:
    """Fill a new site with a made-up bank to look at."""
    site = chosen_site(slug)
    told = load_demo_data(site, click.echo)
    with in_site(site), force_locale(site.locale):
        click.echo(_("demonstration data written by: %(who)s", who=", ".join(told) or "--"))


def register(group: click.Group) -> None:
    """Add the command."""
    group.add_command(demo)
