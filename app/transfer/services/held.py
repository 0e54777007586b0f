"""Rows of an import that something was opened for in place of writing them (an approval).

They are counted here and listed by the room that opened it, which says where.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, func, select

from app.db import session
from app.transfer.models import ImportRow
from app.transfer.services.columns import Row, problem

#: What became of such a row.
HELD = "held"
_PAGE: list[str] = []


def listed_at(endpoint: str) -> None:
    """Say which page lists them (its address takes `pk`, the import); the room above this one calls it when loaded."""
    _PAGE[:] = [endpoint]


def held_page() -> str | None:
    """The endpoint of that page; None where no room lists them."""
    return _PAGE[0] if _PAGE else None


def held_problem(row: Row) -> dict[str, Any]:
    """What is kept with such a row: the words for people, and the number of what was opened."""
    details: dict[str, Any] = {"what": row.held} if row.held_as is None else {"what": row.held, "number": row.held_as}
    return problem("held", **details)


def held_number() -> ColumnElement[int]:
    """That number of a row, in a statement over `ImportRow`; nothing for rows of before it was kept."""
    return cast(ImportRow.problems[0]["details"]["number"].as_string(), BigInteger)


def count_held(import_id: int) -> int:
    """How many rows of an import something else stands for."""
    mine = select(func.count()).where(ImportRow.import_id == import_id, ImportRow.outcome == HELD)
    return int(session.scalar(mine) or 0)


__all__ = ["HELD", "count_held", "held_number", "held_page", "held_problem", "listed_at"]
