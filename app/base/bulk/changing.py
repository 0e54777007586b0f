"""Changing records of any entity to given values: set-based, or by the entity's own verb where it has one.

Who acts, their scope and the rules of the fields are looked at per record; each has its own outcome, its own entry in
the history, and a refused one takes nothing else along.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from flask_babel import gettext as _
from sqlalchemy import Table, case, select, update
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.access.actors import require_actor
from app.access.audit import Act, plain, record_acts
from app.access.scope import UNSCOPED, scope_condition
from app.base.views.inputs import sections_of
from app.fields.bulk import among
from app.fields.custom.keeping import derive
from app.fields.custom.stored import COLUMN, patched
from app.fields.gate import ask, begin, in_words
from app.fields.messages import message
from app.search.terms import index_rows, kept_fields
from app.transfer.services.writing import savepoint
from app.types import Begun, Entity, Held, Refused, Veto, Write

_REFUSALS = (Refused, IntegrityError, DataError, StaleDataError, psycopg.DataError)


@dataclass(frozen=True, slots=True)
class Target:
    """What one record is to become; `expected` is what its fields must still hold (as the history writes values)."""

    values: Mapping[str, Any]
    expected: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record: ``changed`` with {field: [before, after]}, ``unchanged``, ``refused`` with why, or
    ``held`` with what was opened in place of the change."""

    state: str
    reason: str = ""
    changes: Mapping[str, list[Any]] | None = None


@dataclass(slots=True)
class _Work:
    record: Any
    values: dict[str, Any]
    before: dict[str, Any]


def change_rows(
    current: Session, entity: Entity, targets: Mapping[int, Target], *, untouched_since: datetime | None = None
) -> dict[int, Outcome]:
    """Change these records in the running transaction; an outcome for each id.

    The values are typed and checked as such already. With `untouched_since`, what somebody changed later is refused.
    Locks the rows, so that nobody changes them between being looked at and being written.
    """
    found = _read(current, entity, targets)
    outcomes: dict[int, Outcome] = {}
    work: list[_Work] = []
    for number, target in targets.items():
        record, mine = found.get(number, (None, False))
        reason = _refusal(entity, record, mine, target, untouched_since)
        if reason:
            outcomes[number] = Outcome("refused", reason)
            continue
        before = {name: getattr(record, name) for name in target.values}
        values = {name: value for name, value in target.values.items() if before[name] != value}
        if not values:
            outcomes[number] = Outcome("unchanged")
            continue
        work.append(_Work(record, values, before))
    work, begun = _let_through(entity, work, outcomes)
    write = _by_verb if entity.verbs.update is not None else _by_statement
    for one, outcome in _attempt(current, work, lambda batch: write(current, entity, batch)):
        outcomes[one.record.id] = outcome
        if outcome.state == "changed":
            begin(entity, begun.get(one.record.id), one.record.id)
    current.flush()
    current.expunge_all()
    return outcomes


def _let_through(
    entity: Entity, work: list[_Work], outcomes: dict[int, Outcome]
) -> tuple[list[_Work], dict[int, Begun]]:
    """The work nobody has anything against, and who wants to be told of it; the rest gets its outcome."""
    begun: dict[int, Begun] = {}
    for place, answer in ask(entity, "update", [Write(one.record, one.values) for one in work]).items():
        number = work[place].record.id
        if isinstance(answer, Held):
            outcomes[number] = Outcome("held", in_words(answer))
        elif isinstance(answer, Veto):
            outcomes[number] = Outcome("refused", str(answer.reason))
        else:
            begun[number] = answer
    return [one for one in work if one.record.id not in outcomes], begun


def _read(current: Session, entity: Entity, ids: Mapping[int, Target]) -> dict[int, tuple[Any, bool]]:
    """{id: (record, whether the actor may change it)} of those the actor sees."""
    actor, model = require_actor(), entity.model
    mine = case((scope_condition(entity, actor, write=True), 1), else_=0)
    statement = (
        select(model, mine.label("mine"))
        .where(among(current, model.id, ids), scope_condition(entity, actor))
        .order_by(model.id)
        .with_for_update(of=model)
        .execution_options(**{UNSCOPED: True, "populate_existing": True})
    )
    return {record.id: (record, bool(may)) for record, may in current.execute(statement)}


