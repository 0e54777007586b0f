"""Files kept with a record: whoever sees the record may fetch them, whoever may change it may add and
remove."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import IO, Any, BinaryIO

from flask_babel import gettext as _
from sqlalchemy import select

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.policy import readable
from app.db import session, transaction
from app.fields.records import find_record
from app.host.context import context
from app.transfer.models import Attachment
from app.transfer.rules.attached import ALLOWED, MAX_ATTACHMENT, BadAttachment, type_of
from app.transfer.services import storage
from app.types import Entity, Refused

#: Files one record may carry.
MOST = 200


def attachments_of(entity: Entity, record_id: int) -> list[Attachment]:
    """The files of a record besides those of its fields, the newest first; the caller has found the record within
    its scope."""
    wanted = select(Attachment).where(
        Attachment.entity == entity.slug, Attachment.record_id == record_id, Attachment.field.is_(None)
    )
    return list(session.scalars(wanted.order_by(Attachment.id.desc()).limit(MOST)))


def attach(source: BinaryIO | IO[bytes], name: str, entity: Entity, record_id: int) -> Attachment:
    """Keep a file with a record the actor may change. Raises `Refused`; nothing is then kept."""
    _changeable(entity, record_id)
    with transaction() as current:
        if len(attachments_of(entity, record_id)) >= MOST:
            raise Refused(_("A record can carry at most %(count)s files", count=MOST))
        made = keep_file(source, name, entity, record_id)
        record_acts(current, [Act("attach", entity.slug, str(record_id), made.name, {"file": [None, made.name]})])
    return made


def keep_file(
    source: BinaryIO | IO[bytes], name: str, entity: Entity, record_id: int, *, field: str | None = None
) -> Attachment:
    """Store a file whose content fits its name, of the actor, for a record (of a `field`). Raises `Refused`."""
    return keep_for(source, name, entity.slug, record_id, field=field)


def keep_for(
    source: BinaryIO | IO[bytes], name: str, slug: str, record_id: int, *, field: str | None = None
) -> Attachment:
    """The same for what is no entity: whoever asks lets nobody fetch the file who may not. Raises `Refused`."""
    shown = storage.shown_name(name)
    try:
        stored, size, digest = storage.store("attachments", source, limit=MAX_ATTACHMENT)
    except storage.TooLarge as large:
        raise Refused(_("The file is larger than %(limit)s MB", limit=MAX_ATTACHMENT // 1024**2)) from large
    path = storage.path_of("attachments", stored)
    try:
        kind = _type(path, shown)
        actor = require_actor()
        with transaction() as current:
            made = Attachment(
                entity=slug,
                record_id=record_id,
                field=field,
                name=shown,
                size=size,
                type=kind,
                sha256=digest,
                stored=stored,
                created_by=actor.user_id,
                created_by_name=actor.name,
            )
            current.add(made)
            current.flush()
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return made


def find_attachment(attachment_id: int) -> tuple[Attachment, Path]:
    """A file whose record the actor may see. Raises `LookupError`, the same for absent and foreign ones."""
    found = session.get(Attachment, attachment_id)
    entity = context().entities.get(found.entity) if found is not None else None
    if found is None or entity is None or not _is_readable(found, entity):
        raise LookupError(attachment_id)
    path = storage.path_of("attachments", found.stored)
    if not path.is_file():
        raise LookupError(attachment_id)
    return found, path


def _is_readable(found: Attachment, entity: Entity) -> bool:
    """Whether the actor sees the record, and the field of it that names the file; a waiting one has only its sender."""
    actor = require_actor()
    if found.field is not None and (entity.field(found.field) is None or not readable(entity, found.field, actor)):
        return False
    if found.record_id == 0:
        return actor.user_id is not None and found.created_by == actor.user_id
    return actor.can("can_show", entity.view_name) and find_record(entity, found.record_id) is not None


def detach(attachment_id: int) -> Attachment:
    """Remove a file from a record the actor may change. Raises `Refused`, `LookupError`."""
    with transaction() as current:
        found, path = find_attachment(attachment_id)
        if found.field is not None:
            raise Refused(_("This file stands in a field: take it out on the form of the record"))
        _changeable(context().entities[found.entity], found.record_id)
        current.delete(found)
        act = Act("detach", found.entity, str(found.record_id), found.name, {"file": [found.name, None]})
        record_acts(current, [act])
    path.unlink(missing_ok=True)
    return found


def may_change(entity: Entity, record_id: int) -> bool:
    """Whether the actor may add and remove files of this record."""
    actor = require_actor()
    allowed = actor.can("can_edit", entity.view_name)
    return allowed and find_record(entity, record_id, write=True) is not None


def _changeable(entity: Entity, record_id: int) -> None:
    record: Any = find_record(entity, record_id)
    if record is None:
        raise LookupError(record_id)
    if not may_change(entity, record_id):
        raise Refused(_("You may see this record, but not change it"))


def _type(path: Path, name: str) -> str:
    with path.open("rb") as handle:
        head = handle.read(4096)
    names: frozenset[str] = frozenset()
    if head.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(path) as archive:
                names = frozenset(archive.namelist()[:5000])
        except (zipfile.BadZipFile, ValueError, OSError) as broken:
            raise Refused(
                _("The file is damaged and cannot be read; it may not have been copied completely")
            ) from broken
    try:
        return type_of(name, head, names)
    except BadAttachment as bad:
        raise Refused(_REASONS[bad.code]()) from bad


_REASONS = {
    "empty": lambda: _("The file is empty"),
    "kind": lambda: _(
        "Files of this kind cannot be attached; possible are %(kinds)s",
        kinds=", ".join(sorted(suffix[1:] for suffix in ALLOWED)),
    ),
    "name": lambda: _("The content of the file is not what its name says, or not allowed"),
}
