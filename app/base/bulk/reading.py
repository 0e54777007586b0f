"""What became of a bulk edit: counts, and the records behind them a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, func, select

from app.access.actors import require_actor
from app.access.policy import seen_by
from app.base.bulk.models import BulkEdit, BulkItem
from app.base.views.cells import cell
from app.base.views.titles import read_titles, record_url
from app.db import session
from app.fields.rules import BadValue
from app.fields.values import read_value
from app.host.context import context
from app.types import Entity, Kind

PAGE = 50
#: Rows of a file of refused records.
MOST_ROWS = 100_000
_ITEM = cast(Table, BulkItem.__table__)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One record; without a name where the person looking may not see it (any more)."""

    id: int
    record_id: int
    name: str
    url: str | None
    state: str
    reason: str


def counts_of(edit_id: int) -> dict[str, int]:
    """Records by state."""
    rows = select(_ITEM.c.state, func.count()).where(_ITEM.c.edit_id == edit_id).group_by(_ITEM.c.state)
    return {state: int(count) for state, count in session.execute(rows)}


def item_rows(made: BulkEdit, state: str, after: int, size: int = PAGE) -> tuple[list[ItemRow], bool]:
    """(records of a state, or of all, after an item; whether there are more)."""
    wanted = select(_ITEM).where(_ITEM.c.edit_id == made.id, _ITEM.c.id > after)
    if state:
        wanted = wanted.where(_ITEM.c.state == state)
    found = session.execute(wanted.order_by(_ITEM.c.id).limit(size + 1)).all()
    rows = found[:size]
    titles = read_titles({(made.entity, row.record_id) for row in rows})
    return [_row(made.entity, row, titles) for row in rows], len(found) > size


def _row(slug: str, row: Any, titles: dict[tuple[str, int], str]) -> ItemRow:
    name = titles.get((slug, row.record_id), "")
    url = record_url(slug, row.record_id) if name else None
    return ItemRow(row.id, row.record_id, name, url, row.state, row.reason)


def refused_rows(made: BulkEdit) -> Iterator[ItemRow]:
    """Every refused record, page by page."""
    after, left = 0, MOST_ROWS
    while left > 0:
        rows, more = item_rows(made, "refused", after, 1_000)
        yield from rows
        left -= len(rows)
        if not more:
            return
        after = rows[-1].id


def shown_values(made: BulkEdit) -> list[tuple[str, Any]]:
    """(field, its new value as a cell) of a bulk edit, as far as the reader may see them."""
    entity = context().entities.get(made.entity)
    return [] if entity is None else shown_texts(seen_by(entity, require_actor()), made.texts)


def shown_texts(entity: Entity, texts: dict[str, str]) -> list[tuple[str, Any]]:
    """(label, cell) of texts that were typed."""
    typed: list[tuple[Any, Any]] = []
    for name, text in texts.items():
        field = entity.field(name)
        if field is None:
            continue
        try:
            typed.append((field, read_value(field, text)))
        except BadValue:
            typed.append((field, None))
    links = {(field.target or "", value) for field, value in typed if field.kind is Kind.LINK and value is not None}
    titles = read_titles(links)
    return [(str(field.label), cell(field, value, titles)) for field, value in typed]


__all__ = ["ItemRow", "counts_of", "item_rows", "refused_rows", "shown_texts", "shown_values"]
