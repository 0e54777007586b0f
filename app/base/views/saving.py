"""Saving what a form sent: only its own fields, once, and nothing of it when something is wrong."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import MultiDict

from app.access.actors import require_actor
from app.base.views.cells import zone
from app.base.views.inputs import input_text
from app.base.views.models import FormToken
from app.db import now, session, transaction
from app.fields.messages import message
from app.fields.records import create_record, delete_record, update_record
from app.types import Entity, Held, Refused

#: Names a form posts besides its fields.
CONTROLS = frozenset({"csrf_token", "_token", "_version", "_again", "_shape", "next"})
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,40}")
KEEP_TOKENS = timedelta(days=2)


def new_token() -> str:
    """A token for one form on one screen."""
    return secrets.token_urlsafe(24)


def posted_values(form: MultiDict[str, str]) -> dict[str, str]:
    """What was typed, by field; of several values the last counts (a switch's hidden “no” comes first)."""
    return {name: form.getlist(name)[-1] for name in form if name not in CONTROLS}


def posted_text(form: MultiDict[str, str], name: str) -> str | None:
    """What was typed into one field; None when it was not sent."""
    sent = form.getlist(name)
    return sent[-1] if sent else None


def posted_version(form: MultiDict[str, str]) -> int | None:
    """The version of the record the form was made from; None when it does not say."""
    text = form.get("_version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def create_once(entity: Entity, values: Mapping[str, str], token: str) -> tuple[int, bool]:
    """(id, whether it is new): create the record, or find the one this form has already made.

    Raises `Refused` with the errors by field; nothing is then kept and the same form may be sent again.
    """
    actor = require_actor()
    if not _TOKEN.fullmatch(token):
        raise Refused(_("This form is out of date; please send it once more"))
    try:
        with transaction() as current:
            current.execute(delete(FormToken).where(FormToken.created_at < now() - KEEP_TOKENS))
            current.execute(insert(FormToken).values(token=token, user_id=actor.user_id, entity=entity.slug))
            record = create_record(entity, dict(values))
            record_id = int(record.id)
            current.execute(update(FormToken).where(FormToken.token == token).values(record_id=record_id))
        return record_id, True
    except IntegrityError as clash:
        made = session.scalar(
            select(FormToken.record_id).where(
                FormToken.token == token, FormToken.user_id == actor.user_id, FormToken.entity == entity.slug
            )
        )
        if made is not None:
            return made, False
        raise Refused(message("duplicate")) from clash


def save_changes(entity: Entity, record: Any, values: Mapping[str, str], version: int | None) -> list[str]:
    """Store what differs from the record; returns the names of the changed fields.

    Fields left as they were are not written, so a value shown shortened (to the minute) stays exact.
    """
    clock = zone()
    changes = {}
    for name, text in values.items():
        field = entity.field(name)
        if field is None or input_text(field, getattr(record, name, None), clock) != _settled(text):
            changes[name] = text
    if not changes:
        return []
    try:
        update_record(entity, record, changes, version=version)
    except IntegrityError as clash:
        raise Refused(message("duplicate")) from clash
    return list(changes)


def _settled(text: str) -> str:
    return text.strip().replace("\r\n", "\n")


def remove(entity: Entity, record: Any) -> Held | None:
    """Delete a record; the answer is what was opened in its stead, if anything. Raises `Refused` when it is needed."""
    try:
        return delete_record(entity, record)
    except IntegrityError as needed:
        raise Refused(_("This record is still used by others and cannot be deleted")) from needed
