"""What is said outside the product: by mail as the reader may read it, in groups as nobody in particular may."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _

from app.access.actors import acting_as
from app.base.language import known
from app.base.views.titles import read_titles
from app.host.context import context
from app.host.settings import setting
from app.notices.feed import words
from app.notices.outside.claiming import Claimed
from app.notices.rules import one_line
from app.types import Actor

#: How much is said outside: ``title`` or ``text``, a setting.
EXTENT = "notices.outside"


def mail_words(messages: Sequence[Any], reader: Actor) -> tuple[str, str]:
    """(subject, body) of a mail that tells a reader of these messages, in their language, as far as they may know."""
    # after the actor, whose change forgets the language that is forced
    with acting_as(reader), force_locale(known(reader.locale)):
        titles = read_titles({(each["entity"], each["record_id"]) for each in messages if each["entity"]})
        parts, subject = [], ""
        for each in messages:
            title, text = words(each, titles, _label(each["kind"]))
            subject = subject or one_line(title)
            parts.append(_part(each, title, text, f"/notices/open/{each['notice_id']}"))
        if len(messages) > 1:
            subject = _("%(count)s notices", count=len(messages))
        if any(each["urgent"] for each in messages):
            subject = _("Urgent: %(title)s", title=subject)
        if foot := _address("/notices/choices"):
            parts.append(_("What you are told by mail: %(address)s", address=foot))
        return f"[{context().site.name}] {subject}", "\n\n".join(parts) + "\n"


def post_words(messages: Sequence[Any]) -> str:
    """The text of a post in a group, in the site's language; records are called by their number."""
    with acting_as(None), force_locale(known(context().site.locale)):
        parts = []
        for each in {each["id"]: each for each in messages}.values():
            titles = {(each["entity"], each["record_id"]): f"#{each['record_id']}"}
            title, text = words(each, titles, _label(each["kind"]))
            if each["urgent"]:
                title = _("Urgent: %(title)s", title=title)
            parts.append(_part(each, title, text, each["link"] or "/notices/"))
        return "\n\n".join([f"[{context().site.name}]", *parts])


def mail_key(claimed: Claimed) -> str:
    """The name of a mail: the same deliveries have the same, whenever and by whomever they are sent."""
    site = context().site
    told = f"{site.slug} {' '.join(map(str, claimed.ids))}"
    return f"notice.{claimed.ids[0]}.{hashlib.sha256(told.encode() + site.secret.encode()).hexdigest()[:24]}"


def _part(message: Any, title: str, text: str, path: str) -> str:
    lines = [one_line(title)]
    if text and setting(EXTENT) == "text":
        lines.append(text)
    if address := _address(path):
        lines.append(address)
    return "\n".join(lines)


def _address(path: str) -> str:
    """A page of the site as seen from outside; nothing where the site does not say where that is."""
    base = context().site.outgoing.address
    return f"{base}{path}" if base else ""


def _label(name: str) -> str:
    kind = context().notice_kinds.get(name)
    return str(kind.label) if kind is not None else name
