"""Imports with what they did to which rows, remembered mappings, export files, attachments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.access.models import BigId
from app.db import Model, UtcDateTime, now


class Import(Model):
    """One upload and what became of it. `position` is where in the spool the next chunk begins.

    Counters, position and the rows themselves are committed together, chunk by chunk, so an import killed at
    any
    moment goes on without a row lost or written twice.
    """

    __tablename__ = "transfer_import"
    __table_args__ = (
        Index("ix_transfer_import_by", "created_by", "id"),
        Index("ix_transfer_import_same", "entity", "sha256"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entity: Mapped[str] = mapped_column(String(60))
    file_name: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(8))
    encoding: Mapped[str] = mapped_column(String(40), default="")
    delimiter: Mapped[str] = mapped_column(String(4), default="")
    #: Random name of the spool under the site's uploads; empty once it is cleared away.
    spool: Mapped[str] = mapped_column(String(80))
    header: Mapped[list[str]] = mapped_column(JSON, default=list)
    start: Mapped[int] = mapped_column(BigInteger, default=0)
    row_count: Mapped[int] = mapped_column(Integer, default=0)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    #: What happens to a row whose record exists already: skip, update, create, ask.
    duplicates: Mapped[str] = mapped_column(String(8), default="skip")
    #: uploaded · mapped · queued · running · review · done · cancelled · failed · undoing · undone
    status: Mapped[str] = mapped_column(String(10), default="uploaded")
    #: read → waiting (rows whose link stands further down in the file) → decided (duplicates asked about) →
    #: end
    phase: Mapped[str] = mapped_column(String(10), default="read")
    #: While reading: the offset in the spool; later: the id of the last remembered row looked at.
    position: Mapped[int] = mapped_column(BigInteger, default=0)
    #: Rows that found their link in this walk over the waiting ones; walks end when it stays at nothing.
    found_count: Mapped[int] = mapped_column(Integer, default=0)
    chunk: Mapped[int] = mapped_column(Integer, default=0)
    done_count: Mapped[int] = mapped_column(Integer, default=0)
    created_count: Mapped[int] = mapped_column(Integer, default=0)
    updated_count: Mapped[int] = mapped_column(Integer, default=0)
    skipped_count: Mapped[int] = mapped_column(Integer, default=0)
    failed_count: Mapped[int] = mapped_column(Integer, default=0)
    #: The last check without writing: counts and the first problems.
    checked: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    job_id: Mapped[int | None] = mapped_column(BigInteger)
    error_file: Mapped[str] = mapped_column(String(80), default="")
    #: The last entry of the audit log when the import ended: what came later touched the records since.
    audit_end: Mapped[int | None] = mapped_column(BigInteger)
    #: What the undo did: counts and the records it had to leave.
    undone: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_by: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def __repr__(self) -> str:
        return self.file_name


class ImportChunk(Model):
    """The records one chunk created, as ranges of ids (or of `Undoing.marks`) [[first, last], …], for the undo."""

    __tablename__ = "transfer_import_chunk"
    __table_args__ = (UniqueConstraint("import_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("transfer_import.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    created: Mapped[list[list[int]]] = mapped_column(JSON, default=list)
    undone: Mapped[bool] = mapped_column(Boolean, default=False)


class ImportRow(Model):
    """A row that needs remembering: failed, updated (with the values before), to be decided, waiting for a
    link."""

    __tablename__ = "transfer_import_row"
    __table_args__ = (Index("ix_transfer_import_row_outcome", "import_id", "outcome", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("transfer_import.id", ondelete="CASCADE"))
    #: Number of the row in the original file, and where its line begins in the spool.
    number: Mapped[int] = mapped_column(Integer)
    offset: Mapped[int] = mapped_column(BigInteger)
    #: failed · updated · ask · waiting · restored · kept
    outcome: Mapped[str] = mapped_column(String(10))
    record_id: Mapped[int | None] = mapped_column(BigInteger)
    #: [{field, code, details, column}]
    problems: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    #: {field: [before, after]} of an updated record.
    changes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    #: What was decided about a duplicate: skip, update, create; empty while undecided.
    decision: Mapped[str] = mapped_column(String(8), default="")


class ImportMapping(Model):
    """The mapping last used for a table of these headings, found again at the next upload."""

    __tablename__ = "transfer_mapping"
    __table_args__ = (UniqueConstraint("entity", "signature"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    entity: Mapped[str] = mapped_column(String(60))
    #: SHA-256 of the normal headings in order of the alphabet.
    signature: Mapped[str] = mapped_column(String(64))
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    used_by: Mapped[int | None] = mapped_column(Integer)


class Export(Model):
    """A file made of a list: whose, with which filter, how many rows, until when it may be fetched."""

    __tablename__ = "transfer_export"
    __table_args__ = (
        Index("ix_transfer_export_by", "created_by", "id"),
        Index("ix_transfer_export_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entity: Mapped[str] = mapped_column(String(60))
    format: Mapped[str] = mapped_column(String(4))
    #: The list's query string and the columns, as asked.
    query: Mapped[str] = mapped_column(Text, default="")
    columns: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: Those of the columns that came masked.
    masked: Mapped[list[str]] = mapped_column(JSON, default=list)
    reason: Mapped[str] = mapped_column(String(200), default="")
    #: What the person read and reached when the file was made (`app.access.exporting.reach`).
    reach: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    #: queued · done · failed · expired
    status: Mapped[str] = mapped_column(String(10), default="queued")
    row_count: Mapped[int] = mapped_column(Integer, default=0)
    #: How often the file was fetched, and when last.
    download_count: Mapped[int] = mapped_column(Integer, default=0)
    downloaded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Random name under the site's uploads; empty until it is made and after it has expired.
    stored: Mapped[str] = mapped_column(String(80), default="")
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    job_id: Mapped[int | None] = mapped_column(BigInteger)
    created_by: Mapped[int | None] = mapped_column(Integer)
    #: Their name and login as they were then.
    created_by_name: Mapped[str] = mapped_column(String(128), default="")
    login: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Attachment(Model):
    """A file kept with a record; whoever sees the record may fetch it. One of a `field` waits with record 0 until a
    record names it there, and is read by whoever reads the field."""

    __tablename__ = "transfer_attachment"
    __table_args__ = (Index("ix_transfer_attachment_record", "entity", "record_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entity: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[int] = mapped_column(BigInteger)
    field: Mapped[str | None] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigInteger)
    #: MIME type found in the content.
    type: Mapped[str] = mapped_column(String(100))
    sha256: Mapped[str] = mapped_column(String(64))
    stored: Mapped[str] = mapped_column(String(80))
    created_by: Mapped[int | None] = mapped_column(Integer)
    created_by_name: Mapped[str] = mapped_column(String(128), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


__all__ = ["Attachment", "Export", "Import", "ImportChunk", "ImportMapping", "ImportRow"]
