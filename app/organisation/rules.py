"""Pure decisions about units, employees and posts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any


def employment_faults(values: Mapping[str, Any], employee_id: int | None) -> dict[str, str]:
    """What is wrong with an employee's data, by field: `own_manager`, `left_before_joined`,
    `back_before_away`.

    >>> employment_faults({"manager_id": 7}, 7)
    {'manager_id': 'own_manager'}
    """
    wrong: dict[str, str] = {}
    if employee_id is not None and values.get("manager_id") == employee_id:
        wrong["manager_id"] = "own_manager"
    joined, left = values.get("joined_on"), values.get("left_on")
    if isinstance(joined, date) and isinstance(left, date) and left < joined:
        wrong["left_on"] = "left_before_joined"
    away, back = values.get("away_from"), values.get("away_until")
    if isinstance(away, date) and isinstance(back, date) and back < away:
        wrong["away_until"] = "back_before_away"
    return wrong


def is_at_work(joined: date | None, left: date | None, away: date | None, back: date | None, today: date) -> bool:
    """Whether somebody works that day: neither before the first day nor after the last, and not on leave.

    >>> is_at_work(None, None, date(2026, 5, 1), date(2026, 5, 7), date(2026, 5, 7))
    False
    """
    on_leave = (away is not None or back is not None) and (away or today) <= today <= (back or today)
    return (joined is None or joined <= today) and (left is None or left >= today) and not on_leave


def closes_circle(start: int, managers: Iterable[int]) -> bool:
    """Whether someone stands above themselves, given the chain of managers above the new one."""
    return start in managers


def ancestors(path: str) -> list[int]:
    """The ids above a unit, from the root down, without its own.

    >>> ancestors("/1/5/9/")
    [1, 5]
    """
    return [int(part) for part in path.strip("/").split("/") if part][:-1]


def changed_places(path: str, parent_path: str) -> tuple[frozenset[int], frozenset[int]]:
    """(units newly above a unit, units no longer above it) when it moves below `parent_path`.

    >>> changed_places("/1/2/5/", "/1/3/")
    (frozenset({3}), frozenset({2}))
    """
    before = frozenset(ancestors(path))
    after = frozenset(int(part) for part in parent_path.split("/") if part)
    return after - before, before - after
