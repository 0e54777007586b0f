"""Records of custom entities in other hands: when work is handed over, when somebody leaves, nothing is orphaned."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import func, literal, select, update

from app.access.audit import Act, record_acts
from app.db import now, session, transaction
from app.fields.bulk import among
from app.fields.custom.keeping import derive
from app.fields.entities.describing import is_made
from app.fields.entities.records import today
from app.host.context import context
from app.types import Entity, Handing, Holding


def entity_holdings(employee_id: int) -> list[Holding]:
    """What an employee is in charge of, by custom entity."""
    owned = [one for one in context().entities.values() if is_made(one) and one.scoped_by.owner]
    return [_holding(entity, employee_id, 60 + place) for place, entity in enumerate(owned)]


def _holding(entity: Entity, employee_id: int, order: int) -> Holding:
    table: Any = entity.model.__table__
    rows = select(table.c.id.label("id"), table.c.unit_id.label("unit_id"), literal(None).label("with_id"))

    def move(asked: Handing) -> dict[int, str]:
        """Give records to the receiver, in the receiver's unit; the memo is the unit before."""
        units = session.execute(select(table.c.id, table.c.unit_id).where(among(session(), table.c.id, asked.records)))
        memos = {row.id: "" if row.unit_id is None else str(row.unit_id) for row in units}
        employee: Any = context().entities["employee"].model.__table__
        unit = session.scalar(select(employee.c.unit_id).where(employee.c.id == asked.receiver_id))
        return {n: memos[n] for n in _hand(entity, list(asked.records), asked.giver_id, (asked.receiver_id, unit))}

    def back(asked: Handing) -> list[int]:
        """Give records back that are still the receiver's, in the unit they counted for."""
        by_unit: dict[str, list[int]] = defaultdict(list)
        for number, memo in asked.records.items():
            by_unit[memo].append(number)
        returned: list[int] = []
        for memo, ids in by_unit.items():
            returned += _hand(entity, ids, asked.receiver_id, (asked.giver_id, int(memo) if memo else None))
        return returned

    owned = rows.where(table.c.owner_id == employee_id)
    return Holding(entity.slug, entity.label, entity.slug, owned, move, back, order=order)


def _hand(entity: Entity, ids: list[int], giver: int | None, to: tuple[int | None, int | None]) -> list[int]:
    """Change owner and unit of what is the giver's, an audit record each; the ids that changed."""
    table: Any = entity.model.__table__
    with transaction() as current:
        moved = current.execute(
            update(table)
            .where(among(current, table.c.id, ids), table.c.owner_id == giver)
            .values(owner_id=to[0], unit_id=to[1], version=table.c.version + 1, updated_at=now())
            .returning(table.c.id, table.c.name)
        ).all()
        derive(current, table, [row.id for row in moved], ("owner_id", "unit_id"))
        changes = {"owner_id": [giver, to[0]]}
        record_acts(current, [Act("assign", entity.slug, str(row.id), row.name, changes) for row in moved])
    return [row.id for row in moved]


def adopt_left(entity: Entity) -> int:
    """Give what people left behind while the entity was out of use to the heads of the units; how many records."""
    employee, unit = (context().entities[slug].model.__table__ for slug in ("employee", "unit"))
    table: Any = entity.model.__table__
    gone = select(employee.c.id).where(employee.c.left_on < today())
    head = (
        select(unit.c.head_id)
        .join(employee, employee.c.id == unit.c.head_id)
        .where(unit.c.id == table.c.unit_id, func.coalesce(employee.c.left_on, today()) >= today())
        .scalar_subquery()
    )
    with transaction() as current:
        moved = current.execute(
            update(table)
            .where(table.c.owner_id.in_(gone), head.is_not(None))
            .values(owner_id=head, version=table.c.version + 1, updated_at=now())
            .returning(table.c.id, table.c.name, table.c.owner_id)
        ).all()
        changed = [Act("assign", entity.slug, str(r.id), r.name, {"owner_id": [None, r.owner_id]}) for r in moved]
        record_acts(current, changed)
    return len(moved)


__all__ = ["adopt_left", "entity_holdings"]
