"""What the builder of conditions joined by and / or is given: the conditions there are, and the fields' choices."""

from __future__ import annotations

from typing import Any

from app.base.views.groups import tree, write_where
from app.base.views.state import ListState
from app.base.views.titles import Titles
from app.types import Field


def builder(state: ListState, titles: Titles) -> dict[str, Any]:
    """The values of ``entity/filter_groups.html``; `titles` are those of the linked records asked for."""
    where = state.where
    return {
        "group_tree": tree(where, titles) if where is not None else None,
        "group_line": write_where(where) if where is not None else "",
        "choice_pairs": pairs_of,
    }


def pairs_of(field: Field) -> list[tuple[str, str]]:
    """The choices of a field as value and label."""
    return [(choice.value, str(choice.label)) for choice in field.choices]
