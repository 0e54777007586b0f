"""Ranks, boards and periods: pure decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Standing:
    """One person's place. The same value shares a rank, and the next is skipped (1, 2, 2, 4)."""

    rank: int
    employee_id: int
    value: Decimal
    #: gold · silver · bronze · '' (金榜 / 银榜 / 铜榜)
    board: str


def standings(
    values: Sequence[tuple[int, Decimal]], boards: tuple[int, int, int] = (1, 2, 3)
) -> list[Standing]:
    """Rank (employee, value) pairs, the highest first; nobody is ranked for nothing.

    `boards` are the last ranks of gold, silver and bronze.

    >>> values = [(7, Decimal(2)), (8, Decimal(5)), (9, Decimal(2))]
    >>> [(s.rank, s.employee_id, s.board) for s in standings(values)]
    [(1, 8, 'gold'), (2, 7, 'silver'), (2, 9, 'silver')]
    """
    ordered = sorted((pair for pair in values if pair[1] > 0), key=lambda pair: (-pair[1], pair[0]))
    found: list[Standing] = []
    for place, (employee_id, value) in enumerate(ordered, 1):
        rank = found[-1].rank if found and found[-1].value == value else place
        found.append(Standing(rank, employee_id, value, board_of(rank, boards)))
    return found


def board_of(rank: int, boards: tuple[int, int, int]) -> str:
    """The board a rank stands on."""
    for name, last in zip(("gold", "silver", "bronze"), boards, strict=True):
        if rank <= last:
            return name
    return ""


def month_bounds(month: str) -> tuple[date, date]:
    """First day of a month written ``2026-03``, and of the next. Raises `ValueError`.

    >>> month_bounds("2026-12")
    (datetime.date(2026, 12, 1), datetime.date(2027, 1, 1))
    """
    year_text, _, month_text = month.partition("-")
    if len(year_text) != 4 or len(month_text) != 2 or not (year_text + month_text).isdecimal():
        raise ValueError(month)
    first = date(int(year_text), int(month_text), 1)
    return first, date(first.year + first.month // 12, first.month % 12 + 1, 1)
