"""The job that tells people outside the product: plan, take, send, write down; a way that fails stops no other."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.access.actors import load_actor
from app.db import now, session
from app.fields.bulk import among
from app.host.context import context
from app.jobs.services import Run, enqueue
from app.notices.outside import claiming
from app.notices.outside.claiming import Claimed
from app.notices.outside.faults import NotSent, Unsure
from app.notices.outside.mail import letter, mailbox, send_letter
from app.notices.outside.planning import EMPLOYEE, USER, mail_address, outside_ways, plan, unplanned
from app.notices.outside.robots import post
from app.notices.outside.wording import mail_key, mail_words, post_words
from app.notices.rules import MAIL
from app.notices.services import DELIVER
from app.types import SYSTEM

log = logging.getLogger(__name__)

#: A run that has left something undone is not followed by another at once.
SOONEST = timedelta(minutes=1)


def deliver(run: Run) -> dict[str, int]:
    """The job ``notices.deliver``: {way: deliveries sent}. Cut off anywhere it goes on, and sends no post twice."""
    while found := unplanned(session()):
        for message_id in found:
            _step(run, plan, message_id)
    sent: dict[str, int] = {}
    for way in outside_ways():
        try:
            sent[way] = _mails(run) if way == MAIL else _posts(run, way)
        except (NotSent, Unsure) as fault:
            run.log(_("%(way)s: %(why)s", way=way, why=str(fault)))
    due = claiming.next_due(session(), outside_ways())
    if due is not None:
        later = max(due, now() + SOONEST)
        enqueue(DELIVER, actor=SYSTEM, run_after=later, unique_key=f"{later:%Y-%m-%d %H:%M}")
    return sent


def _step(run: Run, act: Callable[..., Any], *of: Any, **more: Any) -> Any:
    """Do something in a transaction of its own."""
    number = run.state.get("step", 0) + 1
    with run.chunk(number):
        run.state["step"] = number
        return act(session(), *of, **more)


def _mails(run: Run) -> int:
    mail = context().site.outgoing.mail
    assert mail is not None  # noqa: S101 - for the type checker
    _step(run, claiming.drop_read)
    sent = 0
    while taken := _step(run, claiming.claim_mails):
        left = list(taken)
        try:
            with mailbox(mail) as connection:
                while left:
                    sent += _mail(run, connection, left[0])
                    left.pop(0)
        except NotSent as fault:
            for claimed in left:
                _step(run, claiming.note_failed, claimed, str(fault))
            raise
    return sent


def _mail(run: Run, connection: Any, claimed: Claimed) -> int:
    """Send one person's mail; how many deliveries went out. Raises `NotSent` when the server is not to be spoken to."""
    mail = context().site.outgoing.mail
    assert mail is not None  # noqa: S101 - for the type checker
    site = context().site
    reader = load_actor(claimed.user_id, locale=site.locale, timezone=site.timezone)
    address = mail_of(claimed.user_id)
    if reader is None or not address:
        why = _("The login is switched off, or has no mail address")
        _step(run, claiming.note_failed, claimed, why, for_good=True)
        return 0
    try:
        subject, body = mail_words(claiming.messages_of(session(), claimed.ids), reader)
        made = letter(mail, address, subject, body, mail_key(claimed))
    except Exception as fault:
        _cannot_say(run, claimed, fault)
        return 0
    session.rollback()  # nothing is open while the network is waited for
    try:
        send_letter(connection, made)
    except NotSent as fault:
        if not fault.for_good:
            raise
        _step(run, claiming.note_failed, claimed, str(fault), for_good=True)
        return 0
    _step(run, claiming.note_sent, claimed)
    return len(claimed.rows)


def _cannot_say(run: Run, claimed: Claimed, fault: Exception) -> None:
    """What cannot be put into words stops nobody else's."""
    log.exception("deliveries %s cannot be put into words", claimed.ids, exc_info=fault)
    session.rollback()
    _step(run, claiming.note_failed, claimed, f"{type(fault).__name__}: {fault}")


def mail_of(user_id: int) -> str | None:
    """Where a login gets its mail."""
    found = select(mail_address()).select_from(USER).outerjoin(EMPLOYEE, EMPLOYEE.c.user_id == USER.c.id)
    address: str | None = session.execute(found.where(USER.c.id == user_id)).scalar()
    return address


def _posts(run: Run, way: str) -> int:
    channel = context().site.outgoing.channels[way]
    _step(run, claiming.set_aside_lost, way)
    sent = 0
    while (claimed := _step(run, claiming.claim_post, way)) is not None:
        try:
            messages = claiming.messages_of(session(), claimed.ids)
            text, mobiles = post_words(messages), mobiles_of({each["reader_id"] for each in messages})
        except Exception as fault:
            _cannot_say(run, claimed, fault)
            continue
        session.rollback()
        try:
            post(channel, text, mobiles, now())
        except NotSent as fault:
            _step(run, claiming.note_failed, claimed, str(fault))
            raise
        except Unsure as fault:
            _step(run, claiming.note_unsure, claimed, str(fault))
            raise
        _step(run, claiming.note_sent, claimed)
        sent += len(claimed.rows)
    return sent


def mobiles_of(user_ids: set[int]) -> list[str]:
    """The mobile numbers of logins, as messengers know them."""
    theirs = select(EMPLOYEE.c.mobile).where(among(session(), EMPLOYEE.c.user_id, sorted(user_ids)))
    found = session.execute(theirs.where(EMPLOYEE.c.mobile.is_not(None)).order_by(EMPLOYEE.c.id)).scalars()
    return [digits for each in found if (digits := each.strip().removeprefix("+86").strip()).isdigit()]


__all__ = ["deliver", "mail_of", "mobiles_of"]
