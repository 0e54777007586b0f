"""A mapping says which column becomes which field. It is data (YAML, JSON): read, checked, never
evaluated."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.transfer.rules.transforms import BadStep, Step, make_step

#: Stands for the number of the row in the file, as a spreadsheet counts: the heading is row 1.
ROW_NUMBER = "#"
_KEYS = {"column", "constant", "row_number", "concat", "steps", "values", "otherwise", "default", "lookup"}


class BadMapping(ValueError):
    """A mapping that cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where one field's value comes from.

    Exactly one of `column` (a heading, or ``#`` for the row number), `constant` and `concat` (headings in
    ``{braces}`` between text). Then `steps` run in order, `values` translates, `default` fills a blank.
    `lookup` names
    the field of the linked entity the value is searched in.
    """

    column: str | None = None
    constant: Any = None
    concat: str | None = None
    steps: tuple[tuple[str, Any], ...] = ()
    values: MappingType[str, Any] | None = None
    otherwise: Any = None
    default: Any = None
    lookup: str | None = None

    def columns(self) -> tuple[str, ...]:
        """The headings this source reads."""
        if self.column is not None:
            return () if self.column == ROW_NUMBER else (self.column,)
        return tuple(name for name in _names(self.concat or "") if name != ROW_NUMBER)


@dataclass(frozen=True, slots=True)
class Mapping:
    """The sources by field name, and what a mapping file may fix for the whole import."""

    fields: MappingType[str, Source]
    entity: str = ""
    #: Pattern of the member to take from a zip with several tables (``*accounts.csv``).
    member: str = ""
    encoding: str = ""
    delimiter: str = ""
    duplicates: str = ""


def read_mapping(document: Any) -> Mapping:
    """A mapping from a parsed YAML or JSON document. Raises `BadMapping` for anything it does not know.

    >>> read_mapping({"entity": "customer", "fields": {"name": "account"}}).fields["name"].column
    'account'
    """
    if not isinstance(document, dict):
        raise BadMapping("a mapping begins with 'entity:' and 'fields:'")
    known = {"entity", "member", "encoding", "delimiter", "duplicates", "fields"}
    if unknown := sorted(set(map(str, document)) - known):
        raise BadMapping(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    fields = document.get("fields")
    if not isinstance(fields, dict) or not fields:
        raise BadMapping("'fields:' names at least one field")
    texts = {key: document.get(key, "") for key in known - {"fields"}}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise BadMapping(f"'{key}:' must be text")
    return Mapping(fields={str(name): read_source(str(name), given) for name, given in fields.items()}, **texts)


def read_source(name: str, given: Any) -> Source:
    """One field's source: a heading alone, or a table of the keys of `Source`. Raises `BadMapping`."""
    if isinstance(given, str):
        given = {"column": given}
    if not isinstance(given, dict):
        raise BadMapping(f"{name}: write a heading or a table of {', '.join(sorted(_KEYS))}")
    if unknown := sorted(set(map(str, given)) - _KEYS):
        raise BadMapping(f"{name}: unknown {', '.join(unknown)}; known: {', '.join(sorted(_KEYS))}")
    given = {key: _plain(value) for key, value in given.items()}
    column = ROW_NUMBER if given.get("row_number") else given.get("column")
    origins = [column is not None, "constant" in given, given.get("concat") is not None]
    if sum(origins) != 1:
        raise BadMapping(f"{name}: exactly one of column, row_number, constant, concat")
    steps = tuple(_steps(name, given.get("steps", ())))
    values = given.get("values")
    if values is not None and not isinstance(values, dict):
        raise BadMapping(f"{name}: 'values:' is a table from text to value")
    for key in ("constant", "otherwise", "default"):
        if isinstance(given.get(key), dict | list):
            raise BadMapping(f"{name}: '{key}:' is one value")
    return Source(
        column=None if column is None else str(column),
        constant=given.get("constant"),
        concat=given.get("concat"),
        steps=steps,
        values=None if values is None else {_key(k): v for k, v in values.items()},
        otherwise=given.get("otherwise"),
        default=given.get("default"),
        lookup=given.get("lookup"),
    )


def _plain(value: Any) -> Any:
    """YAML reads a bare 2010-03-01 as a date; a mapping holds what a cell could hold."""
    if isinstance(value, date):
        return value.isoformat()
    return {key: _plain(one) for key, one in value.items()} if isinstance(value, dict) else value


