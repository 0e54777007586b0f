"""What every part of a blueprint answers: one kind of setting of a site, as plain data and as acts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from flask_babel import gettext as _

from app.blueprint.rules import ADDED, CHANGED, REMOVED, Change, Leaf, Path, Problem
from app.types import Actor, Text


@dataclass(frozen=True, slots=True)
class Impact:
    """Whom or what a change reaches: `text` says it, `count` how many."""

    text: Text
    #: None where there is nothing to count.
    count: int | None = None
    #: Whether somebody should look twice: values that are no longer seen, people who lose something.
    warns: bool = False


class Part(ABC):
    """One kind of setting. `read`, `items` and `check` never write; `apply` goes through the verbs of the screens.

    Data are plain (mappings, lists, text, whole numbers, yes and no) and name things, never by their ids, so that
    those of two sites compare. What equals its default is left out.
    """

    name: ClassVar[str]
    label: ClassVar[Text]
    icon: ClassVar[str]
    #: The screen whose permissions count, and which of them an added, changed, removed thing takes.
    view: ClassVar[str]
    takes: ClassVar[Mapping[str, str]] = {ADDED: "can_add", CHANGED: "can_edit", REMOVED: "can_edit"}
    #: How many names lead to one thing: (entity, field) is two.
    depth: ClassVar[int] = 1

    @abstractmethod
    def read(self) -> Any:
        """The settings of the current site."""

    @abstractmethod
    def check(self, wanted: Any, document: Mapping[str, Any]) -> Iterable[Problem]:
        """What is wrong with the data by itself and beside the other parts of the document."""

    @abstractmethod
    def apply(self, change: Change) -> None:
        """Make one change, in the running transaction. Raises `Refused`, by field where one is to blame."""

    def may_see(self, actor: Actor) -> bool:
        """Whether the actor may know these settings."""
        return actor.can("can_list", self.view)

    def lacks(self, actor: Actor, change: Change) -> bool:
        """Whether the actor may not make a change of this kind on the screen either."""
        return not actor.can(self.takes[change.kind], self.view)

    def barred(self) -> Text:
        """Why no document changes it at the moment, whoever applies it; empty where one does."""
        return ""

    def items(self, data: Any) -> dict[Path, Any]:
        """The things of the part one by one, as they are compared."""
        return dict(_items((), data, self.depth))

    def impact(self, changes: Sequence[Change]) -> dict[Path, tuple[Impact, ...]]:
        """Whom each change reaches, counted in sets."""
        return {}

    def applied(self) -> None:  # noqa: B027 - most parts have nothing to do
        """The changes are in the database: let what the running app knows follow them."""

    def settled(self) -> None:  # noqa: B027
        """Every part has been applied: let the running app forget what is out of use."""

    def title(self, change: Change) -> Text:
        """What the thing is called."""
        return ".".join(change.path)

    def property(self, change: Change, leaf: Leaf) -> Text:
        """What a property of it is called."""
        return ".".join(leaf.path)

    def said(self, change: Change, leaf: Leaf, value: Any) -> Text:
        """A value of it as people read it."""
        return said(value)

    def fate(self, change: Change) -> Text:
        """What becomes of a thing that is not in the document, where that is worth a word."""
        return ""

    def where(self, change: Change, name: str) -> Path:
        """Where in a document the cause of a verb's refusal stands."""
        return (self.name, *change.path, *(name.split(".") if name else ()))


def said(value: Any) -> Text:
    """A plain value as people read it."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return str(value)


def _items(path: Path, data: Any, depth: int) -> Iterable[tuple[Path, Any]]:
    if not depth:
        yield path, data
        return
    for key, value in data.items():
        yield from _items((*path, str(key)), value, depth - 1)


def is_new(slug: str, document: Mapping[str, Any]) -> bool:
    """Whether a document has a custom entity of that slug."""
    made = document.get("entities")
    return isinstance(made, dict) and slug in made


def not_a_mapping(path: Path) -> Problem:
    """The problem of something that should have names under it."""
    return Problem(path, _("Names with values are expected here"))


def mappings(path: Path, data: Any) -> tuple[list[tuple[Path, dict[str, Any]]], list[Problem]]:
    """The mappings under a mapping, each with its path, and what is not one."""
    if not isinstance(data, dict):
        return [], [not_a_mapping(path)]
    good = [((*path, key), value) for key, value in data.items() if isinstance(value, dict)]
    return good, [not_a_mapping((*path, key)) for key, value in data.items() if not isinstance(value, dict)]
