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
    """The files of a record, the newest first; the caller has found the record within its scope."""
    wanted = select(Attachment).where(Attachment.entity == entity.slug, Attachment.record_id == record_id)
    return list(session.scalars(wanted.order_by(Attachment.id.desc()).limit(MOST)))


def attach(source: BinaryIO | IO[bytes], name: str, entity: Entity, record_id: int) -> Attachment:
    """Keep a file with a record the actor may change. Raises `Refused`; nothing is then kept."""
    _changeable(entity, record_id)
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
            if len(attachments_of(entity, record_id)) >= MOST:
                raise Refused(_("A record can carry at most %(count)s files", count=MOST))
            made = Attachment(
                entity=entity.slug,
                record_id=record_id,
                name=shown,
                size=size,
                type=kind,
                sha256=digest,
                stored=stored,
                created_by=actor.user_id,
                created_by_name=actor.name,
            )
            current.add(made)
            record_acts(current, [Act("attach", entity.slug, str(record_id), shown, {"file": [None, shown]})])
            current.flush()
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return made


def find_attachment(attachment_id: int) -> tuple[Attachment, Path]:
    """A file whose record the actor may see. Raises `LookupError`, the same for absent and foreign ones."""
    found = session.get(Attachment, attachment_id)
    entity = context().entities.get(found.entity) if found is not None else None
    if found is None or entity is None or not require_actor().can("can_show", entity.view_name):
        raise LookupError(attachment_id)
    if find_record(entity, found.record_id) is None:
        raise LookupError(attachment_id)
    path = storage.path_of("attachments", found.stored)
    if not path.is_file():
        raise LookupError(attachment_id)
    return found, path


def detach(attachment_id: int) -> Attachment:
    """Remove a file from a record the actor may change. Raises `Refused`, `LookupError`."""
    with transaction() as current:
        found, path = find_attachment(attachment_id)
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
