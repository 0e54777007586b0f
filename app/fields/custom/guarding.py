"""Nobody writes a value of a kind its field no longer has: who writes holds the kinds, who changes one waits.

A process learns of a change within a second, an import that runs keeps the description it began with; both would
write words where figures are by now. So each transaction that writes values of custom fields takes a shared lock
on them and reads the kinds once; a change of kind takes the same lock alone (docs/adr/0058).
"""

from __future__ import annotations

import zlib
from typing import Any

from flask import has_app_context
from flask_babel import gettext as _
from sqlalchemy import Table, event, func, inspect, select
from sqlalchemy.orm import Session

from app.fields.custom.models import CustomField
from app.fields.custom.stored import COLUMN, Extensible, is_custom
from app.host.context import context
from app.types import Entity, Refused

_FIELD: Table = CustomField.__table__  # type: ignore[assignment]
_HELD = "kinds_held"
#: The first of the two numbers of our advisory locks; the second is the entity's.
_LOCKS = 0x51F1


class Reshaped(Exception):
    """Fields are of another kind than this process knows: it is to begin again with what they are now."""

    def refused(self) -> Refused:
        """The same for a person."""
        return Refused(_("The fields of these records were changed a moment ago; please reload and try again"))


def hold_kinds(current: Session, entity: Entity) -> None:
    """Keep the kinds of an entity's fields as they are until the transaction ends. Raises `Reshaped`."""
    held = current.info.setdefault(_HELD, set())
    known = {field.name: field.kind.value for field in entity.fields if is_custom(field)}
    if not known or entity.slug in held:
        return
    connection = current.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock_shared(_LOCKS, _number(entity.slug))))
    kinds = select(_FIELD.c.key, _FIELD.c.kind, _FIELD.c.sought).where(_FIELD.c.entity == entity.slug)
    for key, kind, is_sought in connection.execute(kinds):
        if key in known and (kind != known[key] or is_sought > (key in entity.search_fields)):
            raise Reshaped(entity.slug)
    held.add(entity.slug)


def change_kinds(current: Session, slug: str) -> None:
    """Wait until nobody else writes values of custom fields of an entity, and let nobody until the transaction ends.

    SQLite's one writer is alone as it is.
    """
    connection = current.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCKS, _number(slug))))


def _number(slug: str) -> int:
    return zlib.crc32(slug.encode()) - 2**31


@event.listens_for(Session, "before_flush")
def _hold(current: Session, _context: Any, _instances: Any) -> None:
    if not has_app_context():
        return
    by_model = context().by_model
    for record in (*current.new, *current.dirty):
        if isinstance(record, Extensible) and _writes(current, record) and (found := by_model.get(type(record))):
            hold_kinds(current, found)


def _writes(current: Session, record: Extensible) -> bool:
    return bool(record.custom) if record in current.new else inspect(record).attrs[COLUMN].history.has_changes()


@event.listens_for(Session, "after_commit")
@event.listens_for(Session, "after_rollback")
def _let_go(current: Session) -> None:
    current.info.pop(_HELD, None)


@event.listens_for(Session, "after_soft_rollback")
def _let_go_of_savepoint(current: Session, _previous: Any) -> None:
    current.info.pop(_HELD, None)


__all__ = ["Reshaped", "change_kinds", "hold_kinds"]
