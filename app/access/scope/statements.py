"""The scope on every statement of the session: selects, joined and later loads, bulk changes.

A statement that names mapped attributes without being an ORM statement is refused: SQLAlchemy would skip the
criteria, and it would read every row.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import has_app_context
from sqlalchemy import event, inspect
from sqlalchemy.orm import Mapper, ORMExecuteState, Session
from sqlalchemy.orm.util import LoaderCriteriaOption
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import True_

from app.access.actors import current_actor
from app.access.scope.conditions import mapped_condition, memo_of
from app.host.context import Context, context
from app.types import Actor, Entity

#: Skips the session's criteria for one statement that already carries the scope, or needs none.
UNSCOPED = "qiao_unscoped"
_JOINED = ("joined", False)


class UnscopedStatement(PermissionError):
    """A statement the session cannot put the scope on: a mistake in the code, told to its author."""


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
    joined = _joined(state.statement, touched, carried) if state.is_select else {}
    memo, added = memo_of(actor), []
    for entity in {**touched, **joined}.values():
        key = (entity.slug, entity is changed, entity.slug in joined)
        if key not in memo.options:
            memo.options[key] = _option(entity, actor, write=entity is changed, travels=entity.slug in joined)
        if (option := memo.options[key]) is None:
            continue
        if entity is changed and isinstance(state.parameters, list):
            raise UnscopedStatement(f"an update of {entity.slug} by primary keys cannot carry the scope")
        added.append(option)
    if added:
        state.statement = state.statement.options(*added)


def _option(entity: Entity, actor: Actor | None, *, write: bool, travels: bool) -> Any:
    """The loader option of an entity; None when the actor sees every row.

    Criteria reach joined loads only when they also travel with later lazy loads, so only then they do.
    """
    condition = mapped_condition(entity, actor, write=write)
    if isinstance(condition, True_):
        return None
    return _Criteria(entity.model, condition, include_aliases=True, propagate_to_loaders=travels)


class _Criteria(LoaderCriteriaOption):
    """Criteria that are right in an explicit ON clause about an alias, too.

    SQLAlchemy 2.1 adapts criteria to an alias in WHERE and along relationships, but leaves them about the
    table itself in ``outerjoin(alias, condition)``, where they would hold back nothing.
    """

    _traverse_internals = LoaderCriteriaOption._traverse_internals

    def _resolve_where_criteria(self, ext_info: Any) -> Any:
        criteria = super()._resolve_where_criteria(ext_info)
        return ext_info._adapter.traverse(criteria) if ext_info.is_aliased_class else criteria


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
                f"this statement reads {entity.slug} but is not an ORM statement: begin it with an ORM "
                f"column, add .select_from({model}), or use {model}.__table__ and scope_condition"
            )


def _joined(statement: Any, touched: dict[str, Entity], carried: Context) -> dict[str, Entity]:
    """Entities whose rows come along by a JOIN made while compiling, unseen in the statement itself."""
    mappers: set[Mapper[Any]] = set()
    for option in getattr(statement, "_with_options", ()):
        elements = getattr(option, "context", None)
        if elements is None and not isinstance(option, LoaderCriteriaOption):
            return carried.entities  # a wildcard: it may join anything
        for element in elements or ():
            if any(key == "lazy" and how in _JOINED for key, how in element.strategy or ()):
                mappers.update(step.mapper for step in element.path.path if hasattr(step, "mapper"))
    for mapper in {inspect(entity.model) for entity in touched.values()} | mappers:
        mappers |= _joins_by_itself(mapper)
    found = (carried.by_table.get(mapper.local_table) for mapper in mappers)
    return {entity.slug: entity for entity in found if entity is not None}


@lru_cache(maxsize=512)
def _joins_by_itself(mapper: Mapper[Any]) -> frozenset[Mapper[Any]]:
    """What a class always loads by a JOIN because its relationships say so, and what that joins in turn."""
    found: set[Mapper[Any]] = set()
    waiting = [mapper]
    while waiting:
        targets = {r.mapper for r in waiting.pop().relationships if r.lazy in _JOINED} - found
        found |= targets
        waiting.extend(targets)
    return frozenset(found)
