"""Writing one record of any entity: the one way forms, REST, inline edit and small imports share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.access.actors import require_actor
from app.access.policy import unwritable
from app.access.scope import UNSCOPED, scope_condition
from app.db import session, transaction
from app.fields.conditions import unmet
from app.fields.custom.clashing import refused_clash
from app.fields.custom.guarding import Reshaped
from app.fields.files import check_files, held_files, settle_files
from app.fields.gate import ask_one, begin
from app.fields.messages import message
from app.fields.values import read_values
from app.host.context import context
from app.types import Entity, Held, Kind, Level, Refused


def find_record(entity: Entity, record_id: int, *, write: bool = False) -> Any:
    """The record if the actor may see it (or change it, with `write`), else None."""
    model = entity.model
    condition = scope_condition(entity, require_actor(), write=write)
    return session.scalar(select(model).where(model.id == record_id, condition).execution_options(**{UNSCOPED: True}))


def create_record(entity: Entity, raw: dict[str, Any]) -> Any:
    """Check and store one record; returns it. Raises `Refused` with the errors by field."""
    check_levels(entity, raw)
    try:
        return _create(entity, raw)
    except Reshaped as reshaped:
        raise reshaped.refused() from reshaped
    except IntegrityError as clash:
        raise refused_clash(clash) or clash from clash


def _create(entity: Entity, raw: dict[str, Any]) -> Any:
    with transaction() as current:
        values = _new_values(entity, raw)
        check_links(entity, values)
        check_parent(entity, values)
        check_unique(current, entity, values, None)
        check_files(entity, values, None)
        answer = ask_one(entity, "create", None, values)
        if entity.verbs.create is not None:
            record = entity.verbs.create(values)
        else:
            record = entity.model(**values)
            current.add(record)
        current.flush()
        settle_files(entity, record.id, values)
        begin(entity, answer, record.id)
        return record


def _new_values(entity: Entity, raw: dict[str, Any]) -> dict[str, Any]:
    """The typed values of a new record; what is missing because nobody lets the actor fill it in is told as that."""
    try:
        return read_values(entity, raw, creating=True)
    except Refused as refused:
        kept = unwritable(entity, refused.errors, require_actor())
        raise Refused(errors={**refused.errors, **dict.fromkeys(kept, message("kept_back"))}) from refused


def update_record(entity: Entity, record: Any, raw: dict[str, Any], *, version: int | None = None) -> Held | None:
    """Check and store changes of one record the actor may write. Raises `Refused`; nothing is then kept.

    `version` is the record's version the person saw: another one means somebody was faster. The answer is what was
    opened in place of the change (an approval), where the record keeps its old values; None: it is changed.
    """
    if find_record(entity, record.id, write=True) is None:
        raise Refused(_("You may see this record, but not change it"))
    if version is not None and getattr(record, "version", version) != version:
        raise Refused(_("Somebody else has changed this record meanwhile; reload to see the changes"))
    check_levels(entity, raw)
    try:
        with transaction() as current:
            values = fill_gaps(entity, read_values(entity, raw, creating=False))
            check_conditions(entity, values, record)
            check_links(entity, values)
            check_parent(entity, values)
            check_unique(current, entity, values, record.id)
            check_files(entity, values, record.id)
            answer = ask_one(entity, "update", record, values)
            if isinstance(answer, Held):
                return answer
            held = held_files(record, values, entity)
            if entity.verbs.update is not None:
                entity.verbs.update(record, values)
            else:
                for name, value in values.items():
                    setattr(record, name, value)
            current.flush()
            settle_files(entity, record.id, values, held)
            return begin(entity, answer, record.id)
    except StaleDataError as stale:
        raise Refused(_("Somebody else has changed this record meanwhile; reload to see the changes")) from stale
    except Reshaped as reshaped:
        raise reshaped.refused() from reshaped
    except IntegrityError as clash:
        raise refused_clash(clash) or clash from clash


def delete_record(entity: Entity, record: Any) -> Held | None:
    """Delete one record the actor may write. Raises `Refused` when something still needs it.

    The answer is what was opened in its stead (an approval), the record staying as it is; None: it is gone.
    """
    if "delete" not in entity.actions:
        raise Refused(_("Records of this kind cannot be deleted"))
    if find_record(entity, record.id, write=True) is None:
        raise Refused(_("You may see this record, but not change it"))
    with transaction() as current:
        answer = ask_one(entity, "delete", record)
        if isinstance(answer, Held):
            return answer
        if entity.verbs.delete is not None:
            entity.verbs.delete(record)
        else:
            current.delete(record)
        current.flush()
    return None


def check_levels(entity: Entity, names: Iterable[str]) -> None:
    """Nobody sets a field they may not write, by whatever door. Raises `Refused` by field; hidden ones do not exist."""
    kept = unwritable(entity, names, require_actor())
    if kept:
        codes = {name: "unknown_field" if level is Level.HIDDEN else "not_writable" for name, level in kept.items()}
        raise Refused(errors={name: message(code) for name, code in codes.items()})


def fill_gaps(entity: Entity, values: dict[str, Any]) -> dict[str, Any]:
    """The values with every emptied field whose column cannot be empty set to the column's default.

    Raises `Refused` by field where there is no default: such a field is required.
    """
    errors: dict[str, Any] = {}
    for name in [name for name, value in values.items() if value is None]:
        column = entity.model.__table__.c.get(name)
        if column is None or column.nullable:
            continue
        if column.default is not None and column.default.is_scalar:
            values[name] = column.default.arg
        else:
            errors[name] = message("required")
    if errors:
        raise Refused(errors=errors)
    return values


def check_conditions(entity: Entity, values: dict[str, Any], record: Any) -> None:
    """Whether the record may have these changes, by the conditions of its fields. Raises `Refused` by field."""
    if found := unmet(entity, values, record):
        raise Refused(errors={name: message(code) for name, code in found.items()})


def check_links(entity: Entity, values: dict[str, Any]) -> None:
    """Every link must name a record the actor may see. Raises `Refused` by field."""
    errors: dict[str, Any] = {}
    for field in entity.fields:
        value = values.get(field.name)
        if field.kind is not Kind.LINK or value is None:
            continue
        target = context().entities.get(field.target or "")
        if target is None or not isinstance(value, int) or find_record(target, value) is None:
            errors[field.name] = message("link", value=value)
    if errors:
        raise Refused(errors=errors)


def check_parent(entity: Entity, values: dict[str, Any]) -> None:
    """A record goes only below a parent the actor may change: seeing a customer is not enough to add to it.

    Raises `Refused` by field.
    """
    attribute, slug = entity.scoped_by.parent or ("", "")
    value = values.get(attribute)
    parent = context().entities.get(slug)
    if value is not None and parent is not None and find_record(parent, value, write=True) is None:
        raise Refused(_("You may see this record, but not change it"), field=attribute)


def check_unique(current: Session, entity: Entity, values: dict[str, Any], record_id: int | None) -> None:
    """Unique fields are looked up over all rows, whoever may see them. Raises `Refused` by field."""
    errors: dict[str, Any] = {}
    for field in entity.fields:
        value = values.get(field.name)
        if not field.unique or value is None:
            continue
        column = getattr(entity.model, field.name)
        statement = select(entity.model.id).where(column == value)
        if record_id is not None:
            statement = statement.where(entity.model.id != record_id)
        if current.scalar(statement.limit(1).execution_options(**{UNSCOPED: True})) is not None:
            errors[field.name] = message("duplicate")
    if errors:
        raise Refused(errors=errors)
