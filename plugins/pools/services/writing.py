"""Rows of the ledger that people's acts leave; the nightly run writes its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.api import now, require_actor
from plugins.pools.models import PoolMovement

_EMPTY: dict[str, Any] = dict.fromkeys(
    ("from_employee_id", "to_employee_id", "from_pool_id", "to_pool_id", "rule_id", "rule_version", "reverses_id")
)


def write_movements(current: Session, act: str, rows: Iterable[Mapping[str, Any]], reason: str = "") -> None:
    """Write a movement per row, in the acting person's name; a row names the customer, and from where to where."""
    said = {"act": act, "reason": reason, "by_user_id": require_actor().user_id, "at": now()}
    lines = [{**_EMPTY, **row, **said} for row in rows]
    if lines:
        current.execute(insert(PoolMovement), lines)


__all__ = ["write_movements"]
