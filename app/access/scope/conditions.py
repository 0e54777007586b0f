"""Which rows of an entity an actor may see or change, as SQL.

The forms below were chosen by measuring lists of a million rows on both databases: docs/adr/0030.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import replace
from functools import lru_cache
from time import monotonic
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    and_,
    case,
    false,
    func,
    inspect,
    or_,
    select,
    true,
)
from sqlalchemy.sql.elements import True_
from sqlalchemy.sql.util import ClauseAdapter
from sqlalchemy.sql.visitors import replacement_traverse

from app.access.scope.units import UNIT, is_below, reached_with_all_below, units_below
from app.db import Model, db, session
from app.host.context import Context, context
from app.types import Actor, Entity, Scope, ScopeFilter

#: From this part of all units on, a place counts as a large part of the organisation.
LARGE_PART = 1 / 64
#: How long the size of a part is believed; which rows are seen never depends on it.
SIZE_SECONDS = 600

#: A column of the entity by name: of its table, of an alias, or the mapped attribute.
Columns = Callable[[str], Any]


class Memo:
    """What was worked out for one actor in one app, so that a request asks each question once."""

    __slots__ = ("actor", "carried", "conditions", "options")

    def __init__(self, actor: Actor | None, carried: Context) -> None:
        self.actor = actor
        self.carried = carried
        self.conditions: dict[Any, ColumnElement[bool]] = {}
        self.options: dict[Any, Any] = {}


_memo: ContextVar[Memo | None] = ContextVar("qiao_scope_memo", default=None)


def memo_of(actor: Actor | None) -> Memo:
    """The memo of the actor of this request; another actor or app begins a new one."""
    carried, memo = context(), _memo.get()
    if memo is None or memo.actor is not actor or memo.carried is not carried:
        memo = Memo(actor, carried)
        _memo.set(memo)
    return memo


def scope_condition(
    entity: Entity, actor: Actor | None, *, write: bool = False, target: Any = None, unordered: bool = False
) -> ColumnElement[bool]:
    """The SQL condition that keeps the rows of `entity` the actor may see (or change, with `write`).

    `target` is the table or alias the condition is about; the entity's own table by default. `unordered` says that
    nothing but the scope is asked and in no order, so that an index of the unit finds enough rows of any part at once.
    Nobody gets `false()`; whoever has scope ALL and no narrowing module gets `true()`.
    """
    on = entity.model.__table__ if target is None else target
    return _remembered(entity, actor, write, on, on.c.__getitem__, unordered)


def place_conditions(entity: Entity, actor: Actor) -> list[ColumnElement[bool]]:
    """Parts of what the actor sees which an index of the unit counts alone: the records of a unit or a branch.

    None where the rows follow a parent or a module narrows them.
    """
    if actor.is_system or entity.scoped_by.public or entity.scoped_by.parent is not None:
        return []
    if actor.widest(entity.slug) is Scope.ALL:
        return []
    filters: list[ScopeFilter] = context().hooks.gather("scope_filters", entity=entity.slug, actor=actor, write=False)
    if any(narrowing.only is not None for narrowing in filters):
        return []
    parts = granted_parts(entity, actor, False, entity.model.__table__.c.__getitem__, unordered=True)
    return [condition for rule, condition in parts if rule in ("unit", "branch")]


def held_condition(entity: Entity, actor: Actor) -> ColumnElement[bool]:
    """The rows the actor may give away: by ownership or for the unit, not because somebody shared them."""
    if actor.is_system:
        return true()
    unshared = replace(entity, scoped_by=replace(entity.scoped_by, shares=None))
    on = entity.model.__table__
    return _condition(unshared, actor, True, on, on.c.__getitem__)


def mapped_condition(entity: Entity, actor: Actor | None, *, write: bool = False) -> ColumnElement[bool]:
    """The same of mapped attributes, which is what SQLAlchemy can move to aliases and joined loads."""
    return _remembered(entity, actor, write, entity.model, _attributes(entity.model))


def _attributes(model: type) -> Columns:
    """The mapped attributes of a class by name."""
    return lambda name: getattr(model, name)


def _remembered(
    entity: Entity, actor: Actor | None, write: bool, on: Any, columns: Columns, unordered: bool = False
) -> ColumnElement[bool]:
    if actor is None:
        return false()
    if actor.is_system:
        return true()
    known, key = memo_of(actor).conditions, (entity.slug, write, on, unordered)
    condition = known.get(key)
    if condition is None:
        condition = known[key] = _condition(entity, actor, write, on, columns, unordered)
    return condition


def _condition(
    entity: Entity, actor: Actor, write: bool, on: Any, columns: Columns, unordered: bool = False
) -> ColumnElement[bool]:
    if entity.scoped_by.parent is not None:
        base = parent_condition(entity, actor, write, columns)
    elif entity.scoped_by.public:
        base = true()
    else:
        base = _by_grants(entity, actor, write, columns, unordered)
    filters: list[ScopeFilter] = context().hooks.gather("scope_filters", entity=entity.slug, actor=actor, write=write)
    # or_() and and_() of a single condition would hide that it is true, and that nothing needs to be asked.
    if not isinstance(base, True_) and (also := [f.also for f in filters if f.also is not None]):
        base = or_(base, *(_moved(condition, entity, on) for condition in also))
    if only := [f.only for f in filters if f.only is not None]:
        base = and_(base, *(_moved(condition, entity, on) for condition in only))
    return base


def _moved(condition: Any, entity: Entity, on: Any) -> Any:
    """A module's condition, written about the entity's table or class, made one about `on`."""
    own = entity.model.__table__
    if on is own:
        return condition
    if on is not entity.model:
        return ClauseAdapter(on).traverse(condition)
    mapper = inspect(entity.model)

    def attribute(element: Any, **_options: Any) -> Any:
        if isinstance(element, Column) and element.table is own:
            return mapper.get_property_by_column(element).class_attribute.__clause_element__()
        return None

    return replacement_traverse(condition, {}, attribute)


def _by_grants(entity: Entity, actor: Actor, write: bool, columns: Columns, unordered: bool) -> ColumnElement[bool]:
    """What the roles give: the widest of each place, put together with OR."""
    widest = actor.widest(entity.slug)
    if widest is Scope.ALL:
        return true()
    if widest is Scope.NONE:
        return false()
    return or_(false(), *(condition for _rule, condition in granted_parts(entity, actor, write, columns, unordered)))


def granted_parts(
    entity: Entity, actor: Actor, write: bool, columns: Columns, unordered: bool = False
) -> Iterator[tuple[str, ColumnElement[bool]]]:
    """(rule, condition) of what grants narrower than ALL give: ``owner``, ``share``, ``unit`` or ``branch``."""
    by, widest = entity.scoped_by, actor.widest(entity.slug)
    if widest is Scope.NONE:
        return
    if by.owner is not None and actor.employee_id is not None:
        yield "owner", columns(by.owner) == actor.employee_id
    if widest is not Scope.OWN and by.shares is not None and actor.employee_id is not None:
        yield "share", _one_of(columns("id"), _shared(by.shares, actor.employee_id, write))
    if by.unit is not None:
        alone, branches = _places(entity, actor)
        if write and by.below and alone:
            yield "unit", columns(by.unit).in_(reached_with_all_below(alone, branches))
            alone = []
        yield from _in_units(columns(by.unit), alone, branches, unordered)


def _places(entity: Entity, actor: Actor) -> tuple[list[int], list[str]]:
    """(single units, branches by path) the grants reach; what lies inside another branch is left out."""
    held = [(grant, grant.scope(entity.slug)) for grant in actor.grants]
    single = {g.unit_path or "": g.unit_id for g, scope in held if scope is Scope.UNIT and g.unit_id}
    paths = {g.unit_path for g, scope in held if scope is Scope.UNIT_AND_BELOW and g.unit_path}
    branches = sorted(p for p in paths if not any(p != other and p.startswith(other) for other in paths))
    alone = sorted(i for path, i in single.items() if not any(path.startswith(b) for b in branches))
    return alone, branches


def _in_units(
    unit: Any, alone: list[int], branches: list[str], unordered: bool
) -> Iterator[tuple[str, ColumnElement[bool]]]:
    """Records of these units. For a large part of the organisation the unit's index is kept out of it:

    walking the index of the list's order and filtering finds a page long before half of all rows are sorted.
    """
    small = unordered or _is_small(alone, branches)
    place = unit if small else unit + 0
    if alone:
        yield "unit", place == alone[0] if len(alone) == 1 else place.in_(alone)
    if branches:
        yield "branch", _one_of(unit, units_below(*branches)) if small else place.in_(units_below(*branches))


def _shared(shares: tuple[str, str, str], employee_id: int, write: bool) -> Select[Any]:
    """Ids of the records shared with an employee."""
    name, record, employee = shares
    share = Model.metadata.tables[name]
    rows = select(share.c[record]).where(share.c[employee] == employee_id)
    return rows.where(share.c.can_write) if write and "can_write" in share.c else rows


def _one_of(what: Any, few: Select[Any]) -> ColumnElement[bool]:
    """`what` is among a few ids. Beside an OR, PostgreSQL uses an index for an array, not for a sub-query."""
    if db.engine.dialect.name == "postgresql":
        return what == func.any(func.array(few.scalar_subquery()))
    return what.in_(few)


def parent_condition(entity: Entity, actor: Actor, write: bool, columns: Columns) -> ColumnElement[bool]:
    """Whoever sees the parent sees the record; the parent is read under an alias, so nothing correlates.

    Few parents are gathered first; of many, each record's own is looked up.
    """
    attribute, slug = entity.scoped_by.parent or ("", "")
    parent = context().entities.get(slug)
    if parent is None:
        return false()
    alias = _alias(parent.model.__table__)
    condition = scope_condition(parent, actor, write=write, target=alias)
    if isinstance(condition, True_):
        return condition
    if _sees_few(parent, actor):
        return _one_of(columns(attribute), select(alias.c.id).where(condition))
    own = alias.c.id == columns(attribute)
    return select(alias.c.id).where(own, condition).correlate_except(alias).exists()


@lru_cache(maxsize=512)
def _alias(of: Any) -> Any:
    return of.alias()


def _sees_few(entity: Entity, actor: Actor) -> bool:
    """Whether the actor's part of an entity's rows is small; only speed depends on the answer."""
    while entity.scoped_by.parent is not None:
        entity = context().entities[entity.scoped_by.parent[1]]
    widest = actor.widest(entity.slug)
    if widest.width <= Scope.SHARED.width:
        return True
    return widest is not Scope.ALL and _is_small(*_places(entity, actor))


def _is_small(alone: list[int], branches: list[str]) -> bool:
    """Whether the places are a small part of the organisation, by the number of units."""
    known = context().unit_share
    key = (len(alone), *branches)
    if key not in known or known[key][0] < monotonic():
        below = func.count(case((is_below(branches), 1)))
        total, inside = session.connection().execute(select(func.count(), below).select_from(UNIT)).one()
        known[key] = (monotonic() + SIZE_SECONDS, (inside + len(alone)) / max(total, 1) < LARGE_PART)
    return known[key][1]


__all__ = [
    "Memo",
    "granted_parts",
    "held_condition",
    "mapped_condition",
    "memo_of",
    "parent_condition",
    "place_conditions",
    "scope_condition",
]
