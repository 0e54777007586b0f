"""Row scope (数据权限): one condition per entity and actor, applied at the session to every ORM statement.

The same condition is what Core statements and exports ask for with `scope_condition`. A statement that names
ORM attributes without being an ORM statement (SQLAlchemy then skips every criterion) is refused, never run.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import replace
from functools import lru_cache
from typing import Any

from flask import has_app_context
from sqlalchemy import ColumnElement, Select, and_, column, event, false, inspect, or_, select, table, true
from sqlalchemy.orm import Mapper, ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import True_
from sqlalchemy.sql.util import ClauseAdapter

from app.access.actors import current_actor
from app.db import Model
from app.host.context import Context, context
from app.types import Actor, Entity, Grant, Scope, ScopeFilter

#: Skips the session's criteria for one statement that already carries the scope, or needs none.
UNSCOPED = "qiao_unscoped"

_unit = table("org_unit", column("id"), column("path"))


class UnscopedStatement(PermissionError):
    """A statement the session cannot put the scope on: a mistake in the code, told to its author."""


class _Memo:
    """What was worked out for one actor in one app: conditions and options by (entity, write)."""

    __slots__ = ("actor", "carried", "conditions", "options")

    def __init__(self, actor: Actor | None, carried: Context) -> None:
        self.actor = actor
        self.carried = carried
        self.conditions: dict[tuple[str, bool], ColumnElement[bool]] = {}
        self.options: dict[tuple[str, bool, bool], Any] = {}


_memo: ContextVar[_Memo | None] = ContextVar("qiao_scope_memo", default=None)


def _memo_of(actor: Actor | None) -> _Memo:
    carried, memo = context(), _memo.get()
    if memo is None or memo.actor is not actor or memo.carried is not carried:
        memo = _Memo(actor, carried)
        _memo.set(memo)
    return memo


def units_below(*paths: str) -> Select[Any]:
    """Ids of the units with these paths and of all units under them (paths look like ``/1/5/``)."""
    inside = [and_(_unit.c.path >= path, _unit.c.path < path[:-1] + "0") for path in paths]
    return select(_unit.c.id).where(or_(*inside))


def scope_condition(
    entity: Entity, actor: Actor | None, *, write: bool = False, target: Any = None
) -> ColumnElement[bool]:
    """The SQL condition that keeps the rows of `entity` the actor may see (or change, with `write`).

    `target` is the table or alias the condition is about; the entity's own table by default.
    Nobody gets `false()`; whoever has scope ALL and no narrowing module gets `true()`.
    """
    if actor is None:
        return false()
    if actor.is_system:
        return true()
    known = _memo_of(actor).conditions
    condition = known.get((entity.slug, write))
    if condition is None:
        condition = known[entity.slug, write] = _condition(entity, actor, write)
    if target is None or target is entity.model.__table__:
        return condition
    return ClauseAdapter(target).traverse(condition)


def held_condition(entity: Entity, actor: Actor) -> ColumnElement[bool]:
    """The rows the actor may give away: by ownership or for the unit, not because somebody shared them."""
    if actor.is_system:
        return true()
    unshared = replace(entity, scoped_by=replace(entity.scoped_by, shares=None))
    return _condition(unshared, actor, write=True)


def _condition(entity: Entity, actor: Actor, write: bool) -> ColumnElement[bool]:
    if entity.scoped_by.parent is not None:
        base = _by_parent(entity, actor, write)
    elif entity.scoped_by.public:
        base = true()
    else:
        base = _by_grants(entity, actor, write)
    filters: list[ScopeFilter] = context().hooks.gather(
        "scope_filters", entity=entity.slug, actor=actor, write=write
    )
    base = or_(base, *(added.also for added in filters if added.also is not None))
    return and_(base, *(added.only for added in filters if added.only is not None))


def _by_grants(entity: Entity, actor: Actor, write: bool) -> ColumnElement[bool]:
    """What the roles give: the widest of each place, put together with OR."""
    by, on = entity.scoped_by, entity.model.__table__
    held = [(grant, grant.scope(entity.slug)) for grant in actor.grants]
    widest = max((scope for _grant, scope in held), key=lambda scope: scope.width, default=Scope.NONE)
    if widest is Scope.ALL:
        return true()
    if widest is Scope.NONE:
        return false()
    parts: list[ColumnElement[bool]] = []
    if by.owner is not None and actor.employee_id is not None:
        parts.append(on.c[by.owner] == actor.employee_id)
    if widest is not Scope.OWN and by.shares is not None and actor.employee_id is not None:
        parts.append(_shared(by.shares, actor.employee_id, write, on))
    if by.unit is not None:
        parts.extend(_in_units(on.c[by.unit], held))
    return or_(false(), *parts)


def _in_units(unit: Any, held: Iterable[tuple[Grant, Scope]]) -> Iterable[ColumnElement[bool]]:
    """The units of the grants; one inside another's branch adds nothing and is left out."""
    single = {g.unit_path or "": g.unit_id for g, scope in held if scope is Scope.UNIT and g.unit_id}
    paths = {g.unit_path for g, scope in held if scope is Scope.UNIT_AND_BELOW and g.unit_path}
    branches = sorted(p for p in paths if not any(p != other and p.startswith(other) for other in paths))
    alone = sorted(
        unit_id for path, unit_id in single.items() if not any(path.startswith(branch) for branch in branches)
    )
    if len(alone) == 1:
        yield unit == alone[0]
    elif alone:
        yield unit.in_(alone)
    if branches:
        yield unit.in_(units_below(*branches))


