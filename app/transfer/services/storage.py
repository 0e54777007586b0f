"""Files under the site's uploads: random names in folders of ours; what a person calls a file never becomes a
path."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from app.host.context import context

FOLDERS = ("imports", "exports", "attachments")
_STORED = re.compile(r"[0-9a-f]{32}(\.[a-z]{2,6})?")
_BLOCK = 1 << 20


class TooLarge(Exception):
    """More bytes than allowed; nothing is kept."""


def folder(kind: str) -> Path:
    """Where files of a kind live; only the owner of the process may look in."""
    if kind not in FOLDERS:
        raise ValueError(kind)
    path = context().site.uploads / kind
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def new_name(suffix: str = "") -> str:
    """A random name of 128 bits."""
    return secrets.token_hex(16) + suffix


def path_of(kind: str, stored: str) -> Path:
    """The path of a stored file. Raises `ValueError` for anything but a name of ours."""
    if not _STORED.fullmatch(stored):
        raise ValueError("not a stored name")
    return folder(kind) / stored


def remove(kind: str, stored: str) -> None:
    """Delete a stored file, if it is still there."""
    if stored:
        path_of(kind, stored).unlink(missing_ok=True)


@contextmanager
def private_file(path: Path) -> Iterator[IO[bytes]]:
    """A new file only its owner can read; removed again when the block fails."""
    handle = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
    try:
        with handle:
            yield handle
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def store(kind: str, source: BinaryIO | IO[bytes], suffix: str = "", limit: int | None = None) -> tuple[str, int, str]:
    """Copy an upload; (stored name, size in bytes, SHA-256). Raises `TooLarge`."""
    stored, size, digest = new_name(suffix), 0, hashlib.sha256()
    with private_file(path_of(kind, stored)) as out:
        while block := source.read(_BLOCK):
            size += len(block)
            if limit is not None and size > limit:
                raise TooLarge
            digest.update(block)
            out.write(block)
    return stored, size, digest.hexdigest()


def shown_name(name: str, fallback: str = "file") -> str:
    """The last part of what a person calls a file, without control characters, at most 200 characters.

    >>> shown_name("..\\\\..\\\\etc/passwd")
    'passwd'
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    # Format characters could turn the name's reading direction around, so that exe.gpj reads jpg.exe.
    clean = "".join(c for c in last if unicodedata.category(c)[0] != "C").strip(" .")
    if len(clean) > 200:
        stem, dot, suffix = clean.rpartition(".")
        clean = f"{stem[: 190 - len(suffix)]}{dot}{suffix}" if dot and len(suffix) < 12 else clean[:200]
    return clean or fallback
