"""From the cells of a row to typed values: a mapping compiled against an entity and a heading, once per
import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import force_locale

from app.fields.rules import BadValue
from app.fields.values import as_text, is_visible, read_value
from app.host.context import context
from app.transfer.rules.cells import original
from app.transfer.rules.mapping import BadMapping, BadStep, Mapping, compile_source
from app.types import Entity, Field, Kind

#: Labels of choices are understood in all of these, whoever imports.
LOCALES = ("zh", "en")
#: Kinds whose values repeat down a column; of each column so many are remembered.
_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.PERCENT)
_REPEATED = frozenset({Kind.DATE, Kind.DATETIME, Kind.BOOLEAN, *_NUMBERS})
_MOST_REMEMBERED = 5_000


@dataclass(slots=True)
class Row:
    """One row on its way: typed `values`, `links` still to be looked up ({field: text}), what is wrong so
    far."""

    number: int
    offset: int
    end: int
    values: dict[str, Any] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    problems: list[dict[str, Any]] = field(default_factory=list)
    #: Fields that got their value from the entity's default and not from the file.
    filled: tuple[str, ...] = ()
    #: What a person decided about it; empty while the import's own rule holds.
    decision: str = ""
    #: Its remembered `ImportRow`, when it has one.
    remembered: int | None = None
    #: Its keys, once they are known (`Matcher.keys_of`).
    keys: list[tuple[tuple[str, ...], tuple[Any, ...]]] | None = None


def problem(code: str, name: str | None = None, column: str | None = None, **details: Any) -> dict[str, Any]:
    """One thing wrong with a row, as it is kept and later told."""
    plain = {key: str(value)[:200].replace("\x00", "") for key, value in details.items()}
    return {"code": code, "field": name, "column": column, "details": plain}


class Columns:
    """Reads rows of one heading into values of one entity by one mapping.

    Raises `BadMapping` for a column the file does not have; fields must be importable ones of the entity.
    """

    def __init__(self, entity: Entity, mapping: Mapping, header: Sequence[str]):
        self.entity = entity
        self.zone = ZoneInfo(context().site.timezone)
        self.width = len(header)
        self._readers: list[tuple[str, str | None, bool, Callable[[int, Sequence[Any]], Any], Any]] = []
        for name, source in mapping.fields.items():
            target = entity.field(name)
            if target is None:
                raise BadMapping(f"there is no field {name}")
            column = next(iter(source.columns()), None)
            get = compile_source(source, header)
            self._readers.append((name, column, target.kind is Kind.LINK, get, self._typed(target)))
        self._defaults = [f for f in entity.fields if f.default is not None]
        self._required = [f for f in entity.fields if f.required]
        self._conditional = [f for f in entity.fields if f.visible_when is not None and f.name in mapping.fields]

    def _typed(self, target: Field) -> Callable[[Any], Any]:
        if target.kind is Kind.CHOICE:
            return _remembered(_choices(target))
        zone = self.zone

        def typed(raw: Any) -> Any:
            return read_value(target, raw, zone=zone)

        if target.kind is Kind.TEXT:
            return _short_text(target, typed)
        return _remembered(typed) if target.kind in _REPEATED else typed

    def read(self, number: int, offset: int, end: int, trouble: str, cells: Sequence[Any]) -> Row:
        """One row typed; whatever cannot be read is among its `problems`, and the other fields are still
        read."""
        row = Row(number, offset, end)
        if trouble:
            row.problems.append(problem(trouble))
            return row
        if len(cells) < self.width:
            cells = [*cells, *([None] * (self.width - len(cells)))]
        values = row.values
        for name, column, is_link, get, typed in self._readers:
            try:
                raw = get(number, cells)
                if raw is None or raw == "":
                    continue
                if type(raw) is str and raw[0] == "'":
                    raw = original(raw)
                if is_link:
                    if text := as_text(raw).strip():
                        row.links[name] = text
                    continue
                value = typed(raw)
                if value is not None:
                    values[name] = value
            except BadValue as bad:
                details = {k: v for k, v in bad.details.items() if k != "choices"}
                row.problems.append(problem(bad.code, name, column, **details))
            except BadStep as bad:
                row.problems.append(problem("step", name, column, step=bad.step, value=bad.value))
        return row

    def complete(self, row: Row) -> None:
        """Fill defaults into a row that makes a new record, and check what a new record must have."""
        values = row.values
        filled = []
        for f in self._defaults:
            if values.get(f.name) is None:
                values[f.name] = f.default() if callable(f.default) else f.default
                filled.append(f.name)
        row.filled = tuple(filled)
        for f in self._required:
            if values.get(f.name) is None and f.name not in row.links and is_visible(f, values):
                row.problems.append(problem("required", f.name))
        self.check_visible(row, values)

    def check_visible(self, row: Row, values: dict[str, Any]) -> None:
        """A value in a field records of this kind do not have is a mistake, not something to drop
        silently."""
        for f in self._conditional:
            if row.values.get(f.name) is not None and f.name not in row.filled and not is_visible(f, values):
                row.problems.append(problem("not_here", f.name))


def _short_text(target: Field, typed: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The usual case of a text at once, every other one by the common way."""
    longest = target.max_length or 2**31

    def short(raw: Any) -> Any:
        if type(raw) is str and len(raw) <= longest and "\x00" not in raw:
            return raw.strip() or None
        return typed(raw)

    return short


def _remembered(typed: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Values that repeat down a column are read once."""
    known: dict[Any, Any] = {}

    def read(raw: Any) -> Any:
        key = (type(raw), raw)
        if key in known:
            return known[key]
        value = typed(raw)
        if len(known) < _MOST_REMEMBERED:
            known[key] = value
        return value

    return read


def _choices(target: Field) -> Callable[[Any], Any]:
    """Reads a choice by its value or its label in any language, without translating at every row."""
    known: dict[str, str] = {}
    for choice in target.choices:
        known.setdefault(choice.value.casefold(), choice.value)
    for locale in LOCALES:
        with force_locale(locale):
            for choice in target.choices:
                known.setdefault(str(choice.label).casefold(), choice.value)

    def typed(raw: Any) -> Any:
        text = as_text(raw).strip()
        if not text:
            return None
        value = known.get(text.casefold())
        if value is None:
            raise BadValue("choice", value=text[:40], choices="")
        return value

    return typed
