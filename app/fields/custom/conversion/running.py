"""The work of a change of kind, for the background: read in keyed chunks, written in one step.

What each value becomes is kept beside the records. Nothing of a record changes before the last transaction, which
waits for those who write values, reads what they changed meanwhile, puts all values in, and changes the kind.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Table, and_, delete, func, insert, or_, select, text
from sqlalchemy.orm import Session

from app.access.audit import Act, record_acts
from app.db import session
from app.fields.custom.conversion.converting import converter
from app.fields.custom.conversion.models import Conversion, ConvertedValue
from app.fields.custom.conversion.services import UNSEEN, as_it_would_be, entity_of
from app.fields.custom.deriving import refuse_used
from app.fields.custom.describing import described
from app.fields.custom.guarding import change_kinds
from app.fields.custom.indexing import index_name, unique_name
from app.fields.custom.models import CustomField
from app.fields.custom.rules import CHOOSING, kept, read_choices
from app.fields.custom.services import check_field
from app.fields.custom.stored import COLUMN, expression
from app.fields.custom.validating import PROPERTIES
from app.fields.rules import BadValue
from app.fields.values import read_value
from app.host.context import context
from app.host.counting import bump_version
from app.types import Entity, Kind, Refused

CHUNK = 2000
_KEPT: Table = ConvertedValue.__table__  # type: ignore[assignment]
#: Emptied values the history of their records tells one by one; the conversion keeps all of them.
MOST_TOLD = 20_000


def run_conversion(run: Any, conversion_id: int) -> dict[str, Any]:
    """Read all values into a conversion; one that is to be made is then made. What it found, by name.

    Killed and begun again it goes on after its last chunk; the change itself is one transaction with the job's end.
    """
    made = session.get(Conversion, conversion_id, options=())
    if made is None or made.status not in ("checking", "changing"):
        return {}
    row = session.get_one(CustomField, made.field_id, execution_options=UNSEEN)
    entity, convert = entity_of(row), _converter(row, made)
    total = int(session.scalar(select(func.count()).select_from(entity.model.__table__)) or 0)
    seen = int(run.state.get("seen", 0))
    while True:
        last = int(run.state.get("last", 0))
        with run.chunk(f"{made.status} {last}"):
            found = _read_chunk(session(), entity, row, made, convert, last)
            if found is not None:
                seen += CHUNK
                run.state |= {"last": found, "seen": seen}
                run.progress(min(seen, total), total)
        if found is None:
            break
    if made.status == "checking":
        _count(session(), entity, row, made)
        made.status = "checked"
    else:
        _switch(session(), entity, row, made, convert)
    return {"status": made.status, "sound": made.sound, "failed": made.failed}


def _converter(row: CustomField, made: Conversion) -> Callable[[str], Any]:
    field = described(as_it_would_be(row, made))
    zone = ZoneInfo(context().site.timezone)
    before, after = (
        read_choices(text or "") if Kind(kind) in CHOOSING else ()
        for kind, text in ((made.old_kind, row.choices), (made.kind, made.choices))
    )
    return converter(
        Kind(made.old_kind), Kind(made.kind), before, after, zone, lambda words: read_value(field, words, zone=zone)
    )


def _words(entity: Entity, row: CustomField) -> Any:
    return expression(entity.model.__table__.c[COLUMN], row.key, Kind.TEXT)


def _read_chunk(
    current: Session, entity: Entity, row: CustomField, made: Conversion, convert: Callable[[str], Any], after: int
) -> int | None:
    """Note what becomes of the next values that are new or other than noted; the last id read, None at the end."""
    ids, words = entity.model.__table__.c.id, _words(entity, row)
    connection = current.connection()
    stretch = select(ids).where(ids > after).order_by(ids).limit(CHUNK).subquery()
    last = connection.scalar(select(func.max(stretch.c.id)))
    if last is None:
        return None
    _note(current, entity, row, made, convert, and_(ids > after, ids <= last), words)
    return int(last)


def _note(
    current: Session, entity: Entity, row: CustomField, made: Conversion, convert: Callable[[str], Any],
    among: Any, words: Any,
) -> None:  # fmt: skip
    ids, connection = entity.model.__table__.c.id, current.connection()
    noted = and_(_KEPT.c.conversion_id == made.id, _KEPT.c.record_id == ids)
    fresh = (
        select(ids, words.label("was"), _KEPT.c.record_id.label("noted"))
        .select_from(entity.model.__table__.outerjoin(_KEPT, noted))
        .where(among, words.is_not(None), or_(_KEPT.c.was.is_(None), _KEPT.c.was != words))
    )
    rows = connection.execute(fresh).all()
    if not rows:
        return
    stale = [each.id for each in rows if each.noted is not None]
    for start in range(0, len(stale), 500):
        gone = and_(_KEPT.c.conversion_id == made.id, _KEPT.c.record_id.in_(stale[start : start + 500]))
        connection.execute(delete(_KEPT).where(gone))
    connection.execute(insert(_KEPT), [_outcome(made.id, each.id, each.was, convert) for each in rows])


def _outcome(conversion_id: int, record_id: int, was: Any, convert: Callable[[str], Any]) -> dict[str, Any]:
    value = code = details = None
    try:
        value = json.dumps(kept(convert(str(was))), ensure_ascii=False)
    except BadValue as bad:
        code, details = bad.code, json.dumps(bad.details, ensure_ascii=False, default=str)
    return {
        "conversion_id": conversion_id, "record_id": record_id, "was": str(was), "value": value, "code": code,
        "details": details,
    }  # fmt: skip


def _count(current: Session, entity: Entity, row: CustomField, made: Conversion) -> None:
    """Forget what was noted of records that have that value no more, and count the rest."""
    table, words = entity.model.__table__, _words(entity, row)
    still = select(table.c.id).where(table.c.id == _KEPT.c.record_id, words == _KEPT.c.was)
    connection = current.connection()
    connection.execute(delete(_KEPT).where(_KEPT.c.conversion_id == made.id, ~still.correlate(_KEPT).exists()))
    counted = select(func.count(_KEPT.c.value), func.count(_KEPT.c.code)).where(_KEPT.c.conversion_id == made.id)
    made.sound, made.failed = connection.execute(counted).one()


def _switch(
    current: Session, entity: Entity, row: CustomField, made: Conversion, convert: Callable[[str], Any]
) -> None:
    """Put the values in and change the kind, unless something stands against it by now."""
    change_kinds(current, entity.slug)
    current.refresh(row)
    table = entity.model.__table__
    _note(current, entity, row, made, convert, table.c.id > 0, _words(entity, row))
    _count(current, entity, row, made)
    wanted = as_it_would_be(row, made)
    made.trouble = _trouble(current, entity, row, made, wanted)
    if made.trouble:
        made.status = "checked"
        return
    _tell_emptied(current, entity, row, made)
    _write(current, entity, row, made)
    for name in ("kind", "choices", "default", "max_length", "unit", *PROPERTIES):
        setattr(row, name, getattr(wanted, name))
    made.status = "done"
    current.flush()
    bump_version(current)
    # it reads the values as the old kind
    for name in (index_name(str(table.name), row.key), unique_name(str(table.name), row.key)):
        current.connection().exec_driver_sql(f'DROP INDEX IF EXISTS "{name}"')


def _trouble(current: Session, entity: Entity, row: CustomField, made: Conversion, wanted: CustomField) -> str:
    if row.kind != made.old_kind:
        return "other"
    if made.failed and not made.leave_empty:
        return "failed"
    try:
        refuse_used(current, row)
        check_field(current, entity, wanted)
    except Refused:
        return "other"
    if row.sole:
        several = select(_KEPT.c.value).where(_KEPT.c.conversion_id == made.id, _KEPT.c.value.is_not(None))
        several = several.group_by(_KEPT.c.value).having(func.count() > 1).limit(1)
        if current.connection().scalar(several) is not None:
            return "twice"
    return ""


def _tell_emptied(current: Session, entity: Entity, row: CustomField, made: Conversion) -> None:
    """The history of a record tells which value it lost."""
    if not entity.audited or not made.failed:
        return
    lost = select(_KEPT.c.record_id, _KEPT.c.was).where(_KEPT.c.conversion_id == made.id, _KEPT.c.value.is_(None))
    lost = lost.order_by(_KEPT.c.record_id).limit(MOST_TOLD)
    record_acts(current, [
        Act("update", entity.slug, str(each.record_id), "", {row.key: [each.was, None]})
        for each in current.connection().execute(lost)
    ])  # fmt: skip


def _write(current: Session, entity: Entity, row: CustomField, made: Conversion) -> None:
    """All values in one statement; who has a record open is told by its version that it has changed."""
    table, key = entity.model.__table__, row.key
    column = f"{table.name}.{COLUMN}"
    if current.connection().dialect.name == "postgresql":
        put = f"jsonb_set({column}, '{{{key}}}', CAST(noted.value AS jsonb))"
        taken = f"{column} - '{key}'"
    else:
        put = f"json_set({column}, '$.{key}', json(noted.value))"
        taken = f"json_remove({column}, '$.{key}')"
    version = ", version = version + 1" if "version" in table.c else ""
    current.connection().execute(
        text(
            f"UPDATE {table.name} SET {COLUMN} = CASE WHEN noted.value IS NULL THEN {taken} ELSE {put} END{version} "  # noqa: S608  names of ours
            f"FROM fields_converted AS noted WHERE noted.conversion_id = :made AND noted.record_id = {table.name}.id"
        ),
        {"made": made.id},
    )
    current.expire_all()


__all__ = ["CHUNK", "run_conversion"]
