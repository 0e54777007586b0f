"""The statements of a list: a capped count and one page of rows, whatever the size of the table.

Order always ends with the id, so that pages neither repeat nor lose a row. Empty values are the smallest, on both
databases, and those of fields a module adds the last. From `DEEP` rows on, a page's ids are found first and only its
rows are then read whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    false,
    func,
    inspect,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased

from app.access.actors import require_actor
from app.access.policy import may_ask
from app.access.scope import UNSCOPED, place_conditions, scope_condition
from app.base.views.filters import condition
from app.base.views.groups import branch_condition
from app.base.views.state import Cursor, ListState
from app.db import session
from app.host.context import context
from app.search.conditions import in_any_way, texts_asked, texts_match
from app.search.rules import wanted
from app.types import Entity, Kind

#: Counting stops here: “10,000+”.
COUNT_CAP = 10_000
#: From this offset on, ids are found before rows are read.
DEEP = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: the records, how many there are (`None`: more than the cap), and the ways on."""

    records: tuple[Any, ...]
    count: int | None
    next: ListState | None
    previous: ListState | None


def matching(state: ListState, *, write: bool = False) -> ColumnElement[bool]:
    """Which rows the list is about: the actor's scope, the filters, the search box."""
    entity = state.entity
    parts: list[ColumnElement[bool]] = [scope_condition(entity, require_actor(), write=write)]
    if state.filters:
        parts.append(condition(entity, state.filters))
    if state.where is not None:
        parts.append(branch_condition(entity, state.where))
    if state.q:
        parts.append(search_condition(entity, state.q))
    return and_(*parts)


def can_search(entity: Entity) -> bool:
    """Whether the entity has a search box."""
    return entity.search is not None or bool(searched_fields(entity))


def searched_fields(entity: Entity) -> tuple[str, ...]:
    """The text columns its search box looks in: those it names, else its title; only what the actor reads."""
    columns = inspect(entity.model).column_attrs
    actor = require_actor()
    named = [name for name in entity.search_fields or (entity.title,) if may_ask(entity, name, actor)]
    return tuple(name for name in named if name in columns and isinstance(columns[name].columns[0].type, String))


def search_condition(entity: Entity, text: str) -> ColumnElement[bool]:
    """What the search box means: its own search, the index of texts, else its columns."""
    kept = texts_asked(entity, require_actor())
    if entity.search is not None:
        own = entity.search(text)
        return in_any_way(entity.model, (own, texts_match(entity, text, kept, beside=True))) if kept else own
    if kept and wanted(text):
        return texts_match(entity, text, kept)
    found = [getattr(entity.model, name).icontains(text, autoescape=True) for name in searched_fields(entity)]
    return or_(*found) if found else false()


def count_rows(state: ListState) -> int | None:
    """How many rows match, or None when there are more than `COUNT_CAP`.

    Without a filter, the records of the person's unit are counted first: often they are more than the cap alone.
    """
    if state.is_narrowed:
        number = _capped(state.entity, matching(state))
    else:
        actor = require_actor()
        whole = _capped(state.entity, scope_condition(state.entity, actor, unordered=True))
        places = (_capped(state.entity, part) for part in place_conditions(state.entity, actor))
        long = [(place > COUNT_CAP, COUNT_CAP + 1) for place in places]
        number = case(*long, else_=whole) if long else whole
    found = int(session.scalar(select(number).execution_options(**{UNSCOPED: True})) or 0)
    return None if found > COUNT_CAP else found


def _capped(entity: Entity, wanted: ColumnElement[bool]) -> Any:
    rows = select(literal(1)).select_from(entity.model).where(wanted).limit(COUNT_CAP + 1).subquery()
    return select(func.count()).select_from(rows).scalar_subquery()


def matching_ids(state: ListState, limit: int) -> list[int]:
    """Ids of the matching rows in the list's order, at most `limit`."""
    found = select(state.entity.model.id).where(matching(state))
    statement = _ordered(state, found, state.descending, walks=False)
    return list(session.scalars(statement.limit(limit).execution_options(**{UNSCOPED: True})))


def every_row(state: ListState, *columns: Any) -> Select[Any]:
    """These columns of all matching rows in the list's order, unpaged (exports)."""
    return _ordered(state, select(*columns).where(matching(state)), state.descending, walks=False)


def read_page(state: ListState) -> Page:
    """The page the state asks for and the count, in two statements (three where a long list turns empty)."""
    backwards = state.before is not None
    count = count_rows(state)
    records = _read_rows(state, backwards, walks=count is None and _may_walk(state))
    more = len(records) > state.size
    records = records[: state.size]
    if backwards:
        records.reverse()
    following, previous = more or backwards, more if backwards else state.page > 1
    onward, back = state.page + 1, max(state.page - 1, 1)
    if not records:
        return Page((), count, None, state.at(1) if state.page > 1 else None)
    if is_indexed(state.entity, state.sort):
        ahead = state.at(onward, after=_cursor(state, records[-1])) if following else None
        behind = state.at(back, before=_cursor(state, records[0])) if previous and back > 1 else None
        return Page(tuple(records), count, ahead, behind or (state.at(1) if previous else None))
    ahead = state.at(onward) if following else None
    return Page(tuple(records), count, ahead, state.at(back) if previous else None)


