"""The change history of one record, read from the audit log and written in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.access.masks import masked
from app.access.models import AuditEntry
from app.base.views.cells import plain, zone
from app.base.views.formats import NOTHING, moment_text
from app.base.views.titles import Titles, read_titles
from app.db import session
from app.types import Entity, Field, Kind, Level

PAGE = 20


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one entry: its label and what it was and became, as text."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the history."""

    id: int
    at: str
    who: str
    act: str
    icon: str
    changes: tuple[Change, ...]
    #: A new record has values, not changes.
    is_new: bool = False


_ICONS = {"create": "plus", "update": "pencil", "delete": "trash"}


def read_history(entity: Entity, record_id: int, before: int | None = None) -> tuple[list[Entry], int | None]:
    """(entries newest first, where to go on): at most `PAGE` entries older than entry `before`.

    `entity` is the description as the actor sees it: hidden fields are left out, masked ones masked. Two statements:
    the entries, and the names of linked records in them.
    """
    statement = select(AuditEntry).where(
        AuditEntry.entity == entity.slug, AuditEntry.record_id == str(record_id)
    )
    if before is not None:
        statement = statement.where(AuditEntry.id < before)
    found = list(session.scalars(statement.order_by(AuditEntry.id.desc()).limit(PAGE + 1)))
    more, found = len(found) > PAGE, found[:PAGE]
    titles = read_titles(_links(entity, found))
    entries = [
        Entry(
            entry.id,
            moment_text(entry.at, zone()),
            entry.user_name if entry.user_id is not None and entry.user_name else _("the system"),
            _act(entry.action),
            _ICONS.get(entry.action, "bolt"),
            tuple(_changes(entity, entry, titles)),
            entry.action == "create",
        )
        for entry in found
    ]
    return entries, found[-1].id if more else None


def _act(action: str) -> str:
    return {"create": _("created"), "update": _("changed"), "delete": _("deleted")}.get(action, action)


def _changes(entity: Entity, entry: AuditEntry, titles: Titles) -> Iterable[Change]:
    """Only fields the description knows: the rest is hidden, or the product's own bookkeeping."""
    for name, (before, after) in (entry.changes or {}).items():
        field = entity.field(name)
        if field is not None:
            yield Change(str(field.label), _text(field, before, titles), _text(field, after, titles))


def _text(field: Field, value: Any, titles: Titles) -> str:
    if value is None or value == "":
        return NOTHING
    if field.level < Level.READ:
        return masked(field, value)
    if field.kind is Kind.LINK:
        return (
            titles.get((field.target or "", value), _("not visible to you"))
            if isinstance(value, int)
            else str(value)
        )
    try:
        return plain(field, _typed(field, value), zone())
    except (ValueError, TypeError, InvalidOperation):
        return str(value)


def _typed(field: Field, value: Any) -> Any:
    if field.kind is Kind.DATETIME:
        return datetime.fromisoformat(value)
    if field.kind is Kind.DATE:
        return datetime.fromisoformat(value).date()
    if field.kind in (Kind.DECIMAL, Kind.MONEY, Kind.PERCENT):
        return Decimal(str(value))
    return value


def _links(entity: Entity, entries: Iterable[AuditEntry]) -> set[tuple[str, int]]:
    return {
        (field.target, value)
        for entry in entries
        for name, pair in (entry.changes or {}).items()
        if (field := entity.field(name)) and field.kind is Kind.LINK and field.target
        for value in pair
        if isinstance(value, int)
    }
