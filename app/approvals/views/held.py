"""What a case holds that is no record, before and after, for those who decide: one form for rights and blueprints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.types import Text

#: How a thing stands in the change: its colour on screen.
COLOURS = {"added": "green", "changed": "amber", "removed": "red"}


@dataclass(frozen=True, slots=True)
class Row:
    """One property: what is taken away and what comes, or the value before and after."""

    label: Text
    before: Text = ""
    after: Text = ""
    gone: tuple[Text, ...] = ()
    come: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that changes, with whom it reaches (`notes`)."""

    title: Text
    rows: tuple[Row, ...] = ()
    #: added, changed, removed; empty where the rows say it.
    kind: str = ""
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Things that belong together."""

    label: Text
    items: tuple[Item, ...]
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything a case holds. `lead`: what it is, in a sentence; `notes`: what to look at before deciding."""

    lead: Text
    groups: tuple[Group, ...]
    notes: tuple[Text, ...] = field(default=())


_sheets: dict[str, Callable[[Any], Sheet]] = {}


def shows(asked: str, make: Callable[[Any], Sheet]) -> None:
    """Let cases that ask for `asked` be shown by `make(case)`."""
    _sheets[asked] = make


def sheet_of(case: Any) -> Sheet | None:
    """What a case holds, in the reader's language; None where it is about a record."""
    make = _sheets.get(case.asked)
    return make(case) if make is not None else None


__all__ = ["COLOURS", "Group", "Item", "Row", "Sheet", "sheet_of", "shows"]
