"""The form of the mapping: a line per column of the file, fixed values, what a mapping file said beyond
that."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.transfer.rules.mapping import Mapping, Source
from app.transfer.services.mappings import importable_fields
from app.types import Entity, Field, Kind, Refused

_SAMPLES = 3
#: Kinds for which one value for all rows is often wanted.
_OFFERED = frozenset({Kind.CHOICE, Kind.BOOLEAN, Kind.LINK})


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """A column of the file with its first values and the field it is meant for."""

    number: int
    heading: str
    samples: tuple[str, ...]
    field: str
    #: More than plain taking over: steps, a table of values, a look-up.
    extra: str


@dataclass(frozen=True, slots=True)
class FixedField:
    """A field without a column that takes the same value for every row."""

    field: Field
    value: str


def column_rows(header: Sequence[str], rows: Sequence[Sequence[Any]], mapping: Mapping) -> list[ColumnRow]:
    """The lines of the form."""
    chosen = {source.column: name for name, source in mapping.fields.items() if source.column in header}
    lines = []
    for place, heading in enumerate(header):
        values = (row[place] for row in rows if place < len(row))
        samples = [str(value) for value in values if value not in (None, "")]
        field = chosen.get(heading, "")
        extra = extra_text(mapping.fields[field]) if field else ""
        lines.append(ColumnRow(place, heading, tuple(text[:60] for text in samples[:_SAMPLES]), field, extra))
    return lines


def extra_text(source: Source) -> str:
    """What a source does beyond taking the cell, for the person to read."""
    parts = [name if argument is None else f"{name} {argument}" for name, argument in source.steps]
    if source.values:
        parts.append(", ".join(f"{key} → {value}" for key, value in list(source.values.items())[:6]))
    if source.lookup:
        parts.append(_("looked up by %(field)s", field=source.lookup))
    return "; ".join(parts)


def fixed_fields(entity: Entity, mapping: Mapping) -> list[FixedField]:
    """Fields that can take one value for all rows: those that have one, then required and choice fields."""
    lines = []
    for field in importable_fields(entity):
        source = mapping.fields.get(field.name)
        if source is not None and source.constant is not None:
            lines.append(FixedField(field, str(source.constant)))
        elif source is None and (field.required or field.kind in _OFFERED):
            lines.append(FixedField(field, ""))
    return lines


def other_sources(entity: Entity, mapping: Mapping) -> list[tuple[Field, str]]:
    """Fields made of several columns or of the row's number: only a mapping file says so."""
    found = []
    for name, source in mapping.fields.items():
        field = entity.field(name)
        if field is not None and (source.concat is not None or source.column == "#"):
            text = source.concat if source.concat is not None else _("row number")
            found.append((field, "; ".join(filter(None, (text, extra_text(source))))))
    return found


def mapping_from(form: MappingType[str, str], entity: Entity, header: Sequence[str], before: Mapping) -> Mapping:
    """The mapping a form describes. Raises `Refused` for a field chosen twice.

    What the mapping before said about a column beyond taking it over is kept while the column keeps its
    field.
    """
    fields: dict[str, Source] = {}
    labels = {field.name: str(field.label) for field in importable_fields(entity)}
    for place, heading in enumerate(header):
        name = form.get(f"column-{place}", "")
        if not name:
            continue
        if name in fields:
            reason = _("“%(field)s” is chosen for more than one column", field=labels.get(name, name))
            raise Refused(reason, field=name)
        known = before.fields.get(name)
        fields[name] = known if known is not None and known.column == heading else Source(column=heading)
    for name, source in before.fields.items():
        if name not in fields and form.get(f"keep-{name}") and (source.concat is not None or source.column == "#"):
            fields[name] = source
    for key, value in form.items():
        name = key.removeprefix("fixed-")
        if key.startswith("fixed-") and value.strip() and name not in fields:
            fields[name] = Source(constant=value.strip())
    return Mapping(fields, entity=entity.slug)
