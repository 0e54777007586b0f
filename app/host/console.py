"""What every command of `qiao` shares: which site, acting as the installation, errors as one clear line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import Flask
from sqlalchemy.exc import DBAPIError

from app import create_app
from app.access.actors import acting_as
from app.db import db, session
from app.host.boot import is_missing_column, is_missing_table
from app.host.migrations import MigrationError
from app.host.policies import BootError
from app.host.sites import Site, SiteError, load_site, site_slugs
from app.host.valkey import PortTaken, ValkeyError
from app.types import SYSTEM, Refused
from config import settings

#: What a command may raise on purpose; the message is for the person at the console.
EXPECTED = (SiteError, Refused, MigrationError, BootError, PortTaken, ValkeyError)


class Commands(click.Group):
    """A group whose commands end with one line instead of a traceback when something expected goes wrong."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EXPECTED as wrong:
            raise click.ClickException(str(wrong)) from wrong
        except DBAPIError as away:
            if is_missing_table(away) or is_missing_column(away):
                reason = f"the site's tables are behind, run 'qiao migrate' ({first_line(away)})"
                raise click.ClickException(reason) from away
            if away.connection_invalidated or is_unreachable(away):
                raise click.ClickException(f"the database does not answer: {first_line(away)}") from away
            raise


def is_unreachable(error: DBAPIError) -> bool:
    """Whether a statement failed because there is no connection to the database."""
    words = ("unable to open database", "connection", "could not translate host name", "database is locked")
    return any(word in str(error.orig).lower() for word in words)


def first_line(error: DBAPIError) -> str:
    """The database's own words, without the statement."""
    return str(error.orig).strip().splitlines()[0]


def site_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--site``: the installation's default site when it is left out."""
    return click.option(
        "--site", "slug", metavar="SITE", default=None, help="The site; the default one when left out."
    )(command)


def chosen_site(slug: str | None) -> Site:
    """The site of that name, or the default one, or the only one. Raises `SiteError`."""
    instance = settings().instance
    if slug is None:
        existing = site_slugs(instance)
        slug = settings().default_site or (existing[0] if len(existing) == 1 else "")
        if not slug:
            raise SiteError(f"say which site with --site: {', '.join(existing) or 'there is none yet'}")
    return load_site(instance, slug)


def chosen_sites(slug: str | None) -> list[Site]:
    """The site of that name, or all of them."""
    if slug is not None:
        return [chosen_site(slug)]
    return [load_site(settings().instance, each) for each in site_slugs(settings().instance)]


@contextmanager
def in_site(site: Site) -> Iterator[Flask]:
    """The site's app with its context, acting as the installation itself."""
    app = create_app(site)
    with app.app_context(), acting_as(SYSTEM):
        try:
            yield app
        finally:
            session.remove()
            db.engine.dispose()
