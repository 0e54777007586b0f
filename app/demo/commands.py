"""`qiao demo-logins`: let people log in as the made-up bank's employees."""

from __future__ import annotations

import secrets

import click
from sqlalchemy import column, select, table

from app.base.security.logins import wake_login
from app.db import session, transaction
from app.host.console import chosen_site, in_site, site_option
from app.host.sites import write_private
from app.organisation.models import Employee, Unit
from app.types import Refused

FILE = "demo-logins"
_user = table("ab_user", column("id"), column("username"))


def register(group: click.Group) -> None:
    """Add the command."""
    group.add_command(demo_logins)


@click.command("demo-logins")
@site_option
def demo_logins(slug: str | None) -> None:
    """Give each employee of the made-up bank a random password, kept in the site's folder."""
    site = chosen_site(slug)
    with in_site(site), transaction():
        rows = session.execute(
            select(_user.c.username, Employee.name, Employee.position, Unit.name)
            .join(Employee, Employee.user_id == _user.c.id)
            .join(Unit, Unit.id == Employee.unit_id)
            .where(Employee.email.like("%@qiaojiang.example"))
            .order_by(Employee.id)
        ).all()
        if not rows:
            raise Refused("this site has no demonstration data: run 'qiao demo' first")
        lines = []
        for username, name, position, unit in rows:
            password = secrets.token_urlsafe(12)
            wake_login(username, password)
            lines.append(f"{username}\t{password}\t{name}\t{position}\t{unit}")
        write_private(site.folder / FILE, "\n".join(lines) + "\n")
    click.echo(f"{site.slug}: {len(rows)} logins can be used now; their passwords are in {site.folder / FILE}")
