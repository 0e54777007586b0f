"""What became of a handover: counts per holding and receiver, and the rows behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import String, Table, func, select
from sqlalchemy import cast as as_type

from app.access.actors import require_actor
from app.access.policy import title_text
from app.access.scope import UNSCOPED, scope_condition
from app.base.runs import RunLine, RunRow
from app.base.views.titles import record_url
from app.db import session
from app.fields.bulk import among
from app.host.context import context
from app.organisation.handover.models import Handover, HandoverItem
from app.organisation.handover.planning import pieces_of
from app.organisation.handover.reach import names_of
from app.types import Holding

PAGE = 50
_ITEM = cast(Table, HandoverItem.__table__)


def outcomes(handover: Handover) -> list[RunLine]:
    """Per holding: records by state, and per receiver those that went there; two statements and the names."""
    rows = session.execute(
        select(_ITEM.c.holding, _ITEM.c.state, _ITEM.c.to_id, _ITEM.c.place, func.count().label("n"))
        .where(_ITEM.c.handover_id == handover.id)
        .group_by(_ITEM.c.holding, _ITEM.c.state, _ITEM.c.to_id, _ITEM.c.place)
        .order_by(_ITEM.c.to_id, _ITEM.c.place)
    ).all()
    holdings, places = pieces_of(handover.giver_id)
    labels = {place.name: str(place.label) for place in places}
    names = names_of(row.to_id for row in rows if row.to_id is not None)
    known = [(each.name, each.label) for each in holdings]
    known += [(name, name) for name in sorted({row.holding for row in rows} - {name for name, _label in known})]
    found = []
    for name, label in known:
        mine = [row for row in rows if row.holding == name]
        counts: dict[str, int] = {}
        to: dict[str, int] = {}
        for row in mine:
            counts[row.state] = counts.get(row.state, 0) + row.n
            if row.state != "stayed":
                who = names.get(row.to_id) or labels.get(row.place, row.place)
                to[who] = to.get(who, 0) + row.n
        if mine:
            found.append(RunLine(name, label, None, counts, tuple(to.items())))
    return found


def totals(found: list[RunLine]) -> dict[str, int]:
    """Records by state over all holdings."""
    summed: dict[str, int] = {}
    for one in found:
        for state, count in one.counts.items():
            summed[state] = summed.get(state, 0) + count
    return summed


def item_rows(handover: Handover, holding: str, state: str, page: int) -> tuple[list[RunRow], bool]:
    """(a page of the records of a handover, of one holding or state where named, whether there are more)."""
    statement = select(_ITEM).where(_ITEM.c.handover_id == handover.id)
    if holding:
        statement = statement.where(_ITEM.c.holding == holding)
    if state:
        statement = statement.where(_ITEM.c.state == state)
    statement = statement.order_by(_ITEM.c.id).limit(PAGE + 1).offset((page - 1) * PAGE)
    rows = session.execute(statement).all()
    holdings, places = pieces_of(handover.giver_id)
    by_name = {each.name: each for each in holdings}
    people = names_of(row.to_id for row in rows if row.to_id is not None)
    labels = {place.name: str(place.label) for place in places}
    titles = _titles(rows[:PAGE], by_name)
    shown = []
    for row in rows[:PAGE]:
        one = by_name.get(row.holding)
        described = context().entities.get(one.entity) if one is not None else None
        shown.append(
            RunRow(
                row.record_id,
                name := titles.get((row.holding, row.record_id), ""),
                record_url(described, row.record_id) if described is not None and name else None,
                one.label if one is not None else row.holding,
                row.state,
                people.get(row.to_id) or labels.get(row.place, row.place),
                row.reason,
            )
        )
    return shown, len(rows) > PAGE


def _titles(rows: Any, holdings: Mapping[str, Holding]) -> dict[tuple[str, int], str]:
    """Names of the records the actor may see, a statement per holding."""
    actor, titles = require_actor(), {}
    for name, holding in holdings.items():
        ids = [row.record_id for row in rows if row.holding == name]
        described = context().entities.get(holding.entity)
        if not ids or described is None:
            continue
        model = described.model
        title = as_type(getattr(model, described.title), String)
        found = session.execute(
            select(model.id, title.label("title"))
            .where(among(session(), model.id, ids), scope_condition(described, actor))
            .execution_options(**{UNSCOPED: True})
        )
        titles.update({(name, row.id): title_text(described, row.title, row.id) for row in found})
    return titles