def is_indexed(entity: Entity, name: str) -> bool:
    """Whether an index of the table begins with the column, so that going on from a row is cheap."""
    table = entity.model.__table__
    field = entity.field(name)
    if name not in table.c or (field is not None and field.kind in (Kind.LINK, Kind.CHOICE)):
        return False
    column = table.c[name]
    if column.primary_key or column.unique or column.index:
        return True
    return any(next(iter(index.expressions), None) is column for index in table.indexes)


def _cursor(state: ListState, record: Any) -> Cursor:
    return Cursor(getattr(record, state.sort), record.id)


def _read_rows(state: ListState, backwards: bool, walks: bool) -> list[Any]:
    """The rows of the page and one more.

    A long list ordered by an indexed column that may be empty `walks`: the filled and the empty rows are read
    one after another, each part along the index on both databases. A short one is sorted in one statement.
    """
    descending = state.descending != backwards
    cursor = state.before if backwards else state.after
    skip = 0 if cursor is not None else (state.page - 1) * state.size
    parts = _parts(state, cursor, descending)
    if not walks:
        parts = [or_(*parts)]
    rows: list[Any] = []
    for part in parts:
        here = and_(matching(state), part)
        statement = _page_of(state, here, descending, walks, state.size + 1 - len(rows), skip)
        found = list(session.scalars(statement.execution_options(**{UNSCOPED: True})))
        rows.extend(found)
        if len(rows) > state.size or part is parts[-1]:
            break
        if skip and not found:
            passed = select(func.count()).select_from(state.entity.model).where(here)
            skip = max(skip - int(session.scalar(passed.execution_options(**{UNSCOPED: True})) or 0), 0)
        else:
            skip = 0
    return rows


def _page_of(
    state: ListState, wanted: ColumnElement[bool], descending: bool, walks: bool, limit: int, skip: int
) -> Select[Any]:
    model = state.entity.model
    if skip < DEEP:
        return _ordered(state, select(model).where(wanted), descending, walks).limit(limit).offset(skip)
    ids = _ordered(state, select(model.id).where(wanted), descending, walks).limit(limit).offset(skip)
    return _ordered(state, select(model).where(model.id.in_(ids)), descending, walks)


def _may_walk(state: ListState) -> bool:
    column = state.entity.model.__table__.c.get(state.sort)
    return column is not None and column.nullable and is_indexed(state.entity, state.sort)


def _parts(state: ListState, cursor: Cursor | None, descending: bool) -> list[ColumnElement[bool]]:
    """The rows after a cursor in the list's order, as conditions to be read one after the other."""
    model = state.entity.model
    column = getattr(model, state.sort)
    if cursor is None:
        if not _may_walk(state):
            return [true()]
        return [column.is_not(None), column.is_(None)] if descending else [column.is_(None), column.is_not(None)]
    beside = model.id < cursor.id if descending else model.id > cursor.id
    if state.sort == "id":
        return [beside]
    if cursor.value is None:
        empty = and_(column.is_(None), beside)
        return [empty] if descending else [empty, column.is_not(None)]
    value = literal(cursor.value, column.type)
    # The bare comparison first: it is the range of the index that is read.
    if descending:
        filled = and_(column <= value, or_(column < value, beside))
        return [filled, column.is_(None)] if _may_walk(state) else [filled]
    return [and_(column >= value, or_(column > value, beside))]


def _ordered(state: ListState, statement: Select[Any], descending: bool, walks: bool) -> Select[Any]:
    """Order a statement: by the field (a link by its title, a choice by its place), then by id."""
    entity = state.entity
    field = entity.field(state.sort)
    column: Any = getattr(entity.model, state.sort)
    identity = entity.model.id.desc() if descending else entity.model.id.asc()
    if state.sort == "id":
        return statement.order_by(identity)
    stored = entity.model.__table__.c.get(state.sort)
    plain = walks or (stored is not None and not stored.nullable)
    if field is not None and field.kind is Kind.LINK and field.target in context().entities:
        target = context().entities[field.target]
        other = aliased(target.model)
        statement = statement.outerjoin(other, other.id == column)
        column, plain = getattr(other, target.title), False
    elif field is not None and field.kind is Kind.CHOICE and field.choices:
        places = {choice.value: place for place, choice in enumerate(field.choices)}
        column, plain = case(places, value=column, else_=None), False
    key = column.desc() if descending else column.asc()
    if field is not None and field.expression is not None:
        key = key.nulls_last()  # a countdown that does not run is the least urgent, whichever way
    elif not plain:
        key = key.nulls_last() if descending else key.nulls_first()
    return statement.order_by(key, identity)


__all__ = [
    "COUNT_CAP",
    "Page",
    "can_search",
    "count_rows",
    "every_row",
    "is_indexed",
    "matching",
    "matching_ids",
    "read_page",
    "search_condition",
]
