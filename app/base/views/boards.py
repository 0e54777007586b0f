"""What boards are made of: the fields that make one, the rows of a column, how many there are."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, literal, or_, select

from app.access.scope import UNSCOPED
from app.base.views.listing import matching
from app.base.views.state import ListState
from app.db import session
from app.fields.custom.stored import is_stored
from app.types import Entity, Field, Kind, Level

#: Counting a column stops here; a field with more choices makes no board.
COUNTED, MOST_COLUMNS = 1_000, 20


def board_fields(entity: Entity) -> list[Field]:
    """The choice fields a board can be made by: read by the actor, kept in the table, of not too many choices."""
    return [
        field
        for field in entity.fields
        if field.kind is Kind.CHOICE
        and 0 < len(field.choices) <= MOST_COLUMNS
        and field.level >= Level.READ
        and is_stored(entity, field)
    ]


def in_column(entity: Entity, by: Field, value: str) -> ColumnElement[bool]:
    """Which rows stand in a column; the empty value asks for those without one."""
    column = getattr(entity.model, by.name)
    return column == value if value else or_(column.is_(None), column == "")


def column_counts(state: ListState, by: Field, values: Sequence[str]) -> dict[str, int]:
    """Records by column, each counted as far as `COUNTED` and one, in one statement."""
    rows = [
        select(literal(1)).select_from(state.entity.model)
        .where(matching(state), in_column(state.entity, by, value)).limit(COUNTED + 1).subquery()
        for value in values
    ]  # fmt: skip
    numbers = [select(func.count()).select_from(each).scalar_subquery() for each in rows]
    found = session.execute(select(*numbers).execution_options(**{UNSCOPED: True})).one()
    return dict(zip(values, map(int, found), strict=True))
