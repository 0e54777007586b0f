"""Why somebody sees a record or not: the parts the scope's condition is made of, each asked about that record.

No rule is told a second time here: the parts come from the functions that make the condition, and the whole
condition is asked in the same statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, case, null, select, true

from app.access.scope.conditions import granted_parts, parent_condition, scope_condition
from app.access.scope.statements import UNSCOPED
from app.db import session
from app.host.context import context
from app.types import Actor, Entity, Grant, Scope, ScopeFilter

#: Where a part comes from when it is no grant and no module: the entity says so itself.
PARENT, PUBLIC, ALL = "parent", "public", "all"
WIDENS, NARROWS = "widens", "narrows"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the condition: `rule` is owner, share, unit, branch, all, parent, public, widens or narrows.

    `grant` is the role in its place that gives it, or `module` the module.
    """

    rule: str
    condition: ColumnElement[bool]
    grant: Grant | None = None
    module: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What each part says of one record, and the whole condition, to see and to change it."""

    parts: Sequence[tuple[Part, bool]]
    seen: bool
    changed: bool
    #: The record of the parent entity that decides, where there is one.
    parent_id: int | None = None


def scope_parts(entity: Entity, actor: Actor) -> list[Part]:
    """The parts that make the rows of an entity the actor sees: the first ones widen, with OR; the rest narrow."""
    return [*_base(entity, actor), *_of_modules(entity, actor)]


def judge(entity: Entity, actor: Actor, record_id: int) -> Judgement | None:
    """Each part asked about one record, in one statement; None when there is no such record."""
    table, parts = entity.model.__table__, scope_parts(entity, actor)
    whole = (scope_condition(entity, actor), scope_condition(entity, actor, write=True))
    asked = [case((condition, 1), else_=0) for condition in (*(part.condition for part in parts), *whole)]
    columns = [column.label(f"p{place}") for place, column in enumerate(asked)]
    above = table.c[entity.scoped_by.parent[0]] if entity.scoped_by.parent is not None else null()
    statement = select(above.label("above"), *columns).where(table.c.id == record_id)
    row: Any = session.execute(statement, execution_options={UNSCOPED: True}).one_or_none()
    if row is None:
        return None
    said = [bool(value) for value in row[1:]]
    return Judgement(list(zip(parts, said[:-2], strict=True)), seen=said[-2], changed=said[-1], parent_id=row.above)


def _base(entity: Entity, actor: Actor) -> Iterator[Part]:
    if entity.scoped_by.parent is not None:
        yield Part(PARENT, parent_condition(entity, actor, False, entity.model.__table__.c.__getitem__))
        return
    if entity.scoped_by.public:
        yield Part(PUBLIC, true())
        return
    for grant in actor.grants:
        if grant.scope(entity.slug) is Scope.ALL:
            yield Part(ALL, true(), grant)
            continue
        alone = replace(actor, grants=(grant,))
        for rule, condition in granted_parts(entity, alone, False, entity.model.__table__.c.__getitem__):
            yield Part(rule, condition, grant)


def _of_modules(entity: Entity, actor: Actor) -> Iterator[Part]:
    asked = context().hooks.each("scope_filters", entity=entity.slug, actor=actor, write=False)
    found: list[tuple[str, ScopeFilter]] = [(slug, one) for slug, ask in asked for one in ask() or ()]
    yield from (Part(WIDENS, one.also, module=slug) for slug, one in found if one.also is not None)
    yield from (Part(NARROWS, one.only, module=slug) for slug, one in found if one.only is not None)
