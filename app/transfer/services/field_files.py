"""Files in fields of records: sent ahead, claimed when the record is saved, read by whoever reads the field."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import IO, BinaryIO

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update

from app.access.actors import require_actor
from app.access.policy import level_of
from app.db import after_commit, now, session, transaction
from app.fields.bulk import among
from app.transfer.models import Attachment
from app.transfer.services import storage
from app.transfer.services.attachments import find_attachment, keep_file
from app.transfer.services.cleaning import ORPHAN_HOURS
from app.types import Entity, Field, Kind, Level, Refused

#: The record a file belongs to until a record names it.
NOBODY = 0
#: Files one person may have waiting.
MOST_WAITING = 100
#: A file no record has named by then goes.
WAITS = timedelta(hours=ORPHAN_HOURS)


def receive(source: BinaryIO | IO[bytes], name: str, entity: Entity, field: Field) -> tuple[int, str]:
    """(id, name) of a file sent for a field, which waits for its record. Raises `Refused`, `LookupError`."""
    actor = require_actor()
    level = level_of(entity, field.name, actor)
    able = any(actor.can(act, entity.view_name) for act in ("can_add", "can_edit"))
    if field.kind is not Kind.FILES or level is Level.HIDDEN:
        raise LookupError(field.name)
    if level is not Level.WRITE or not able:
        raise Refused(_("You may not change “%(field)s”", field=field.label))
    waiting = select(func.count()).where(_waits(), Attachment.created_at > now() - WAITS)
    if (session.scalar(waiting) or 0) >= MOST_WAITING:
        raise Refused(_("Too many of your files wait for their record; save it, or try again tomorrow"))
    made = keep_file(source, name, entity, NOBODY, field=field.name)
    return made.id, made.name


def names_of(entity: Entity, field: Field, ids: Collection[int], record_id: int | None) -> dict[int, str]:
    """{id: name} of those that are the record's already, or were sent by the actor for this field and wait."""
    own = or_(_waits(), Attachment.record_id == record_id) if record_id is not None else _waits()
    wanted = select(Attachment.id, Attachment.name).where(
        among(session(), Attachment.id, ids), Attachment.entity == entity.slug, Attachment.field == field.name, own
    )
    return {row.id: row.name for row in session.execute(wanted)}


def settle(entity: Entity, record_id: int, kept: Collection[int], gone: Collection[int]) -> None:
    """Give the record the files it names now, and drop those it does not name any more. Raises `Refused`."""
    with transaction() as current:
        if kept:
            claim = update(Attachment).where(among(current, Attachment.id, kept), _waits()).values(record_id=record_id)
            claimed = current.execute(claim.returning(Attachment.id)).all()
            if len(claimed) != len(set(kept)):
                raise Refused(_("One of the files belongs to another record by now; send it again"))
        if gone:
            drop = delete(Attachment).where(
                among(current, Attachment.id, gone),
                Attachment.entity == entity.slug,
                Attachment.record_id == record_id,
                Attachment.field.is_not(None),
            )
            stored = current.scalars(drop.returning(Attachment.stored)).all()
            after_commit(lambda: _unlink(stored))


def fetch(file_id: int) -> tuple[str, str, Path]:
    """(name, MIME type, path) of a file the actor may read. Raises `LookupError`."""
    found, path = find_attachment(file_id)
    return found.name, found.type, path


def _unlink(names: Collection[str]) -> None:
    for name in names:
        storage.remove("attachments", name)


def _waits() -> ColumnElement[bool]:
    """Those the acting person sent and no record has named."""
    return and_(Attachment.record_id == NOBODY, Attachment.created_by == require_actor().user_id)


__all__ = ["MOST_WAITING", "NOBODY", "WAITS", "fetch", "names_of", "receive", "settle"]
