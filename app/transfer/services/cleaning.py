"""Files do not stay longer than they are needed: they hold personal data."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import and_, delete, select
from sqlalchemy.orm import Session

from app.access.scope import UNSCOPED
from app.db import now, session, transaction
from app.host.context import context
from app.transfer.models import Attachment, Export, Import
from app.transfer.services import storage

#: Days the rows of an import are kept, for its error file, its review and a second look.
KEPT_DAYS = 30
#: A file nobody knows may be one that is being written right now; after this many hours it is not.
ORPHAN_HOURS = 24


def remove_old_files() -> int:
    """Delete files of old imports and expired exports, and files nothing refers to; how many went."""
    removed = 0
    limit = now() - timedelta(days=KEPT_DAYS)
    with transaction() as current:
        for export in current.scalars(select(Export).where(Export.expires_at < now(), Export.stored != "")).all():
            storage.remove("exports", export.stored)
            export.stored, export.status = "", "expired"
            removed += 1
        old = select(Import).where(Import.created_at < limit, Import.spool != "")
        for made in current.scalars(old.where(Import.status.not_in(("queued", "running", "undoing")))).all():
            for stored in (made.spool, made.error_file):
                storage.remove("imports", stored)
            made.spool = made.error_file = ""
            removed += 1
        removed += _forget_attachments(current)
    return removed + _remove_orphans()


def _forget_attachments(current: Session) -> int:
    """Attachments whose record has been deleted; their files are then orphans."""
    forgotten = 0
    for slug in current.scalars(select(Attachment.entity).distinct()).all():
        entity = context().entities.get(slug)
        if entity is None:  # its module is off: the data is kept
            continue
        waits = and_(Attachment.record_id == 0, Attachment.created_at > now() - timedelta(hours=ORPHAN_HOURS))
        living = select(entity.model.__table__.c.id)
        gone = delete(Attachment).where(Attachment.entity == slug, Attachment.record_id.not_in(living), ~waits)
        ids = current.scalars(gone.returning(Attachment.id).execution_options(**{UNSCOPED: True}))
        forgotten += len(ids.all())
    return forgotten


def _remove_orphans() -> int:
    known = {
        "imports": {name for row in session.execute(select(Import.spool, Import.error_file)) for name in row},
        "exports": set(session.scalars(select(Export.stored))),
        "attachments": set(session.scalars(select(Attachment.stored))),
    }
    oldest = (now() - timedelta(hours=ORPHAN_HOURS)).timestamp()
    removed = 0
    for kind, names in known.items():
        for path in storage.folder(kind).iterdir():
            if path.is_file() and path.name not in names and path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
                removed += 1
    return removed
