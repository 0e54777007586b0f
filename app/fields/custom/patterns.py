"""Whether the pattern of a counted number can be, beside the numbers records have already."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from app.access.scope import UNSCOPED
from app.fields.custom.models import CustomField
from app.fields.custom.stored import COLUMN, expression
from app.fields.messages import message
from app.fields.numbering import LONGEST, BadPattern, Pattern, read_pattern
from app.types import Entity, Kind


def pattern_errors(current: Session, entity: Entity, row: CustomField) -> dict[str, Any]:
    """What is wrong with a row's pattern, by field of the form; nothing when it can be."""
    if not (row.pattern or "").strip():
        return {"pattern": message("required")}
    try:
        pattern = read_pattern(row.pattern or "")
    except BadPattern as bad:
        return {"pattern": _REASONS[bad.code]()}
    if _may_repeat(current, entity, row, pattern):
        return {"pattern": _("Records have numbers that look like these; one could be given twice")}
    return {}


def _may_repeat(current: Session, entity: Entity, row: CustomField, pattern: Pattern) -> bool:
    """Whether a changed pattern could make a number that was given under another one."""
    before = inspect(row).attrs.pattern.history.deleted
    if not before or not before[0] or read_pattern(before[0]).fixed == pattern.fixed:
        return False
    stored = expression(getattr(entity.model, COLUMN), row.key, Kind.TEXT)
    alike = select(entity.model.id).where(stored.like(pattern.shape(), escape="\\")).limit(1)
    return current.scalar(alike.execution_options(**{UNSCOPED: True})) is not None


_REASONS = {
    "form": lambda: _("Use {yyyy}, {yy}, {mm}, {dd} and {seq:5} and no other braces, and no #"),
    "seq": lambda: _("Write {seq} or {seq:5} exactly once: it is what is counted"),
    "long": lambda: _("At most %(length)s characters", length=LONGEST),
}

__all__ = ["pattern_errors"]
