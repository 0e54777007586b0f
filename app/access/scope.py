"""Row scope (数据权限): one condition per entity and actor, applied at the session to every ORM select.

The same condition is what Core statements, bulk updates and exports ask for with `scope_condition`.
"""

from __future__ import annotations

from typing import Any

from flask import has_app_context
from sqlalchemy import ColumnElement, Select, and_, column, event, false, or_, select, table, true
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql import visitors

from app.access.actors import current_actor
from app.db import Model
from app.host.context import Context, context
from app.types import Actor, Entity, Scope, ScopeFilter

#: Skips the session's criteria for one statement that already carries the scope, or needs none.
UNSCOPED = "qiao_unscoped"

_unit = table("org_unit", column("id"), column("path"))


def units_below(path: str) -> Select[Any]:
    """Ids of the unit with this path and of all units under it (paths look like ``/1/5/``)."""
    return select(_unit.c.id).where(_unit.c.path >= path, _unit.c.path < path[:-1] + "0")


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
    on = target if target is not None else entity.model.__table__
    by = entity.scoped_by
    if by.parent is not None:
        return _follows_parent(entity, actor, write, on)
    base: ColumnElement[bool] = true() if by.public else _by_grants(entity, actor, write, on)
    filters: list[ScopeFilter] = context().hooks.gather(
        "scope_filters", entity=entity.slug, actor=actor, write=write
    )
    for added in filters:
        if added.also is not None:
            base = or_(base, added.also)
    for added in filters:
        if added.only is not None:
            base = and_(base, added.only)
    return base


def _by_grants(entity: Entity, actor: Actor, write: bool, on: Any) -> ColumnElement[bool]:
    by = entity.scoped_by
    parts: list[ColumnElement[bool]] = []
    for grant in actor.grants:
        scope = grant.scope(entity.slug)
        if scope is Scope.ALL:
            return true()
        if scope is Scope.NONE:
            continue
        if by.owner is not None and actor.employee_id is not None:
            parts.append(on.c[by.owner] == actor.employee_id)
        if scope.width >= Scope.SHARED.width and by.shares is not None and actor.employee_id is not None:
            parts.append(_shared(by.shares, actor.employee_id, write, on))
        if by.unit is not None and grant.unit_id is not None:
            if scope is Scope.UNIT:
                parts.append(on.c[by.unit] == grant.unit_id)
            elif scope is Scope.UNIT_AND_BELOW and grant.unit_path:
                parts.append(on.c[by.unit].in_(units_below(grant.unit_path)))
    return or_(*dict.fromkeys(parts)) if parts else false()


def _shared(shares: tuple[str, str, str], employee_id: int, write: bool, on: Any) -> ColumnElement[bool]:
    name, record, employee = shares
    share = Model.metadata.tables[name]
    rows = select(share.c[record]).where(share.c[employee] == employee_id)
    if write and "can_write" in share.c:
        rows = rows.where(share.c.can_write)
    return on.c["id"].in_(rows)  # type: ignore[no-any-return]


def _follows_parent(entity: Entity, actor: Actor, write: bool, on: Any) -> ColumnElement[bool]:
    assert entity.scoped_by.parent is not None
    attribute, slug = entity.scoped_by.parent
    parent = context().entities[slug]
    alias = parent.model.__table__.alias()
    condition = scope_condition(parent, actor, write=write, target=alias)
    if condition is true() or str(condition) == "true":
        return true()
    return on.c[attribute].in_(select(alias.c.id).where(condition))  # type: ignore[no-any-return]


@event.listens_for(Session, "do_orm_execute")
def _apply(state: ORMExecuteState) -> None:
    """Give every ORM statement the criteria of the scoped entities it touches."""
    if state.execution_options.get(UNSCOPED) or state.is_column_load:
        return
    carried = _context()
    if carried is None:
        return
    touched = {mapper.class_ for mapper in state.all_mappers} | _tables(state.statement, carried)
    actor = current_actor()
    if actor is not None and actor.is_system:
        return
    for model in touched:
        entity = carried.by_model.get(model)
        if entity is None or (entity.scoped_by.public and actor is not None):
            continue
        condition = scope_condition(entity, actor)
        state.statement = state.statement.options(
            with_loader_criteria(entity.model, condition, include_aliases=True, propagate_to_loaders=False)
        )


def _tables(statement: Any, carried: Context) -> set[type]:
    tables = {entity.model.__table__: model for model, entity in carried.by_model.items()}
    found: set[type] = set()
    for element in visitors.iterate(statement):
        if element.__visit_name__ == "table" and element in tables:
            found.add(tables[element])
    return found


def _context() -> Context | None:
    return context() if has_app_context() else None
