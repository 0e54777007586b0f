"""Numbers for the records that were there before their field, in the background, in keyed chunks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Table, Text, bindparam, cast, func, literal_column, select, update
from sqlalchemy.orm import Session

from app.access.audit import Act, record_acts
from app.access.scope import UNSCOPED
from app.db import session, transaction
from app.fields.custom.counters import take_numbers, today
from app.fields.custom.describing import described
from app.fields.custom.models import CustomField
from app.fields.custom.stored import COLUMN, expression, is_extensible
from app.host.context import context
from app.types import Entity, Field, Kind

UNSEEN: dict[str, Any] = {UNSCOPED: True}
#: Records numbered in one transaction.
CHUNK = 1000


def number_old_records(step: Callable[[int], None] = lambda _done: None) -> dict[str, int]:
    """Number the records without one in every field that asks for it, oldest first; how many by entity and field.

    Killed and begun again it goes on where it was: a number once given stays.
    """
    asked = select(CustomField).where(CustomField.active, CustomField.number_old, CustomField.kind == Kind.AUTO_NUMBER)
    done: dict[str, int] = {}
    # by its row: this process may not know the field yet
    for slug, field in [(row.entity, described(row)) for row in session.scalars(asked.execution_options(**UNSEEN))]:
        entity = context().entities.get(slug)
        if entity is None or not is_extensible(entity):
            continue
        last, count = 0, 0
        while (found := _number_chunk(entity, field, last)) is not None:
            last, count = found[0], count + found[1]
            step(count)
        done[f"{slug}.{field.name}"] = count
    return done


def _number_chunk(entity: Entity, field: Field, after: int) -> tuple[int, int] | None:
    """(id of the last, how many) of the next records numbered; None when there is none left."""
    table: Table = entity.model.__table__
    words = expression(table.c[COLUMN], field.name, Kind.TEXT)
    title = table.c.get(entity.title)
    made = table.c.get("created_at")
    named = [column.label(name) for name, column in (("title", title), ("made", made)) if column is not None]
    wanted = select(table.c.id, *named).where(table.c.id > after, words.is_(None)).order_by(table.c.id).limit(CHUNK)
    with transaction() as current:
        rows = current.execute(wanted.with_for_update().execution_options(**UNSEEN)).mappings().all()
        if not rows:
            return None
        zone = ZoneInfo(context().site.timezone)
        by_day: dict[date, list[Any]] = defaultdict(list)
        for row in rows:
            day = row["made"].astimezone(zone).date() if row.get("made") is not None else today()
            by_day[day].append(row)
        given: list[tuple[Any, str]] = []
        for day, those in by_day.items():
            numbers = take_numbers(current.connection(), entity, field, day, len(those))
            given.extend(zip(those, numbers, strict=True))
        _write(current, table, field.name, given)
        if entity.audited:
            record_acts(current, (
                Act("update", entity.slug, str(row["id"]), str(row.get("title") or "")[:200],
                    {field.name: [None, number]})
                for row, number in given
            ))  # fmt: skip
    return rows[-1]["id"], len(rows)


def _write(current: Session, table: Table, key: str, given: list[tuple[Any, str]]) -> None:
    """Put the numbers into the documents; a record somebody is changing meanwhile tells them so by its version."""
    column, number = table.c[COLUMN], bindparam("b_number", type_=Text)
    value: Any
    if current.get_bind().dialect.name == "postgresql":
        value = func.jsonb_set(column, literal_column(f"'{{{key}}}'::text[]"), func.to_jsonb(cast(number, Text)))
    else:
        value = func.json_set(column, literal_column(f"'$.{key}'"), number)
    changed: dict[str, Any] = {COLUMN: value}
    if "version" in table.c:
        changed["version"] = table.c.version + 1
    statement = update(table).where(table.c.id == bindparam("b_id")).values(changed)
    current.connection().execute(statement, [{"b_id": row["id"], "b_number": number} for row, number in given])


__all__ = ["number_old_records"]
