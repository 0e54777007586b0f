"""The seals of the audit log outside the database: a file that only grows, a line per seal.

A line holds the time, the number and hash of the log's last entry then, and a MAC under the site's secret over these
and the MAC of the line before. The database alone can be put back as a whole, its head row too, and fit; the file
tells that entries are missing or were written anew (docs/adr/0042).
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access.audit.chain import verify
from app.access.models import AuditEntry, AuditHead
from app.db import now, transaction, writing
from app.host.context import context

FILE = "audit.seals"
_CHUNK = 500


class NotSealed(Exception):
    """The log, or the file of its seals, is not whole: nothing was sealed. The message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Seal:
    """One line: the last entry of the log at a time."""

    at: datetime
    number: int
    link: str
    mac: str

    @property
    def line(self) -> str:
        return f"{self.at.isoformat(timespec='seconds')} {self.number} {self.link} {self.mac}\n"


def seals_path() -> Path:
    """Where the seals of this site are kept."""
    return context().site.folder / FILE


def read_seals() -> list[Seal]:
    """All seals, oldest first; none when nothing was ever sealed. Raises `NotSealed` at a line that is not right."""
    try:
        text = seals_path().read_text("ascii", "replace")
    except FileNotFoundError:
        return []
    return _checked(text)


def check_seals(session: Session, seals: Sequence[Seal]) -> str:
    """What of the log does not agree with these seals, or ''."""
    entries = AuditEntry.__table__
    for start in range(0, len(seals), _CHUNK):
        chunk = seals[start : start + _CHUNK]
        wanted = select(entries.c.id, entries.c.hash).where(entries.c.id.in_({seal.number for seal in chunk}))
        held: dict[int, str] = {number: link for number, link in session.execute(wanted)}  # noqa: C416
        for seal in chunk:
            if seal.number not in held:
                return _("entry %(number)s was sealed on %(at)s and is gone", number=seal.number, at=f"{seal.at}")
            if held[seal.number] != seal.link:
                return _("entry %(number)s is not the one sealed on %(at)s", number=seal.number, at=f"{seal.at}")
    return ""


def check_position(session: Session, seals: Sequence[Seal]) -> str:
    """Whether the file ends before, or holds another seal than, the last one the database knows of; '' if not."""
    known = session.execute(select(AuditHead.sealed_id, AuditHead.sealed_hash)).one_or_none()
    if known is None or not known.sealed_id:
        return ""
    if not seals:
        return _(
            "the file of seals is missing: the log was sealed up to entry %(number)s; put the file back, or "
            "begin a new one on purpose (qiao audit reseal)",
            number=known.sealed_id,
        )
    if any(seal.number == known.sealed_id and seal.link == known.sealed_hash for seal in reversed(seals)):
        return ""
    return _("the seal of entry %(number)s is missing in the file of seals", number=known.sealed_id)


def seal_log(session: Session) -> Seal | None:
    """Seal the log up to its last entry; None when nothing was added since the last seal.

    Everything since the last seal is verified first. Raises `NotSealed` when it, or the file, is not whole.
    """
    with _locked(seals_path()) as handle:
        seals = _checked(_text(handle))
        last = seals[-1] if seals else None
        if problem := check_position(session, seals):
            raise NotSealed(problem)
        if last is not None and (problem := check_seals(session, [last])):
            raise NotSealed(problem)
        after = (last.number, last.link) if last is not None else (0, "")
        number, problem = verify(session, after=after)
        if problem:
            raise NotSealed(problem)
        if number == after[0]:
            return None
        link = session.execute(select(AuditEntry.hash).where(AuditEntry.id == number)).scalar_one()
        made = _made(now(), number, link, last.mac if last is not None else "")
        os.write(handle, made.line.encode("ascii"))
        os.fsync(handle)
        session.rollback()
        _note_position(number, link)
    return made


def forget_position() -> None:
    """Let the next seal be the first of a new file; with the running transaction."""
    _note_position(0, "")


def _note_position(number: int, link: str) -> None:
    """Keep in the database, too, how far the log is sealed: a file that is gone is missed then."""
    with writing(), transaction() as current:
        current.execute(update(AuditHead).values(sealed_id=number, sealed_hash=link))


def set_seals_aside() -> Path | None:
    """Keep the seals made under an earlier secret beside a new, empty file; where they are now."""
    path = seals_path()
    if not path.exists():
        return None
    kept = path.with_name(f"audit-{now():%Y%m%d%H%M%S}.seals")
    path.rename(kept)
    return kept


def unproved_seals() -> list[Seal]:
    """The seals as they stand, whoever may have written them: to compare the log with after the secret changed."""
    path = seals_path()
    return [_read(n, line) for n, line in _lines(path.read_text("ascii", "replace"))] if path.exists() else []


def _made(at: datetime, number: int, link: str, before: str) -> Seal:
    at = at.replace(microsecond=0)
    return Seal(at, number, link, _mac(at, number, link, before))


def _mac(at: datetime, number: int, link: str, before: str) -> str:
    secret = f"audit-seals:{context().site.secret}".encode()
    said = f"{before}\n{at.isoformat(timespec='seconds')} {number} {link}"
    return hmac.new(secret, said.encode(), hashlib.sha256).hexdigest()


def _checked(text: str) -> list[Seal]:
    """The seals of a file's text, each proved by its MAC and later than the one before."""
    seals: list[Seal] = []
    for number, line in _lines(text):
        seal, last = _read(number, line), seals[-1] if seals else None
        mac = _mac(seal.at, seal.number, seal.link, last.mac if last else "")
        if not hmac.compare_digest(mac, seal.mac) or (last is not None and seal.number <= last.number):
            raise NotSealed(_("line %(line)s of the seals is not this site's, or lines are missing", line=number))
        seals.append(seal)
    return seals


def _lines(text: str) -> Iterator[tuple[int, str]]:
    return enumerate(text.splitlines(), 1)


def _read(number: int, line: str) -> Seal:
    try:
        at, entry, link, mac = line.split(" ")
        return Seal(datetime.fromisoformat(at), int(entry), link, mac)
    except ValueError as error:
        raise NotSealed(_("line %(line)s of the seals cannot be read", line=number)) from error


def _text(handle: int) -> str:
    with os.fdopen(os.dup(handle), "rb") as read:
        read.seek(0)
        return read.read().decode("ascii", "replace")


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """The file, only ever appended to, held against other processes that seal."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)
