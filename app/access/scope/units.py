"""The tree of units as the scope asks it: by paths, which look like ``/1/5/``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, column, false, func, or_, select, table

UNIT = table("org_unit", column("id"), column("path"))


def is_below(paths: Iterable[str]) -> ColumnElement[bool]:
    """The units with these paths and all units under them."""
    inside = (and_(UNIT.c.path >= path, UNIT.c.path < path[:-1] + "0") for path in paths)
    return or_(false(), *inside)


def units_below(*paths: str) -> Select[Any]:
    """Ids of the units with these paths and of all units under them."""
    return select(UNIT.c.id).where(is_below(paths))


def reached_with_all_below(alone: Sequence[int], branches: Sequence[str]) -> Select[Any]:
    """Ids of those single units under which no unit lies but what is reached, too: alone, or in one of the branches."""
    top, under = UNIT.alias(), UNIT.alias()
    reached = select(UNIT.c.id).where(or_(UNIT.c.id.in_(alone), is_below(branches)))
    inside = func.substr(under.c.path, 1, func.length(top.c.path)) == top.c.path
    beyond = select(under.c.id).where(inside, under.c.id.not_in(reached)).correlate(top)
    return select(top.c.id).where(top.c.id.in_(alone), ~beyond.exists())


__all__ = ["UNIT", "is_below", "reached_with_all_below", "units_below"]
