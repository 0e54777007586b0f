"""A list's conditions kept as a text (a rule's, say) and asked again later, by nobody in particular."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, true

from app.base.views.groups import branch_condition, read_where
from app.host.context import context, entity


def condition_of(slug: str, text: str) -> ColumnElement[bool]:
    """The records a kept text (``where=`` as it stands in a list's address) finds, as SQL; all for an empty one.

    Raises `Refused` (on ``where``) for one that is not, or no longer, understood: a field that is gone, say.
    """
    described = entity(slug)
    branch = read_where(described, [text], ZoneInfo(context().site.timezone))
    return true() if branch is None else branch_condition(described, branch)
