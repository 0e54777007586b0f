"""The people somebody manages, in other hands."""

from __future__ import annotations

from typing import cast

from flask_babel import lazy_gettext as _l
from sqlalchemy import Table, null, select, update
from sqlalchemy.orm import Session

from app.access.audit import Act, record_acts
from app.db import transaction
from app.fields.bulk import among
from app.organisation.models import Employee
from app.organisation.services.staff import managers_of
from app.types import Handing, Holding

#: Remembered of a record that went to the giver's own manager.
_UP = "up"
_EMPLOYEE = cast(Table, Employee.__table__)


def team_holding(employee_id: int) -> Holding:
    """The employees somebody is the manager of and who have not left."""
    rows = select(_EMPLOYEE.c.id.label("id"), _EMPLOYEE.c.unit_id.label("unit_id"), null().label("with_id")).where(
        _EMPLOYEE.c.manager_id == employee_id, _EMPLOYEE.c.left_on.is_(None)
    )
    return Holding(
        "organisation.team", _l("People managed"), "employee", rows, hand_team, take_team_back,
        needs_login=False, order=90,
    )  # fmt: skip


def hand_team(asked: Handing) -> dict[int, str]:
    """Give people another manager; the receiver, and who stands above them, go to the giver's own manager instead."""
    with transaction() as current:
        above = set(managers_of(current, asked.receiver_id or 0))
        upper = current.scalar(select(_EMPLOYEE.c.manager_id).where(_EMPLOYEE.c.id == asked.giver_id))
        ids = [number for number in asked.records if number not in above]
        moved = dict.fromkeys(_move(current, ids, asked.giver_id, asked.receiver_id), "")
        up = [number for number in asked.records if number in above]
        return moved | dict.fromkeys(_move(current, up, asked.giver_id, upper), _UP)


def take_team_back(asked: Handing) -> list[int]:
    """Give people back whose manager has not changed since, but nobody who stands above the giver by now."""
    with transaction() as current:
        above = set(managers_of(current, asked.giver_id))
        upper = current.scalar(select(_EMPLOYEE.c.manager_id).where(_EMPLOYEE.c.id == asked.giver_id))
        free = {number: memo for number, memo in asked.records.items() if number not in above}
        plain = [number for number, memo in free.items() if memo != _UP]
        up = [number for number, memo in free.items() if memo == _UP]
        return [
            *_move(current, plain, asked.receiver_id, asked.giver_id),
            *_move(current, up, upper, asked.giver_id),
        ]


def _move(current: Session, ids: list[int], giver: int | None, receiver: int | None) -> list[int]:
    if not ids:
        return []
    moved = current.execute(
        update(_EMPLOYEE)
        .where(among(current, _EMPLOYEE.c.id, ids), _EMPLOYEE.c.manager_id.is_not_distinct_from(giver))
        .values(manager_id=receiver)
        .returning(_EMPLOYEE.c.id, _EMPLOYEE.c.name)
    ).all()
    changes = {"manager_id": [giver, receiver]}
    record_acts(current, [Act("update", "employee", str(row.id), row.name, changes) for row in moved])
    for record in list(current.identity_map.values()):
        if isinstance(record, Employee):
            current.expire(record, ["manager_id"])
    return [row.id for row in moved]


__all__ = ["team_holding"]
