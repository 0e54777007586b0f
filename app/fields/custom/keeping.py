"""Keeping formulas true: wherever rows are written, their results are written in the same transaction.

ORM records by a listener before the flush, rows of set-based inserts by `filled`, set-based updates by `derive`
(called where they are made), everything when a formula itself changes by the job (`recompute`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from flask import has_app_context
from sqlalchemy import Table, event, select, text
from sqlalchemy.orm import Session

from app.fields.custom.derived import Plan, plan_of, surroundings, worked_out
from app.fields.custom.rolling import totals
from app.fields.custom.rules import PREFIX, kept, typed
from app.fields.custom.stored import COLUMN, Extensible, raw_expression
from app.host.context import context
from app.types import Entity, Field, Kind

#: Rows read, worked out and written at once.
CHUNK = 5000


@event.listens_for(Session, "before_flush", insert=True)  # before the audit log looks at what changes
def _settle(session: Session, _context: Any, _instances: Any) -> None:
    if not has_app_context():
        return
    changed = [record for record in session.dirty if isinstance(record, Extensible)]
    figures = _figures_now(session, changed)
    for record in changed:
        settle(record, figures.get((type(record), record.id), {}), is_new=False)
    for record in session.new:
        if isinstance(record, Extensible):
            settle(record, {}, is_new=True)


def _figures_now(session: Session, records: Sequence[Any]) -> dict[tuple[type, int], dict[str, Any]]:
    """The roll-ups of records as others have left them by now: their documents are about to be written as a whole."""
    found: dict[tuple[type, int], dict[str, Any]] = {}
    by_model: dict[type, list[int]] = defaultdict(list)
    for record in records:
        by_model[type(record)].append(record.id)
    for model, ids in by_model.items():
        names = [name for name, _rollup in _plan(context().by_model.get(model)).rollups]
        if not names:
            continue
        table: Any = model.__table__  # type: ignore[attr-defined]
        held = select(table.c.id, table.c[COLUMN]).where(table.c.id.in_(ids)).order_by(table.c.id)
        for row in session.connection().execute(held.with_for_update(key_share=True)):
            found[(model, row.id)] = {name: (row[1] or {}).get(name) for name in names}
    return found


def _plan(entity: Entity | None) -> Plan:
    return plan_of(entity) if entity is not None else Plan()


def settle(record: Any, figures: Mapping[str, Any], *, is_new: bool) -> None:
    """Put results into a record that is about to be written; `figures` are its roll-ups as JSON holds them."""
    plan = _plan(context().by_model.get(type(record)))
    if not plan.derives:
        return
    table = type(record).__table__
    if plan.rollups:
        known = {name: rollup.nothing for name, rollup in plan.rollups} if is_new else figures
        rest = {name: value for name, value in (record.custom or {}).items() if name not in known}
        fresh = {**rest, **{name: value for name, value in known.items() if value is not None}}
        if fresh != (record.custom or {}):
            record.custom = fresh
    values = {}
    for field in plan.needs:
        value = getattr(record, field.name, None)
        values[field.name] = _default(table, field.name) if value is None and is_new else value
    document = dict(record.custom or {})
    fresh = _merged(document, worked_out(plan, values))
    if fresh != document:
        record.custom = fresh


def filled(table: Table) -> Callable[[Mapping[str, Any]], dict[str, Any]] | None:
    """What completes a row of a set-based insert, or None where nothing is to be worked out."""
    entity = context().by_table.get(table) if has_app_context() else None
    plan = _plan(entity)
    if not plan.derives:
        return None
    nothing = {name: rollup.nothing for name, rollup in plan.rollups if rollup.nothing is not None}

    def complete(row: Mapping[str, Any]) -> dict[str, Any]:
        document = {**nothing, **(row.get(COLUMN) or {})}
        values = {field.name: _of_row(table, row, document, field) for field in plan.needs}
        return {**row, COLUMN: _merged(document, worked_out(plan, values))}

    return complete


def derive(current: Session, table: Any, ids: Iterable[int], names: Iterable[str]) -> None:
    """Work the formulas of these rows out anew after a set-based update of the columns `names`."""
    entity = context().by_table.get(table)
    plan = plan_of(entity) if entity is not None else None
    if entity is None or plan is None or not plan.formulas or not plan.touched_by(names):
        return
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        recompute(current, entity, plan, entity.model.id.in_(part), CHUNK, rolled=False)
    _forget(current, entity)


def roll_up(current: Session, entity: Entity, ids: Iterable[int]) -> None:
    """Add up what links to these records, and what follows from it, after linking records were written."""
    plan, wanted = plan_of(entity), sorted(set(ids))
    for start in range(0, len(wanted) if plan.rollups else 0, CHUNK):
        recompute(current, entity, plan, entity.model.id.in_(wanted[start : start + CHUNK]), CHUNK)
    _forget(current, entity)


def _forget(current: Session, entity: Entity) -> None:
    """Records at hand read their document anew."""
    for record in list(current.identity_map.values()):
        if isinstance(record, entity.model):
            current.expire(record, [COLUMN])


def recompute(
    current: Session, entity: Entity, plan: Plan, condition: Any, limit: int, *, rolled: bool = True
) -> tuple[int | None, int]:
    """Work out the roll-ups (where `rolled`) and formulas of the first `limit` rows by id that meet a condition.

    A few statements whatever the number: lock and read the columns needed, add the linking records up, write what
    differs. The version of a record stays, so nobody's open form becomes stale. Returns (the last id, how many were
    written).
    """
    model: Any = entity.model
    rollups = plan.rollups if rolled else ()
    stored = [name for name, _made in (*rollups, *plan.formulas)]
    columns = {field.name: _raw(model, field).label(field.name) for field in plan.needs}
    columns |= {name: raw_expression(getattr(model, COLUMN), name).label(name) for name in stored}
    table = model.__table__
    statement = select(model.id.label("row_id"), *columns.values()).select_from(table).where(condition)
    statement = statement.order_by(model.id).limit(limit).with_for_update(key_share=True)
    rows = current.connection().execute(statement).mappings().all()
    # a statement of its own: it sees what those wrote who held the rows a moment ago
    around = surroundings()
    added = totals(current, rollups, [row["row_id"] for row in rows], around) if rows and rollups else {}
    changes = []
    for row in rows:
        figures = added.get(row["row_id"], {})
        values = {field.name: _typed(field, row[field.name]) for field in plan.needs} | figures
        fresh = {name: kept(value) for name, value in {**figures, **worked_out(plan, values, around)}.items()}
        if any(not _equal(row[name], fresh[name]) for name in stored):
            changes.append([row["row_id"], fresh])
    if changes:
        _write(current, table.name, changes)
    return (rows[-1]["row_id"] if rows else None), len(changes)


def _write(current: Session, table: str, changes: Sequence[Sequence[Any]]) -> None:
    """One statement for all: nulls take a key out."""
    if current.get_bind().dialect.name == "postgresql":
        statement = (
            f'UPDATE "{table}" AS t SET {COLUMN} = jsonb_strip_nulls(t.{COLUMN} || (v.value -> 1)) '  # noqa: S608
            "FROM jsonb_array_elements(CAST(:changes AS jsonb)) AS v(value) WHERE t.id = (v.value ->> 0)::bigint"
        )
    else:
        statement = (
            f"UPDATE \"{table}\" SET {COLUMN} = json_patch({COLUMN}, v.value ->> 1) "  # noqa: S608
            f'FROM json_each(:changes) AS v WHERE "{table}".id = v.value ->> 0'
        )
    current.connection().execute(text(statement), {"changes": json.dumps(changes, ensure_ascii=False)})


def _merged(document: Mapping[str, Any], results: Mapping[str, Any]) -> dict[str, Any]:
    written = {name: kept(value) for name, value in results.items()}
    rest = {name: value for name, value in document.items() if name not in written}
    return {**rest, **{name: value for name, value in written.items() if value is not None}}


def _of_row(table: Table, row: Mapping[str, Any], document: Mapping[str, Any], field: Field) -> Any:
    if field.name.startswith(PREFIX):
        return typed(field.kind, document.get(field.name))
    value = row.get(field.name)
    return _default(table, field.name) if value is None and field.name not in row else value


def _default(table: Table, name: str) -> Any:
    column = table.c.get(name)
    default: Any = column.default if column is not None else None
    return default.arg if default is not None and default.is_scalar else None


def _raw(model: Any, field: Field) -> Any:
    """The column, or the text JSON holds of a custom field: exact on both databases."""
    return raw_expression(getattr(model, COLUMN), field.name) if field.name.startswith(PREFIX) else getattr(
        model, field.name
    )


def _typed(field: Field, raw: Any) -> Any:
    if raw is None or not field.name.startswith(PREFIX):
        return raw
    if field.kind is Kind.BOOLEAN:
        return raw in ("true", "1", 1, True)
    return int(raw) if field.kind in (Kind.INTEGER, Kind.LINK) else typed(field.kind, raw)


def _equal(raw: Any, fresh: Any) -> bool:
    """Whether what is stored is what came out: PostgreSQL gives every value as text, SQLite numbers as numbers."""
    if raw is None or fresh is None:
        return raw is None and fresh is None
    if isinstance(fresh, bool):
        return (raw in ("true", "1", 1, True)) is fresh
    return str(raw) == str(fresh)


__all__ = ["CHUNK", "derive", "filled", "recompute", "roll_up", "settle"]
