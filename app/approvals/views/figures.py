"""The figures of a case as its entity's fields are shown, as far as the reader may see them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from app.base.views.cells import Cell, cell
from app.base.views.titles import Titles
from app.types import Entity, Field, Kind

#: (name of the field, what is shown)
FigureCells = tuple[tuple[str, Cell], ...]
_AMOUNTS = frozenset({Kind.MONEY, Kind.DECIMAL, Kind.PERCENT})


def written_figures(seen: Entity, figures: Mapping[str, Any], titles: Titles) -> FigureCells:
    """What was submitted, in the order it was kept; hidden fields are left out, masked ones masked.

    `seen` is the entity as the reader sees it.
    """
    found = []
    for name, raw in figures.items():
        field = seen.field(name)
        if field is not None:
            found.append((str(field.label), cell(field, typed_figure(field, raw), titles, short=True)))
    return tuple(found)


def links_of_figures(seen: Entity, figures: Mapping[str, Any]) -> set[tuple[str, int]]:
    """(entity slug, id) of the links among them, whose names are to be read."""
    found = set()
    for name, raw in figures.items():
        field = seen.field(name)
        if field is not None and field.kind is Kind.LINK and field.target and isinstance(raw, int):
            found.add((field.target, raw))
    return found


def typed_figure(field: Field, raw: Any) -> Any:
    """A value out of a case's JSON as the field has it; what cannot be read is shown as it stands."""
    try:
        if raw is None or field.kind in (Kind.CHOICES, Kind.FILES):
            return tuple(raw) if isinstance(raw, list) else raw
        if field.kind in _AMOUNTS:
            return Decimal(str(raw))
        if field.kind is Kind.DATE:
            return date.fromisoformat(str(raw))
        if field.kind is Kind.DATETIME:
            return datetime.fromisoformat(str(raw))
    except (InvalidOperation, ValueError):
        return None
    return raw


def without(entity: Entity, names: Collection[str]) -> Entity:
    """The same without these fields."""
    if not names:
        return entity
    return replace(
        entity,
        fields=tuple(field for field in entity.fields if field.name not in names),
        sections=tuple(
            replace(section, fields=tuple(name for name in section.fields if name not in names))
            for section in entity.sections
        ),
    )


__all__ = ["FigureCells", "links_of_figures", "typed_figure", "without", "written_figures"]
