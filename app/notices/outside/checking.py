"""Trying the ways out: a word to oneself, sent here and now, with what each server says."""

from __future__ import annotations

from collections.abc import Iterator

from flask_babel import gettext as _
from sqlalchemy import column, select, table

from app.db import now, session
from app.host.context import context
from app.notices.outside.delivering import mail_of, mobiles_of
from app.notices.outside.faults import NotSent, Unsure
from app.notices.outside.mail import letter, mailbox, send_letter
from app.notices.outside.planning import outside_ways
from app.notices.outside.robots import post
from app.notices.rules import MAIL
from app.types import Refused

_login = table("ab_user", column("id"), column("username"))


def check_ways(username: str, way: str = "") -> Iterator[str]:
    """A line per way out (or the one named): that it took a test message to the login, or why not.

    Raises `Refused` for an unknown login or way, and where the site has no way out.
    """
    user_id = session.execute(select(_login.c.id).where(_login.c.username == username)).scalar()
    if user_id is None:
        raise Refused(_("There is no login '%(name)s'", name=username))
    ways = outside_ways()
    if way and way not in ways:
        raise Refused(_("The site has no way '%(way)s'; it has: %(ways)s", way=way, ways=", ".join(ways) or "--"))
    if not ways:
        raise Refused(_("The site's file names no way out: see [notices] in docs/admins.md"))
    for name in (way,) if way else ways:
        try:
            yield f"{name}: {_mail(user_id) if name == MAIL else _post(name, user_id)}"
        except (NotSent, Unsure) as fault:
            yield f"{name}: not sent: {fault}"


def _mail(user_id: int) -> str:
    mail, address = context().site.outgoing.mail, mail_of(user_id)
    if mail is None or not address:
        raise NotSent("the login has no mail address")
    text = _("This is a test: %(site)s can tell you things by mail.", site=context().site.name)
    with mailbox(mail) as connection:
        send_letter(connection, letter(mail, address, text, text, f"test.{now():%Y%m%d%H%M%S%f}"))
    return f"sent to {address} by {mail.host}"


def _post(way: str, user_id: int) -> str:
    channel = context().site.outgoing.channels[way]
    text = _("This is a test: %(site)s can tell this group things.", site=context().site.name)
    post(channel, text, mobiles_of({user_id}), now())
    return f"taken by {channel.host}"
