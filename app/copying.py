"""Rows as the text of PostgreSQL's COPY, made a column at a time: the driver would look at every value anew."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from itertools import repeat
from operator import is_
from types import NoneType
from typing import Any

import psycopg
from psycopg.adapt import PyFormat, Transformer

_NULL = r"\N"
#: What stands for something else in this format.
_SPECIAL = re.compile(r"[\\\n\r\t]")
_SPELLED = str.maketrans({"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
_PRINTED: dict[type, Callable[[Any], str]] = {
    NoneType: lambda _none: _NULL,
    int: str,
    Decimal: str,
    bool: lambda value: "t" if value else "f",
    date: date.isoformat,
    datetime: datetime.isoformat,
}


class JsonText(str):
    """A JSON document already written as text: `app.db.insert_rows` takes it as it is."""

    __slots__ = ()


class CopyText:
    """Writes the values of one COPY; what it does not know by itself is written as the driver would."""

    def __init__(self, cursor: psycopg.Cursor[Any]):
        self._driver = Transformer.from_context(cursor)

    def of(self, columns: list[list[Any]]) -> str:
        """The lines of a block of rows, given by columns of one length."""
        texts = [self._column(values) for values in columns]
        return "\n".join(map("\t".join, zip(*texts, strict=True))) + "\n"

    def _column(self, values: list[Any]) -> list[str]:
        if all(map(is_, values, repeat(values[0]))):
            return [self._value(values[0])] * len(values)
        kinds = set(map(type, values))
        if kinds == {int}:
            return list(map(str, values))
        if kinds == {str} or kinds == {JsonText}:
            return values if _SPECIAL.search("".join(values)) is None else [v.translate(_SPELLED) for v in values]
        if kinds == {str, NoneType} and _SPECIAL.search("".join(filter(None, values))) is None:
            return [_NULL if value is None else value for value in values]
        return [self._value(value) for value in values]

    def _value(self, value: Any) -> str:
        if printed := _PRINTED.get(type(value)):
            return printed(value)
        if isinstance(value, JsonText) or type(value) is str:
            return value.translate(_SPELLED)
        written = self._driver.get_dumper(value, PyFormat.TEXT).dump(value)
        return _NULL if written is None else bytes(written).decode().translate(_SPELLED)
