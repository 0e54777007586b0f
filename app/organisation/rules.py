"""Pure decisions about units, employees and posts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any


def employment_faults(values: Mapping[str, Any], employee_id: int | None) -> dict[str, str]:
    """What is wrong with an employee's data, by field: `own_manager`, `left_before_joined`.

    >>> employment_faults({"manager_id": 7}, 7)
    {'manager_id': 'own_manager'}
    """
    wrong: dict[str, str] = {}
    if employee_id is not None and values.get("manager_id") == employee_id:
        wrong["manager_id"] = "own_manager"
    joined, left = values.get("joined_on"), values.get("left_on")
    if isinstance(joined, date) and isinstance(left, date) and left < joined:
        wrong["left_on"] = "left_before_joined"
    return wrong


def closes_circle(start: int, managers: Iterable[int]) -> bool:
    """Whether someone stands above themselves, given the chain of managers above the new one."""
    return start in managers


def ancestors(path: str) -> list[int]:
    """The ids above a unit, from the root down, without its own.

    >>> ancestors("/1/5/9/")
    [1, 5]
    """
    return [int(part) for part in path.strip("/").split("/") if part][:-1]
