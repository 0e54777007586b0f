"""Conditions joined by and / or (``where=`` in a list's address), typed like its filters: read, asked, written, said.

What a condition may compare is decided where a single filter is read; the line itself is `app.base.groups.rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, or_

from app.base.groups.rules import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    MAX_LENGTH,
    BadGroup,
    Condition,
    Group,
    read_group,
    write_group,
)
from app.base.views.filters import PICKED, RANGED, Filter, condition, read_one, sentence
from app.fields.messages import message
from app.fields.regions import path_of
from app.fields.rules import BadValue
from app.types import Entity, Field, Kind, Refused

#: The address parameter.
WHERE = "where"


@dataclass(frozen=True, slots=True)
class Branch:
    """Filters and further branches of which all (``and``) or at least one (``or``) holds."""

    joined: str
    items: tuple[Filter | Branch, ...]

    @property
    def leaves(self) -> Iterator[Filter]:
        """Every single condition in it."""
        for item in self.items:
            if isinstance(item, Branch):
                yield from item.leaves
            else:
                yield item

    @property
    def pieces(self) -> tuple[Filter | Branch, ...]:
        """What can be taken away on its own: the parts of an “and”, the whole of an “or”."""
        return self.items if self.joined == "and" else (self,)

    def without(self, piece: Filter | Branch) -> Branch | None:
        """The rest when one of its pieces is taken away; None when nothing is left."""
        rest = tuple(item for item in self.items if item is not piece)
        return replace(self, items=rest) if piece is not self and rest else None


def read_where(entity: Entity, lines: Sequence[str], zone: ZoneInfo) -> Branch | None:
    """The conditions the line of an address asks for, None where there is none.

    `entity` is the description as the actor sees it. Raises `Refused` (on ``where``) for what is no group, an unknown
    field, one that cannot be filtered by, an operator or a value that does not fit the field.
    """
    lines = [line for line in lines if line.strip()]
    if not lines:
        return None
    if len(lines) > 1:
        raise Refused(errors={WHERE: _("Give one value")})
    try:
        return _typed(entity, read_group(lines[0]), zone)
    except BadGroup as bad:
        raise Refused(errors={WHERE: _complaint(entity, bad)}) from bad
    except Refused as refused:
        raise Refused(errors={WHERE: str(refused)}) from refused


def _complaint(entity: Entity, bad: BadGroup) -> str:
    if bad.code == "long":
        return _("These conditions are too long: at most %(count)s characters", count=MAX_LENGTH)
    if bad.code == "deep":
        return _("Groups can stand within each other at most %(count)s deep", count=MAX_DEPTH)
    if bad.code == "many":
        return _("At most %(count)s conditions", count=MAX_CONDITIONS)
    if bad.code == "operator":
        return _("“%(op)s” is not a way to filter", op=bad.rest)
    if bad.code == "values":
        field = entity.field(bad.rest)
        return _("The condition on “%(field)s” has no value, or too many", field=field.label if field else bad.rest)
    return _("These conditions cannot be read from “%(text)s” on", text=bad.rest or ")")


def _typed(entity: Entity, group: Group, zone: ZoneInfo) -> Branch:
    return Branch(
        group.joined,
        tuple(
            _typed(entity, item, zone) if isinstance(item, Group) else read_condition(entity, item, zone)
            for item in group.items
        ),
    )


def read_condition(entity: Entity, one: Condition, zone: ZoneInfo) -> Filter:
    """One condition as the filter it is. Raises `Refused`."""
    field = entity.field(one.field)
    if field is None:
        raise Refused(_("There is no filter “%(name)s” here", name=one.field[:60]))
    if not field.filterable:
        raise Refused(_("You cannot filter by “%(field)s”", field=field.label))
    if one.op not in operators(field):
        raise Refused(f"{field.label}: " + _("“%(op)s” is not a way to filter", op=one.op))
    try:
        found = read_one(field, _given(one), zone)
    except BadValue as bad:
        raise Refused(f"{field.label}: {message(bad.code, **bad.details)}") from bad
    if not found:
        raise Refused(f"{field.label}: {message('required')}")
    return found[0]


def operators(field: Field) -> tuple[str, ...]:
    """How a field can be compared, the usual way first."""
    if field.kind in RANGED:
        return ("range", "empty", "filled")
    if field.kind is Kind.CHOICES:
        return ("in", "all", "empty", "filled")
    if field.kind is Kind.FILES:
        return ("contains", "empty", "filled")
    if field.kind in PICKED:
        return ("in", "empty", "filled")
    return ("contains", "equals", "empty", "filled")


def _given(one: Condition) -> dict[str, list[str]]:
    if one.op == "range":
        ends = zip(("from", "to"), one.values, strict=True)
        return {end: [text] for end, text in ends if text.strip()}
    given = {} if one.op in ("contains", "in") else {"op": [one.op]}
    return {**given, "": list(one.values)} if one.values else given


def write_where(branch: Branch) -> str:
    """The line of the conditions, as it stands in an address."""
    return write_group(_grouped(branch))


def _grouped(branch: Branch) -> Group:
    return Group(
        branch.joined, tuple(_grouped(item) if isinstance(item, Branch) else _plain(item) for item in branch.items)
    )


def _plain(one: Filter) -> Condition:
    texts = dict(one.pairs)
    name = one.field.name
    if one.op == "range":
        return Condition(name, "range", (texts.get(f"f.{name}.from", ""), texts.get(f"f.{name}.to", "")))
    return Condition(name, one.op, tuple(text for key, text in one.pairs if key == f"f.{name}"))


def branch_condition(entity: Entity, branch: Branch) -> ColumnElement[bool]:
    """The conditions as one SQL condition on the entity's table."""
    parts = [
        branch_condition(entity, item) if isinstance(item, Branch) else condition(entity, (item,))
        for item in branch.items
    ]
    return or_(*parts) if branch.joined == "or" else and_(*parts)


