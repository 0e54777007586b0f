"""What may be attached to a record: decided by content; what a browser would run is never taken."""

from __future__ import annotations

from pathlib import PurePosixPath

#: The largest attachment, in bytes.
MAX_ATTACHMENT = 50 * 1024 * 1024
TEXT = "text/plain"
#: Suffix → MIME types a file of that name may hold.
ALLOWED: dict[str, tuple[str, ...]] = {
    ".pdf": ("application/pdf",),
    ".png": ("image/png",),
    ".jpg": ("image/jpeg",),
    ".jpeg": ("image/jpeg",),
    ".gif": ("image/gif",),
    ".webp": ("image/webp",),
    ".bmp": ("image/bmp",),
    ".tif": ("image/tiff",),
    ".tiff": ("image/tiff",),
    ".docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document",),
    ".xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",),
    ".pptx": ("application/vnd.openxmlformats-officedocument.presentationml.presentation",),
    ".doc": ("application/x-ole-storage",),
    ".xls": ("application/x-ole-storage",),
    ".ppt": ("application/x-ole-storage",),
    ".zip": ("application/zip",),
    ".mp3": ("audio/mpeg",),
    ".wav": ("audio/wav",),
    ".m4a": ("video/mp4",),
    ".mp4": ("video/mp4",),
    ".csv": (TEXT,),
    ".txt": (TEXT,),
}
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (4, b"ftyp", "video/mp4"),
)
_MARKUP = (
    b"<!doctype",
    b"<html",
    b"<svg",
    b"<?xml",
    b"<script",
    b"<body",
    b"<head",
    b"<iframe",
    b"<!--",
    b"#!",
)


class BadAttachment(ValueError):
    """A file that is not taken; `code` says why: kind, name, empty."""

    def __init__(self, code: str):
        self.code = code
        super().__init__(code)


def type_of(name: str, head: bytes, zip_names: frozenset[str] = frozenset()) -> str:
    """The MIME type of a file by its content, which must fit its name. Raises `BadAttachment`.

    `head` are its first 4096 bytes, `zip_names` the names inside when it is a zip.
    >>> type_of("合同.pdf", b"%PDF-1.7")
    'application/pdf'
    """
    if not head:
        raise BadAttachment("empty")
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in ALLOWED:
        raise BadAttachment("kind")
    found = _sniff(head, zip_names)
    if found not in ALLOWED[suffix]:
        raise BadAttachment("name")
    return found


def _sniff(head: bytes, zip_names: frozenset[str]) -> str:
    for place, magic, kind in _MAGIC:
        if head[place : place + len(magic)] == magic:
            return _office(zip_names) or kind if kind == "application/zip" else kind
    start = head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if start.startswith(_MARKUP) or b"\x00" in head:
        return ""
    return TEXT


def _office(names: frozenset[str]) -> str:
    for part, suffix in (("word/", ".docx"), ("xl/", ".xlsx"), ("ppt/", ".pptx")):
        if "[Content_Types].xml" in names and any(name.startswith(part) for name in names):
            return ALLOWED[suffix][0]
    return ""
