"""Fields that hold files: what a value looks like, and the door to whoever keeps the files themselves.

A value is ((id, name), …). A file is sent first and then waits, seen by its sender only; it belongs to a record once a
value that names it is saved, and goes when a later value does not name it any more. History keeps the names.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol

from app.fields.messages import message
from app.fields.rules import BadValue
from app.types import Entity, Field, Kind, Refused

#: Files one field holds where it does not say less.
MOST = 20
Held = tuple[tuple[int, str], ...]


class FileKeeper(Protocol):
    """Who keeps the files: the room of attachments."""

    def receive(self, source: BinaryIO | IO[bytes], name: str, entity: Entity, field: Field) -> tuple[int, str]:
        """(id, name) of a file sent for a field, which waits for its record. Raises `Refused`."""

    def names_of(self, entity: Entity, field: Field, ids: Collection[int], record_id: int | None) -> dict[int, str]:
        """{id: name} of those that are the record's already, or were sent by the actor for this field and wait."""

    def settle(self, entity: Entity, record_id: int, kept: Collection[int], gone: Collection[int]) -> None:
        """Give the record the files it names now, and drop those it does not name any more. Raises `Refused`."""

    def fetch(self, file_id: int) -> tuple[str, str, Path]:
        """(name, MIME type, path) of a file the actor may read. Raises `LookupError`."""


_KEEPERS: list[FileKeeper] = []


def keep_files_with(found: FileKeeper) -> None:
    """Say who keeps the files of fields; the room above this one calls it when it is loaded."""
    _KEEPERS[:] = [found]


def keeper() -> FileKeeper:
    """Who keeps the files."""
    return _KEEPERS[0]


def read_files(raw: Any) -> Held | None:
    """The files a form (as JSON text) or REST names: ids, or pairs of id and name. Raises `BadValue`.

    >>> read_files('[[7, "合同.pdf"], 9]'), read_files([])
    (((7, '合同.pdf'), (9, '')), None)
    """
    try:
        given = json.loads(raw) if isinstance(raw, str) else raw
        pairs = [one if isinstance(one, list | tuple) else (one, "") for one in given]
        found = {_id(number): str(name)[:255] for number, name in pairs}
    except (ValueError, TypeError, RecursionError) as wrong:
        raise BadValue("file") from wrong
    return tuple(found.items()) or None


def _id(number: Any) -> int:
    if type(number) is not int or not 0 < number < 2**63:
        raise ValueError("not the id of a file")
    return number


def input_files(value: Iterable[Iterable[Any]]) -> str:
    """A value as an input holds it, as browsers write JSON.

    >>> input_files(((7, "合同.pdf"),))
    '[[7,"合同.pdf"]]'
    """
    return json.dumps([list(one) for one in value], ensure_ascii=False, separators=(",", ":"))


def held_files(record: Any, values: Mapping[str, Any], entity: Entity) -> dict[str, set[int]]:
    """{field: ids} of the files a record has in those of its file fields that are about to change."""
    return {
        field.name: {number for number, _name in getattr(record, field.name, None) or ()}
        for field in _fields(entity, values)
    }


def check_files(entity: Entity, values: dict[str, Any], record_id: int | None) -> None:
    """Fill in the names of the files named; each must be the record's or wait for it. Raises `Refused` by field."""
    errors: dict[str, Any] = {}
    for field in _fields(entity, values):
        ids = [number for number, _name in values[field.name] or ()]
        known = keeper().names_of(entity, field, ids, record_id) if ids else {}
        if set(ids) - known.keys():
            errors[field.name] = message("file")
        elif len(ids) > (field.most or MOST):
            errors[field.name] = message("many_files", count=field.most or MOST)
        values[field.name] = tuple((number, known.get(number, "")) for number in ids) or None
    if errors:
        raise Refused(errors=errors)


def settle_files(
    entity: Entity, record_id: int, values: Mapping[str, Any], before: Mapping[str, set[int]] | None = None
) -> None:
    """After the record was written: it has the files it names now, and those it had before and does not name go."""
    for field in _fields(entity, values):
        now = {number for number, _name in values[field.name] or ()}
        had = (before or {}).get(field.name, set())
        if now != had:
            keeper().settle(entity, record_id, now - had, had - now)


def _fields(entity: Entity, values: Mapping[str, Any]) -> list[Field]:
    return [field for field in entity.fields if field.kind is Kind.FILES and field.name in values]


__all__ = [
    "MOST", "FileKeeper", "Held", "check_files", "held_files", "input_files", "keep_files_with", "keeper", "read_files",
    "settle_files",
]  # fmt: skip