def branch_sentence(item: Filter | Branch, say: Callable[[Filter], str]) -> str:
    """The conditions as people say them, groups within groups in brackets; `say` writes one condition."""
    if isinstance(item, Filter):
        return say(item)
    texts = [_bracketed(part, say) for part in item.items]
    text = texts[0]
    for more in texts[1:]:
        both = {"a": text, "b": more}
        text = _("%(a)s or %(b)s", **both) if item.joined == "or" else _("%(a)s and %(b)s", **both)
    return text


def _bracketed(part: Filter | Branch, say: Callable[[Filter], str]) -> str:
    text = branch_sentence(part, say)
    return f"({text})" if isinstance(part, Branch) and len(part.items) > 1 else text


def worded(item: Filter | Branch, titles: dict[tuple[str, int], str]) -> str:
    """A filter or a group as a sentence; `titles` are those of linked records by (entity, id)."""
    return branch_sentence(item, lambda one: sentence(one, titles))


def tree(item: Filter | Branch, titles: dict[tuple[str, int], str]) -> dict[str, Any]:
    """The conditions for the screen that builds them: groups of conditions with their values' names."""
    if isinstance(item, Branch):
        return {"joined": item.joined, "items": [tree(part, titles) for part in item.items]}
    plain = _plain(item)
    names = {}
    values: tuple[str, ...] = plain.values
    if item.op in ("in", "all"):
        words = {True: "yes", False: "no"}
        values = tuple(words[one] if isinstance(one, bool) else str(one) for one in item.values)
        if item.field.kind is Kind.LINK:
            names = {str(one): titles.get((item.field.target or "", one), "") for one in item.values}
        elif item.field.kind is Kind.REGION:
            names = {one: path_of(one) for one in item.values}
    return {"field": plain.field, "op": plain.op, "values": list(values), "names": names}


__all__ = [
    "WHERE",
    "Branch",
    "branch_condition",
    "branch_sentence",
    "operators",
    "read_condition",
    "read_where",
    "tree",
    "worded",
    "write_where",
]