def _refusal(entity: Entity, record: Any, mine: bool, target: Target, since: datetime | None) -> str:
    if record is None:
        return _("There is no such record, or you may not see it")
    if not mine:
        return _("You may see this record, but not change it")
    changed_at = getattr(record, "updated_at", None)
    if since is not None and changed_at is not None and changed_at > since:
        return _("Somebody changed this record after the bulk edit was asked for")
    if target.expected is not None:
        if any(plain(getattr(record, name)) != value for name, value in target.expected.items()):
            return _("Somebody has changed this record since")
        return ""
    alien = _alien(entity, record, target.values)
    return f"{alien}: " + _("This field does not belong to this kind of record") if alien else ""


def _alien(entity: Entity, record: Any, values: Mapping[str, Any]) -> str:
    """The label of a field that is to be filled in, but does not belong to the record."""
    sections = sections_of(entity)
    conditional = [section for section in sections if section.visible_when is not None]
    fields = [field for name in values if (field := entity.field(name)) and values[name] is not None]
    if not conditional and all(field.visible_when is None for field in fields):
        return ""
    merged = {field.name: getattr(record, field.name, None) for field in entity.fields} | dict(values)
    for field in fields:
        homes = [section for section in sections if field.name in section.fields]
        inside = any(home.visible_when is None or home.visible_when(merged) for home in homes)
        if not inside or not (field.visible_when is None or field.visible_when(merged)):
            return str(field.label)
    return ""


def _by_verb(current: Session, entity: Entity, work: Sequence[_Work]) -> None:
    changes = [(one.record, dict(one.values)) for one in work]
    if entity.verbs.update_many is not None:
        entity.verbs.update_many(changes)
    else:
        for record, values in changes:
            entity.verbs.update(record, values)  # type: ignore[misc]
    current.flush()


def _by_statement(current: Session, entity: Entity, work: Sequence[_Work]) -> None:
    """One UPDATE per set of values, then the search index and the history, as the session would have kept them."""
    table: Table = entity.model.__table__
    alike: dict[str, list[_Work]] = {}
    for one in work:
        key = json.dumps({name: plain(value) for name, value in one.values.items()}, sort_keys=True, default=str)
        alike.setdefault(key, []).append(one)
    for group in alike.values():
        values = group[0].values
        columns: dict[str, Any] = {name: value for name, value in values.items() if name in table.c}
        if own := {name: value for name, value in values.items() if name not in table.c}:
            columns[COLUMN] = patched(table.c[COLUMN], own, current.get_bind().dialect.name)
        if (version := entity.model.__mapper__.version_id_col) is not None:
            columns[version.name] = version + 1
        ids = [one.record.id for one in group]
        current.connection().execute(update(table).where(among(current, table.c.id, ids)).values(columns))
    derive(current, table, (one.record.id for one in work), {name for one in work for name in one.values})
    searched = kept_fields(entity)
    texts = [(one.record.id, {name: one.values[name] for name in searched if name in one.values}) for one in work]
    if any(named for _number, named in texts):
        index_rows(entity.slug, texts)
    if entity.audited:
        record_acts(current, [_act(entity, one) for one in work])


def _act(entity: Entity, one: _Work) -> Act:
    label = str(getattr(one.record, entity.title, "") or "")
    changes = {name: [plain(one.before[name]), plain(value)] for name, value in one.values.items()}
    return Act("update", entity.slug, str(one.record.id), label, changes)


def _attempt(
    current: Session, work: Sequence[_Work], write: Callable[[Sequence[_Work]], None]
) -> Iterator[tuple[_Work, Outcome]]:
    """Write all, or the halves of what is refused, until the guilty stand alone."""
    if not work:
        return
    try:
        with savepoint(current):
            write(work)
    except _REFUSALS as refusal:
        if len(work) == 1:
            yield work[0], Outcome("refused", _reason(refusal))
            return
        middle = len(work) // 2
        yield from _attempt(current, work[:middle], write)
        yield from _attempt(current, work[middle:], write)
        return
    for one in work:
        yield one, Outcome("changed", changes={n: [plain(one.before[n]), plain(v)] for n, v in one.values.items()})


def _reason(refusal: Exception) -> str:
    if isinstance(refusal, Refused):
        return "; ".join(str(text) for text in refusal.errors.values()) or str(refusal)
    if isinstance(refusal, IntegrityError):
        return str(message("duplicate"))
    if isinstance(refusal, StaleDataError):
        return _("Somebody has changed this record since")
    return _("This value does not fit")


__all__ = ["Outcome", "Target", "change_rows"]
