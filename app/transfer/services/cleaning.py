"""Files do not stay longer than they are needed: they hold personal data."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from app.db import now, session, transaction
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
        for export in current.scalars(
            select(Export).where(Export.expires_at < now(), Export.stored != "")
        ).all():
            storage.remove("exports", export.stored)
            export.stored, export.status = "", "expired"
            removed += 1
        old = select(Import).where(Import.created_at < limit, Import.spool != "")
        for made in current.scalars(old.where(Import.status.not_in(("queued", "running", "undoing")))).all():
            for stored in (made.spool, made.error_file):
                storage.remove("imports", stored)
            made.spool = made.error_file = ""
            removed += 1
    return removed + _remove_orphans()


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
