"""Asking before rows are written: what somebody is about to write, and what a module may answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.types.people import Text


@dataclass(frozen=True, slots=True, eq=False)
class Write:
    """One record about to be written: None where it is to be made; `values` are the typed ones that differ."""

    record: Any = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Held:
    """The write was not done: something else stands for it, `text` tells the person what, `url` is where it lies."""

    text: Text
    url: str = ""
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """The write is done, and `begin` is told the record's id in the same transaction; its answer is told the person."""

    begin: Callable[[int], Held | None]


@dataclass(frozen=True, slots=True)
class Lock:
    """Fields of a record nobody writes at the moment (``*`` stands for all), with the reason and where to look."""

    fields: frozenset[str]
    reason: Text
    url: str = ""

    def holds(self, name: str) -> bool:
        """Whether the field is among those locked.

        >>> Lock(frozenset({"*"}), "").holds("name"), Lock(frozenset({"name"}), "").holds("mobile")
        (True, False)
        """
        return "*" in self.fields or name in self.fields


@dataclass(frozen=True, slots=True)
class ApprovalAct:
    """What a module lets an approval do: ``handler(case, record)``; a `Refused` of it refuses the step or the end.

    `entity` is the slug whose records it works on; empty: any. `record` is None where there is none (any more).
    """

    name: str
    label: Text
    handler: Callable[[Any, Any], None]
    entity: str = ""


@dataclass(frozen=True, slots=True)
class AssigneeRule:
    """A rule a module brings that says who is asked in an approval; the hook `assignees` answers it.

    `entity` is the slug whose records it is for; empty: any.
    """

    name: str
    label: Text
    entity: str = ""


__all__ = ["ApprovalAct", "AssigneeRule", "Begun", "Held", "Lock", "Write"]
