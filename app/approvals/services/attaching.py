"""Files that come with a word on a case: kept like the files of records, read by whoever sees the case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, BinaryIO

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.access.audit import Act, record_acts
from app.approvals.services.acting import Moment
from app.db import session
from app.transfer.models import Attachment
from app.transfer.services import storage
from app.transfer.services.attachments import MOST, keep_for
from app.types import Refused

#: What attachments call a case, and how many files one word may bring.
CASE, MOST_AT_ONCE = "approvals_case", 10

#: (content, name as sent)
Sent = tuple[BinaryIO | IO[bytes], str]


def attach_to_last(it: Moment, files: Sequence[Sent]) -> list[Path]:
    """Keep files with the event an act has just added; where they lie. Raises `Refused` by ``files``."""
    if not files:
        return []
    case_id, current = it.kept.case.id, it.current
    there = select(func.count()).where(Attachment.entity == CASE, Attachment.record_id == case_id)
    if len(files) > MOST_AT_ONCE:
        raise Refused(_("At most %(count)s files at once", count=MOST_AT_ONCE), field="files")
    if (current.scalar(there) or 0) + len(files) > MOST:
        raise Refused(_("A record can carry at most %(count)s files", count=MOST), field="files")
    kept: list[list[object]] = []
    paths: list[Path] = []
    with _dropped_on_failure(paths):
        for source, name in files:
            try:
                made = keep_for(source, name, CASE, case_id)
            except Refused as refused:
                raise Refused(f"{storage.shown_name(name)}: {refused}", field="files") from refused
            paths.append(storage.path_of("attachments", made.stored))
            kept.append([made.id, made.name, made.size])
        record_acts(current, [
            Act("attach", CASE, str(case_id), it.kept.case.title, {"file": [None, name]}) for _id, name, _size in kept
        ])  # fmt: skip
    last = it.play.events[-1]
    it.play.events[-1] = replace(last, data={**last.data, "files": kept})
    return paths


@contextmanager
def kept_with_the_act() -> Iterator[list[Path]]:
    """Where the files of an act are noted; they go again where the act is not kept."""
    paths: list[Path] = []
    with _dropped_on_failure(paths):
        yield paths


@contextmanager
def _dropped_on_failure(paths: list[Path]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for path in paths:
            path.unlink(missing_ok=True)
        raise


def find_file(case_id: int, file_id: int) -> tuple[Attachment, Path]:
    """A file of a case; the caller has found the case within what the actor may see. Raises `LookupError`."""
    found = session.get(Attachment, file_id)
    if found is None or found.entity != CASE or found.record_id != case_id:
        raise LookupError(file_id)
    path = storage.path_of("attachments", found.stored)
    if not path.is_file():
        raise LookupError(file_id)
    return found, path


__all__ = ["CASE", "MOST_AT_ONCE", "Sent", "attach_to_last", "find_file", "kept_with_the_act"]