def _shared(shares: tuple[str, str, str], employee_id: int, write: bool, on: Any) -> ColumnElement[bool]:
    name, record, employee = shares
    share = Model.metadata.tables[name]
    rows = select(share.c[record]).where(share.c[employee] == employee_id)
    if write and "can_write" in share.c:
        rows = rows.where(share.c.can_write)
    return on.c["id"].in_(rows)


def _by_parent(entity: Entity, actor: Actor, write: bool) -> ColumnElement[bool]:
    """Whoever sees the parent sees the record; the parent is read under an alias, so nothing correlates."""
    attribute, slug = entity.scoped_by.parent or ("", "")
    parent = context().entities.get(slug)
    if parent is None:
        return false()
    alias = parent.model.__table__.alias()
    condition = scope_condition(parent, actor, write=write, target=alias)
    if isinstance(condition, True_):
        return condition
    return entity.model.__table__.c[attribute].in_(select(alias.c.id).where(condition))


@event.listens_for(Session, "do_orm_execute")
def _apply(state: ORMExecuteState) -> None:
    """Give every ORM statement the criteria of the scoped entities it touches."""
    if state.is_column_load or not has_app_context() or state.execution_options.get(UNSCOPED):
        return
    carried = context()
    if not state.is_orm_statement:
        _refuse_unseen(state.statement, carried)
        return
    actor = current_actor()
    if (actor is not None and actor.is_system) or state.is_insert:
        return
    touched = _touched(state.statement, carried)
    changed = carried.by_table.get(getattr(state.statement, "table", None))  # of an UPDATE or DELETE
    memo, joined = _memo_of(actor), False
    if state.is_select and _loads_joined(state.statement, touched):
        touched, joined = carried.entities, True
    added = []
    for entity in touched.values():
        write = entity is changed
        option = memo.options.get((entity.slug, write, joined), memo)
        if option is memo:
            option = memo.options[entity.slug, write, joined] = _option(entity, actor, write, joined)
        if option is not None:
            added.append(option)
            if write and isinstance(state.parameters, list):
                raise UnscopedStatement(f"an update of {entity.slug} by primary keys cannot carry the scope")
    if added:
        state.statement = state.statement.options(*added)


def _option(entity: Entity, actor: Actor | None, write: bool, joined: bool) -> Any:
    """The loader option of an entity; None when the actor sees every row.

    Criteria reach joined loads only when they also travel with later lazy loads, so only then they do.
    """
    condition = scope_condition(entity, actor, write=write)
    if isinstance(condition, True_):
        return None
    return with_loader_criteria(entity.model, condition, include_aliases=True, propagate_to_loaders=joined)


def _touched(statement: Any, carried: Context) -> dict[str, Entity]:
    """The entities, by slug, whose tables appear anywhere in the statement, sub-queries too."""
    tables = carried.by_table
    found = (tables.get(e) for e in visitors.iterate(statement) if e.__visit_name__ == "table")
    return {entity.slug: entity for entity in found if entity is not None}


def _refuse_unseen(statement: Any, carried: Context) -> None:
    """Core statements name their scope themselves; ORM attributes in them would read past it unseen."""
    tables = carried.by_table
    for element in visitors.iterate(statement):
        mapper = element._annotations.get("parententity") if hasattr(element, "_annotations") else None
        if mapper is not None and (entity := tables.get(mapper.local_table)) and not entity.scoped_by.public:
            model = entity.model.__name__
            raise UnscopedStatement(
                f"this statement reads {entity.slug} but is not an ORM statement: begin it with an ORM column, "
                f"add .select_from({model}), or use {model}.__table__ and scope_condition"
            )


def _loads_joined(statement: Any, touched: dict[str, Entity]) -> bool:
    """Whether rows of further entities come along by a JOIN made while compiling, unseen in the statement."""
    for option in getattr(statement, "_with_options", ()):
        for element in getattr(option, "context", ()):
            if any(key == "lazy" and how in _JOINED for key, how in element.strategy or ()):
                return True
    return any(_joins_by_itself(inspect(entity.model)) for entity in touched.values())


_JOINED = ("joined", False)


@lru_cache(maxsize=512)
def _joins_by_itself(mapper: Mapper[Any]) -> bool:
    return any(relationship.lazy in _JOINED for relationship in mapper.relationships)
