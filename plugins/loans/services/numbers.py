"""Numbers of applications without gaps."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from plugins.loans.models import Counter


def next_number(current: Session, year: int) -> str:
    """``A2026-000001``: the year's counter, whose row stays locked until the commit, so that numbers have no gaps."""
    kind = current.get_bind().dialect.name
    first: Any = postgresql.insert(Counter) if kind == "postgresql" else sqlite.insert(Counter)
    current.execute(first.values(year=year, last=0).on_conflict_do_nothing())
    counted = update(Counter).where(Counter.year == year).values(last=Counter.last + 1).returning(Counter.last)
    last = current.scalar(counted.execution_options(synchronize_session=False))
    return f"A{year}-{last:06d}"


__all__ = ["next_number"]
