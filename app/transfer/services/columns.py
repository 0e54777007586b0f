"""From the cells of a row to typed values: a mapping compiled against an entity and a heading, once per
import."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import force_locale

from app.access.audit import Told
from app.fields.conditions import is_conditional, unmet, without_hidden
from app.fields.rules import BadValue
from app.fields.several import split
from app.fields.values import as_text, is_visible, value_reader
from app.host.context import context
from app.transfer.readers.spool import Line
from app.transfer.rules.cells import original
from app.transfer.rules.mapping import BadMapping, BadStep, Mapping, compile_source, plain_place
from app.types import Entity, Field, Kind

#: Labels of choices are understood in all of these, whoever imports.
LOCALES = ("zh", "en")
#: Kinds whose values repeat down a column; of each column so many are remembered.
_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.PERCENT)
_REPEATED = frozenset({Kind.DATE, Kind.DATETIME, Kind.BOOLEAN, Kind.REGION, *_NUMBERS})
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
    #: The entry of the audit log for a new record of just these values, when it was written ahead.
    told: Told | None = None
    #: What was opened in place of its change (an approval); empty: nothing.
    held: str = ""
    #: The number of that.
    held_as: int | None = None


def problem(code: str, name: str | None = None, column: str | None = None, **details: Any) -> dict[str, Any]:
    """One thing wrong with a row, as it is kept and later told."""
    plain = {key: str(value)[:200].replace("\x00", "") for key, value in details.items()}
    return {"code": code, "field": name, "column": column, "details": plain}


@dataclass(slots=True)
class _Column:
    """One field of the mapping: how its raw value is got, and how that is read."""

    name: str
    heading: str | None
    is_link: bool
    get: Callable[[int, Sequence[Any]], Any]
    #: The column of the file that is taken as it is.
    place: int | None
    typed: Callable[[Any], Any]
    #: What texts that repeat have been read as.
    known: dict[str, Any] | None

    def read(self, rows: Sequence[Row], table: Sequence[Sequence[Any]]) -> None:
        """Put this field of all rows into their values, links or problems."""
        name, typed, known, place = self.name, self.typed, self.known, self.place
        for row, cells in zip(rows, table, strict=True):
            try:
                raw = self.get(row.number, cells) if place is None else cells[place]
                if raw is None or raw == "":
                    continue
                text = type(raw) is str
                if text and raw[0] == "'":
                    raw = original(raw)
                if self.is_link:
                    if link := as_text(raw).strip():
                        row.links[name] = link
                    continue
                if known is None or not text:
                    value = typed(raw)
                elif raw in known:
                    value = known[raw]
                else:
                    value = typed(raw)
                    if len(known) < _MOST_REMEMBERED:
                        known[raw] = value
                if value is not None:
                    row.values[name] = value
            except BadValue as bad:
                details = {k: v for k, v in bad.details.items() if k != "choices"}
                row.problems.append(problem(bad.code, name, self.heading, **details))
            except BadStep as bad:
                row.problems.append(problem("step", name, self.heading, step=bad.step, value=bad.value))


class Columns:
    """Reads rows of one heading into values of one entity by one mapping.

    Raises `BadMapping` for a column the file does not have; fields must be importable ones of the entity.
    """

    def __init__(self, entity: Entity, mapping: Mapping, header: Sequence[str]):
        self.entity = entity
        self.zone = ZoneInfo(context().site.timezone)
        self.width = len(header)
        self._columns: list[_Column] = []
        for name, source in mapping.fields.items():
            target = entity.field(name)
            if target is None:
                raise BadMapping(f"there is no field {name}")
            column = next(iter(source.columns()), None)
            get, place = compile_source(source, header), plain_place(source, header)
            typed, repeats = self._typed(target)
            known: dict[str, Any] | None = {} if repeats else None
            self._columns.append(_Column(name, column, target.kind is Kind.LINK, get, place, typed, known))
        self._defaults = [f for f in entity.fields if f.default is not None]
        self._required = [f for f in entity.fields if f.required and not is_conditional(f)]
        sought = [f for f in entity.fields if f.visible_when is not None and not is_conditional(f)]
        self._conditional = [f for f in sought if f.name in mapping.fields]

    def _typed(self, target: Field) -> tuple[Callable[[Any], Any], bool]:
        """How a value is read, and whether values repeat down the column."""
        if target.kind is Kind.CHOICE:
            return _choices(target), True
        if target.kind is Kind.CHOICES:
            return _several(target), True
        typed = value_reader(target, self.zone)
        if target.kind is Kind.TEXT and target.fits is None:
            return _short_text(target, typed), False
        return typed, target.kind in _REPEATED

    def read(self, lines: Iterable[Line], start: int) -> list[Row]:
        """Typed rows of a stretch of the spool that begins at offset `start`.

        Whatever cannot be read is among a row's `problems`, and its other fields are still read.
        """
        rows: list[Row] = []
        sound: list[Row] = []
        table: list[list[Any]] = []
        for number, end, trouble, cells in lines:
            row = Row(number, start, end, {}, {}, [])
            start = end
            rows.append(row)
            if trouble:
                row.problems.append(problem(trouble))
                continue
            if len(cells) < self.width:
                cells = [*cells, *([None] * (self.width - len(cells)))]
            sound.append(row)
            table.append(cells)
        for column in self._columns:
            column.read(sound, table)
        return rows

    def complete(self, row: Row) -> None:
        """Fill defaults into a row that makes a new record, and check what a new record must have."""
        values = row.values
        filled = []
        for f in self._defaults:
            if values.get(f.name) is None:
                values[f.name] = f.default() if callable(f.default) else f.default
                filled.append(f.name)
        row.filled = tuple(filled)
        for name in values.keys() - without_hidden(self.entity, values, values.keys() - set(filled)).keys():
            del values[name]
        for f in self._required:
            if values.get(f.name) is None and f.name not in row.links and is_visible(f, values):
                row.problems.append(problem("required", f.name))
        self.check_visible(row, values)
        row.problems.extend(problem(code, name) for name, code in unmet(self.entity, values).items())

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


def _several(target: Field) -> Callable[[Any], Any]:
    """Reads a cell of several choices, each by its value or its label in any language."""
    one, places = _choices(target), {choice.value: place for place, choice in enumerate(target.choices)}

    def typed(raw: Any) -> Any:
        return tuple(sorted({one(text) for text in split(as_text(raw))}, key=places.__getitem__)) or None

    return typed
