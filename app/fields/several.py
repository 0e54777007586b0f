"""Several values in one text: how people write them in a cell and how an input holds them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Between the values of one cell, whoever wrote it; no choice of such a field has one of them in it.
SEPARATORS = ";；、,，"
_BETWEEN = re.compile(f"[{SEPARATORS}\r\n]+")
#: Between the values of one input.
INPUT = ";"


def split(text: str) -> list[str]:
    """The values of a cell, in their order.

    >>> split("退休； 学生、自雇"), split(" ; ")
    (['退休', '学生', '自雇'], [])
    """
    return [part for part in map(str.strip, _BETWEEN.split(text)) if part]


def has_separator(text: str) -> bool:
    """Whether a text would fall into several."""
    return _BETWEEN.search(text) is not None


def in_a_cell(texts: Iterable[str]) -> str:
    """Several values as files write them, so that an import reads them again.

    >>> in_a_cell(["退休", "学生"])
    '退休; 学生'
    """
    return "; ".join(texts)


__all__ = ["INPUT", "SEPARATORS", "has_separator", "in_a_cell", "split"]
