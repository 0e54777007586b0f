"""Setting up pools and who belongs to them."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.api import transaction
from app.types import Refused
from plugins.pools.models import Pool, PoolMember
from plugins.pools.services.reach import settle


def write_pool(values: dict[str, Any]) -> Pool:
    """Store a new pool. Raises `Refused` for a unit beyond the actor's reach."""
    with transaction() as current:
        pool = Pool(**_plain(values))
        current.add(pool)
        settle(current, pool)
    return pool


def change_pool(pool: Pool, values: dict[str, Any]) -> None:
    """Change a pool. Raises `Refused` as `write_pool`."""
    with transaction() as current:
        for name, value in _plain(values).items():
            setattr(pool, name, value)
        settle(current, pool)


def write_member(values: dict[str, Any]) -> PoolMember:
    """Name somebody of a pool in the actor's reach. Raises `Refused` unless it is an employee or a unit, and new."""
    with transaction() as current:
        _check(values)
        member = PoolMember(**values)
        current.add(member)
        settle(current, member)
    return member


def change_member(member: PoolMember, values: dict[str, Any]) -> None:
    """Change whom it names, or what they may. Raises `Refused` as `write_member`."""
    with transaction() as current:
        kept = {name: getattr(member, name) for name in ("pool_id", "employee_id", "unit_id")}
        _check({**kept, **values}, member.id)
        for name, value in values.items():
            setattr(member, name, value)
        settle(current, member)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    if "hidden_fields" not in values:
        return values
    return {**values, "hidden_fields": list(values["hidden_fields"] or ())}


def _check(values: dict[str, Any], own_id: int | None = None) -> None:
    employee, unit = values.get("employee_id"), values.get("unit_id")
    if (employee is None) == (unit is None):
        raise Refused(_("Name either an employee or a unit"), field="employee_id")
    same = PoolMember.employee_id == employee if employee is not None else PoolMember.unit_id == unit
    with transaction() as current:
        known = current.scalar(select(PoolMember.id).where(PoolMember.pool_id == values["pool_id"], same))
    if known not in (None, own_id):
        raise Refused(_("The pool names them already"), field="unit_id" if employee is None else "employee_id")


__all__ = ["change_member", "change_pool", "write_member", "write_pool"]
