"""Writing pool rules: what a rule may say."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.api import Unit, transaction
from app.types import Refused
from plugins.pools.models import Pool, PoolRule
from plugins.pools.rules import LONGEST_DAYS, SHORTEST_DAYS, draws_from, is_length
from plugins.pools.services.reckoning import reckon_soon


def write_rule(values: dict[str, Any]) -> PoolRule:
    """Store a new rule. Raises `Refused` by field."""
    with transaction() as current:
        _check(current, values)
        rule = PoolRule(**values)
        current.add(rule)
        current.flush()
        reckon_soon(f"rule.{rule.id}.{rule.version}")
    return rule


def change_rule(rule: PoolRule, values: dict[str, Any]) -> None:
    """Change a rule; its version goes up, and the ledger says which version moved a customer. Raises `Refused`."""
    with transaction() as current:
        kept = {name: getattr(rule, name) for name in ("pool_days", "unit_id", "pool_id")}
        _check(current, {**kept, **values})
        for name, value in values.items():
            setattr(rule, name, value)
        current.flush()
        reckon_soon(f"rule.{rule.id}.{rule.version}")


def _check(current: Session, values: dict[str, Any]) -> None:
    if not is_length(values["pool_days"]):
        reason = _("Use a number from %(low)s to %(high)s", low=SHORTEST_DAYS, high=LONGEST_DAYS)
        raise Refused(reason, field="pool_days")
    pool = current.get_one(Pool, values["pool_id"])
    unit = current.get_one(Unit, values["unit_id"]) if values.get("unit_id") is not None else None
    if draws_from(unit.path if unit is not None else None, pool.unit.path) is None:
        raise Refused(_("The pool must belong to this unit or to one above it"), field="pool_id")


__all__ = ["change_rule", "write_rule"]
