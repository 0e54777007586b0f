"""Choices that go with another choice of the record: the district offered depends on the city chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.types import Entity, Field


def offered(field: Field, chosen: Any) -> frozenset[str] | None:
    """The values a field offers beside what is chosen in the field it depends on; None: all of them."""
    if not field.depends_on:
        return None
    return frozenset(choice.value for choice in field.choices if not choice.parents or chosen in choice.parents)


def misfits(entity: Entity, changes: Mapping[str, Any], record: Any = None) -> dict[str, str]:
    """{field: code} of choices that would not go with each other after these changes.

    ``choice_fits`` for a choice just made; ``choice_left`` for one that another choice leaves behind: it is refused,
    never emptied by itself. Records that were so before may stay so.
    """
    found: dict[str, str] = {}
    for field in entity.fields:
        if not field.depends_on or (field.name not in changes and field.depends_on not in changes):
            continue
        before = [getattr(record, name, None) for name in (field.name, field.depends_on)]
        child, parent = (
            changes.get(name, was) for name, was in zip((field.name, field.depends_on), before, strict=True)
        )
        if child is None or (record is not None and [child, parent] == before):
            continue
        fitting = offered(field, parent)
        if fitting is not None and child not in fitting:
            made = changes.get(field.name) is not None or entity.field(field.depends_on) is None
            found[field.name if made else field.depends_on] = "choice_fits" if made else "choice_left"
    return found


__all__ = ["misfits", "offered"]