def _steps(name: str, given: Any) -> Sequence[tuple[str, Any]]:
    if not isinstance(given, list | tuple):
        raise BadMapping(f"{name}: 'steps:' is a list")
    found: list[tuple[str, Any]] = []
    for step in given:
        if isinstance(step, str):
            found.append((step, None))
        elif isinstance(step, dict) and len(step) == 1:
            found.append(next(iter(step.items())))
        elif isinstance(step, list | tuple) and len(step) == 2:
            found.append((step[0], step[1]))
        else:
            raise BadMapping(f"{name}: a step is a name, or a name with one argument")
        try:
            make_step(*found[-1])
        except ValueError as wrong:
            raise BadMapping(f"{name}: {wrong}") from wrong
    return found


def write_mapping(mapping: Mapping) -> dict[str, Any]:
    """The document `read_mapping` reads back to the same mapping."""
    fields: dict[str, Any] = {}
    for name, source in mapping.fields.items():
        entry: dict[str, Any] = {}
        if source.column == ROW_NUMBER:
            entry["row_number"] = True
        elif source.column is not None:
            entry["column"] = source.column
        elif source.concat is not None:
            entry["concat"] = source.concat
        else:
            entry["constant"] = source.constant
        if source.steps:
            entry["steps"] = [name if argument is None else [name, argument] for name, argument in source.steps]
        for key in ("values", "otherwise", "default", "lookup"):
            value = getattr(source, key)
            if value is not None:
                entry[key] = dict(value) if key == "values" else value
        fields[name] = entry
    document = {key: getattr(mapping, key) for key in ("entity", "member", "encoding", "delimiter", "duplicates")}
    return {**{key: value for key, value in document.items() if value}, "fields": fields}


def _key(value: Any) -> str:
    """The text a cell is compared by: YAML reads a bare ``yes`` as true, so both spellings meet here."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).strip().casefold()


def _names(pattern: str) -> list[str]:
    return [part.partition("}")[0] for part in pattern.split("{")[1:] if "}" in part]


def _pieces(pattern: str, places: MappingType[str, int]) -> list[str | int]:
    """Text and column numbers of a concat pattern; -1 is the row number."""
    head, *rest = pattern.split("{")
    pieces: list[str | int] = [head]
    for part in rest:
        name, brace, tail = part.partition("}")
        if not brace:
            pieces.append("{" + part)
            continue
        pieces.extend((-1 if name == ROW_NUMBER else places[name], tail))
    return [piece for piece in pieces if piece != ""]


def compile_source(source: Source, header: Sequence[str]) -> Any:
    """(row number, cells) -> raw value of one field. Raises `BadMapping` for a heading the file has not."""
    places = {name: place for place, name in enumerate(header)}
    for name in source.columns():
        if name not in places:
            raise BadMapping(f"the file has no column “{name}”")
    steps: list[Step] = [make_step(*step) for step in source.steps]
    values, otherwise, default = source.values, source.otherwise, source.default

    def finish(value: Any) -> Any:
        if value is None or value == "":
            return default
        for step in steps:
            value = step(value)
        if values is not None:
            value = values.get(_key(value), value if otherwise is None else otherwise)
        return default if value is None or value == "" else value

    plain = not steps and values is None and default is None
    if source.column == ROW_NUMBER:
        return lambda number, cells: finish(number)
    if source.column is not None:
        place = places[source.column]
        if plain:
            return lambda number, cells: cells[place]
        return lambda number, cells: finish(cells[place])
    if source.concat is not None:
        pieces = _pieces(source.concat, places)

        def joined(number: int, cells: Sequence[Any]) -> Any:
            parts = [p if isinstance(p, str) else _cell(number if p < 0 else cells[p]) for p in pieces]
            return finish("".join(parts).strip())

        return joined
    constant = finish(source.constant)
    return lambda number, cells: constant


def plain_place(source: Source, header: Sequence[str]) -> int | None:
    """The number of the column a source takes as it is; None for one that does anything to it."""
    if source.column in (None, ROW_NUMBER) or source.steps or source.values is not None or source.default is not None:
        return None
    return list(header).index(source.column)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


__all__ = [
    "ROW_NUMBER",
    "BadMapping",
    "BadStep",
    "Mapping",
    "Source",
    "compile_source",
    "plain_place",
    "read_mapping",
    "read_source",
    "write_mapping",
]
