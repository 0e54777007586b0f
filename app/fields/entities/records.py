"""Records that have a person in charge: who that may be, and the unit they count for, one or many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.scope import scope_condition
from app.db import now, transaction
from app.fields.bulk import among, insert_rows, next_ids
from app.fields.entities.stored import Record
from app.fields.messages import message
from app.host.context import context
from app.search.terms import index_rows
from app.types import Refused, Verbs


def owned_verbs(slug: str, model: type[Record]) -> Verbs:
    """How records of an entity with a person in charge are written."""

    def create(values: dict[str, Any]) -> Record:
        with transaction() as current:
            record = model(**_placed(current, [values])[0])
            current.add(record)
            current.flush()
            _check_reach(current, slug, [record.id])
            return record

    def create_many(rows: Sequence[dict[str, Any]]) -> list[int]:
        with transaction() as current:
            table: Any = model.__table__
            ids = next_ids(current, table, len(rows))
            made = [{**row, "id": number} for number, row in zip(ids, _placed(current, rows), strict=True)]
            insert_rows(current, table, made, list(dict.fromkeys(name for row in made for name in row)))
            _check_reach(current, slug, ids)
            index_rows(slug, ((row["id"], {"name": row["name"]}) for row in made), fresh=True)
            span = {"id": [None, f"{min(ids)}-{max(ids)}"]}
            record_acts(current, [Act("create_many", slug, "", str(len(ids)), span)])
            return ids

    def update(record: Record, values: dict[str, Any]) -> None:
        with transaction() as current:
            owner = values.get("owner_id")
            if owner is not None and owner != record.owner_id:
                values = {**values, "unit_id": _units_of(current, [owner])[owner]}
            for name, value in values.items():
                setattr(record, name, value)
            current.flush()
            if "unit_id" in values:
                _check_reach(current, slug, [record.id])

    return Verbs(create=create, update=update, create_many=create_many)


def _placed(current: Session, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows with who is in charge (else who makes them) and that person's unit. Raises `Refused`."""
    actor = require_actor()
    owned = [{**row, "owner_id": row.get("owner_id") or actor.employee_id} for row in rows]
    if any(row["owner_id"] is None for row in owned):
        raise Refused(message("required"), field="owner_id")
    units = _units_of(current, {row["owner_id"] for row in owned})
    return [{**row, "unit_id": units[row["owner_id"]]} for row in owned]


def _units_of(current: Session, employees: Iterable[int]) -> dict[int, int]:
    """The unit of each of these employees. Raises `Refused` for one who has left."""
    wanted = set(employees)
    table: Any = context().entities["employee"].model.__table__
    stays = or_(table.c.left_on.is_(None), table.c.left_on >= today())
    rows = current.execute(select(table.c.id, table.c.unit_id).where(among(current, table.c.id, sorted(wanted)), stays))
    found = {row.id: row.unit_id for row in rows}
    if wanted - found.keys():
        raise Refused(_("This employee has left or does not exist"), field="owner_id")
    return found


def _check_reach(current: Session, slug: str, ids: Sequence[int]) -> None:
    """Nobody puts a record where they could not change it: under a colleague of another branch."""
    actor = require_actor()
    if actor.is_system:
        return
    entity = context().entities[slug]
    table: Any = entity.model.__table__
    reached = select(func.count()).select_from(table)
    reached = reached.where(among(current, table.c.id, list(ids)), scope_condition(entity, actor, write=True))
    if current.scalar(reached) != len(ids):
        raise Refused(_("You may not put records in this colleague's charge"), field="owner_id")


def today() -> date:
    """The day employments end by."""
    return now().date()


__all__ = ["owned_verbs", "today"]
