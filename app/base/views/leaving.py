"""What is left out of a saved view because a field or record of it is gone, or kept from whoever opens it.

A field kept from the person is counted, never named; one an admin has taken out of use is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.access.actors import require_actor
from app.access.policy import level_of
from app.access.scope import UNSCOPED
from app.base.groups.rules import BadGroup, Condition, Group, read_group, write_group
from app.base.views.filters import Filter, is_filter_key, read_filters
from app.base.views.groups import WHERE, Branch, read_condition
from app.base.views.state import ListState, is_sortable
from app.db import session
from app.fields.custom.describing import said
from app.fields.custom.models import CustomField
from app.types import Entity, Level, Refused

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Left:
    """What was left out: the labels of fields out of use, and how many parts besides."""

    labels: tuple[str, ...] = ()
    count: int = 0

    def and_columns(self, entity: Entity, names: tuple[str, ...]) -> Left:
        """The same with columns that are not there for this person."""
        if not names:
            return self
        more = left_out(entity, names)
        labels = tuple(dict.fromkeys((*self.labels, *more.labels)))
        return Left(labels, self.count + more.count)

    @property
    def notices(self) -> tuple[str, ...]:
        """A sentence each, for whoever opened the view."""
        told = []
        if self.labels:
            told.append(_("Left out, as you cannot ask by them now: %(fields)s", fields="、".join(self.labels)))
        if self.count:
            told.append(
                _("Left out, as they are not there for you: %(count)s conditions or columns", count=self.count)
            )
        return tuple(told)


#: Nothing was left out.
WHOLE_VIEW = Left()


def readable_pairs(entity: Entity, pairs: Pairs, zone: ZoneInfo) -> tuple[Pairs, Left]:
    """The part of an address that can be read today, and what was left out of it."""
    kept: Pairs = []
    names: list[str] = []
    fine: dict[str, bool] = {}
    for key, value in pairs:
        if is_filter_key(key):
            name = key.split(".")[1]
            if name not in fine:
                fine[name] = _is_readable(entity, name, pairs, zone)
                names += [] if fine[name] else [name]
            kept += [(key, value)] if fine[name] else []
        elif key == WHERE:
            line, gone = _readable_group(entity, value, zone)
            names += gone
            kept += [(key, line)] if line else []
        elif key == "sort" and value.removeprefix("-") != "id" and not _can_sort(entity, value):
            names.append(value.removeprefix("-"))
        else:
            kept.append((key, value))
    return kept, left_out(entity, names)


def _can_sort(entity: Entity, text: str) -> bool:
    return is_sortable(entity, entity.field(text.removeprefix("-")))


def _is_readable(entity: Entity, name: str, pairs: Pairs, zone: ZoneInfo) -> bool:
    own: MultiDict[str, str] = MultiDict(
        (key, value) for key, value in pairs if is_filter_key(key) and key.split(".")[1] == name
    )
    try:
        read_filters(entity, own, zone)
    except Refused:
        return False
    return True


def _readable_group(entity: Entity, line: str, zone: ZoneInfo) -> tuple[str, list[str]]:
    gone: list[str] = []

    def sift(group: Group) -> Group | None:
        items = [item for part in group.items if (item := pick(part)) is not None]
        return Group(group.joined, tuple(items)) if items else None

    def pick(part: Condition | Group) -> Condition | Group | None:
        if isinstance(part, Group):
            return sift(part)
        try:
            read_condition(entity, part, zone)
        except Refused:
            gone.append(part.field)
            return None
        return part

    try:
        found = sift(read_group(line))
    except BadGroup:
        return "", [""]
    return (write_group(found) if found is not None else ""), gone


def left_out(entity: Entity, names: Iterable[str]) -> Left:
    """What is said about fields that are not there: labels of those out of use, the number of the others."""
    names = list(names)
    if not names:
        return Left()
    actor = require_actor()
    open_to = [name for name in dict.fromkeys(names) if level_of(entity, name, actor) > Level.HIDDEN]
    # the fields one sees, but cannot ask by any more, have their name; the others may be out of use
    labels = {field.name: str(field.label) for name in open_to if (field := entity.field(name)) is not None}
    if missing := [name for name in open_to if name not in labels]:
        rows = select(CustomField.key, CustomField.label_zh, CustomField.label_en).where(
            CustomField.entity == entity.slug, CustomField.key.in_(missing), CustomField.active.is_(False)
        )
        found = session.execute(rows.execution_options(**{UNSCOPED: True}))
        labels |= {key: str(said(zh, en)) for key, zh, en in found}
    return Left(
        tuple(labels[name] for name in open_to if name in labels), sum(name not in labels for name in names)
    )


def without_links(state: ListState, unseen: set[tuple[str, int]]) -> tuple[ListState, int]:
    """The list without the conditions on these records (entity, id), and how many conditions that were."""
    gone = 0

    def stays(one: Filter) -> bool:
        nonlocal gone
        hit = any((one.field.target or "", value) in unseen for value in one.values if isinstance(value, int))
        gone += hit
        return not hit

    def sift(branch: Branch) -> Branch | None:
        items = [
            kept
            for item in branch.items
            if (kept := sift(item) if isinstance(item, Branch) else item if stays(item) else None) is not None
        ]
        return replace(branch, items=tuple(items)) if items else None

    filters = tuple(one for one in state.filters if stays(one))
    where = sift(state.where) if state.where is not None else None
    return replace(state, filters=filters, where=where), gone


__all__ = ["WHOLE_VIEW", "Left", "readable_pairs", "without_links"]
