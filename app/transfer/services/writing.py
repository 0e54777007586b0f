"""Writing a chunk: many rows at once, and when something refuses them, the guilty ones found by halving."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.access.actors import require_actor
from app.access.audit import Act, plain, record_acts
from app.access.scope import UNSCOPED
from app.fields.bulk import among, insert_rows, next_ids
from app.fields.conditions import unmet
from app.fields.custom.clashing import clash_of
from app.fields.custom.counters import number_rows
from app.fields.custom.guarding import hold_kinds
from app.fields.custom.seeking import index_custom
from app.fields.custom.stored import folded
from app.fields.gate import ask, begin
from app.search.terms import index_rows, kept_fields
from app.transfer.services.columns import Columns, Row, problem
from app.types import Entity, Held, Refused, Veto, Write

_REFUSALS = (Refused, IntegrityError, DataError, StaleDataError, psycopg.DataError)


@contextmanager
def savepoint(current: Session) -> Iterator[None]:
    """A part that can fail alone: what it wanted to do after the commit goes with it."""
    before = current.info.pop("after_commit", [])
    added: list[Any] = []
    try:
        with current.begin_nested():
            yield
        added = current.info.pop("after_commit", [])
    finally:
        current.info.pop("after_commit", None)
        if before or added:
            current.info["after_commit"] = [*before, *added]


def attempt(current: Session, rows: Sequence[Row], act: Callable[[Sequence[Row]], Any]) -> list[tuple[Row, Any]]:
    """Do `act` with all rows, or with the halves of what is refused; (row, its result) of those that went
    well.

    Rows refused even alone get their problem noted.
    """
    if not rows:
        return []
    try:
        with savepoint(current):
            return list(zip(rows, act(rows), strict=True))
    except _REFUSALS as refusal:
        if len(rows) == 1:
            if not rows[0].problems:
                rows[0].problems.extend(_problems(refusal))
            return []
    middle = len(rows) // 2
    return [*attempt(current, rows[:middle], act), *attempt(current, rows[middle:], act)]


def _problems(refusal: Exception) -> list[dict[str, Any]]:
    if isinstance(refusal, Refused):
        found = [problem("refused", name, reason=str(text)) for name, text in refusal.errors.items()]
        return found or [problem("refused", reason=str(refusal))]
    if isinstance(refusal, IntegrityError):
        return [problem("duplicate", clash_of(refusal))]
    if isinstance(refusal, StaleDataError):
        return [problem("changed")]
    return [problem("unfit")]


def create_rows(current: Session, entity: Entity, rows: Sequence[Row]) -> list[int]:
    """Make new records by the entity's own verb, set-based where it has one; ids in order. Raises `Refused`."""
    answers = ask(entity, "create", [Write(None, row.values) for row in rows])
    if veto := next((one for one in answers.values() if isinstance(one, Veto)), None):
        raise Refused(veto.reason)
    ids = _made_rows(current, entity, rows)
    for place, answer in answers.items():
        begin(entity, answer, ids[place])
    return ids


def _made_rows(current: Session, entity: Entity, rows: Sequence[Row]) -> list[int]:
    if number_rows(current, entity, [row.values for row in rows]):
        for row in rows:
            row.told = None  # it was written ahead, without the number
    hold_kinds(current, entity)
    values = folded(entity, [row.values for row in rows])
    if entity.verbs.create_many is not None:
        made_ids = entity.verbs.create_many(values)
        index_custom(entity, made_ids, (row.values for row in rows))
        if entity.audited:
            # The verb notes the batch; the history of each record begins with what the file said.
            record_acts(
                current,
                [_created(entity, number, row) for row, number in zip(rows, made_ids, strict=True)],
            )
        return made_ids
    if entity.verbs.create is not None:
        made = [entity.verbs.create(dict(one)) for one in values]
        current.flush()
        return [record.id for record in made]
    table = entity.model.__table__
    ids = next_ids(current, table, len(values))
    names = ["id", *dict.fromkeys(name for one in values for name in one)]
    shared: dict[str, Any] = {}
    if "created_by" in table.c:
        shared["created_by"] = require_actor().user_id
        names.append("created_by")
    complete = [{**one, **shared, "id": number} for number, one in zip(ids, values, strict=True)]
    insert_rows(current, table, complete, names)
    index_custom(entity, ids, (row.values for row in rows))
    if kept := kept_fields(entity):
        index_rows(entity.slug, ((one["id"], {name: one.get(name) for name in kept}) for one in complete))
    if entity.audited:
        record_acts(current, (_created(entity, number, row) for row, number in zip(rows, ids, strict=True)))
    return ids


def changes_of(values: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What the history of a new record begins with."""
    return {
        name: [None, value if type(value) is str else plain(value)]
        for name, value in values.items()
        if value is not None and name not in ("id", "created_by")
    }


def _created(entity: Entity, record_id: int, row: Row) -> Act:
    changes = changes_of(row.values) if row.told is None or row.filled else row.told
    return Act("create", entity.slug, str(record_id), str(row.values.get(entity.title) or "")[:200], changes)


#: Records held at once while they are changed: a flush looks at every record the session holds.
_LOADED = 100


def _parts(rows: Sequence[Row], record_of: Callable[[Row], int]) -> Iterator[list[Row]]:
    """The rows in stretches that change no record twice, so that each row's history begins where the last one ended."""
    part: dict[int, Row] = {}
    for row in rows:
        if len(part) == _LOADED or record_of(row) in part:
            yield list(part.values())
            part = {}
        part[record_of(row)] = row
    if part:
        yield list(part.values())


class Updates:
    """Changes existing records by rows; a blank cell leaves a value as it is."""

    def __init__(self, entity: Entity, columns: Columns):
        self.entity = entity
        self.columns = columns
        self._changeable = {f.name for f in entity.fields if not f.create_only and not f.computed}
        self._attributes = [f.name for f in entity.fields if hasattr(entity.model, f.name)]

    def apply(self, current: Session, targets: Sequence[tuple[Row, int]]) -> list[tuple[Row, int, dict[str, Any]]]:
        """(row, record id, {field: [before, after]}) of the rows that went well; unchanged ones have no
        changes."""
        wanted = {id(row): record_id for row, record_id in targets}
        rows = [row for row, _record_id in targets]

        def act(batch: Sequence[Row]) -> list[dict[str, Any]]:
            changes: list[dict[str, Any]] = []
            for part in _parts(batch, lambda row: wanted[id(row)]):
                records = self._load(current, [wanted[id(row)] for row in part])
                with current.no_autoflush:
                    changes.extend(self._change(current, part, [records.get(wanted[id(row)]) for row in part]))
            return changes

        return [(row, wanted[id(row)], changes) for row, changes in attempt(current, rows, act)]

    def _load(self, current: Session, ids: Sequence[int]) -> dict[int, Any]:
        model = self.entity.model
        statement = select(model).where(among(current, model.id, ids))
        options = {UNSCOPED: True, "populate_existing": True}
        return {record.id: record for record in current.scalars(statement.execution_options(**options))}

    def _change(self, current: Session, rows: Sequence[Row], records: Sequence[Any]) -> list[dict[str, Any]]:
        """{field: [before, after]} of each row, whose records are changed in one flush."""
        changed = [self._differences(row, record) for row, record in zip(rows, records, strict=True)]
        self._hold(rows, records, changed)
        before = [
            {name: plain(getattr(record, name)) for name in values}
            for record, values in zip(records, changed, strict=True)
        ]
        pairs = [(record, values) for record, values in zip(records, changed, strict=True) if values]
        verbs = self.entity.verbs
        if verbs.update_many is not None and pairs:
            verbs.update_many(pairs)
        for record, values in () if verbs.update_many is not None else pairs:
            if verbs.update is not None:
                verbs.update(record, values)
            else:
                for name, value in values.items():
                    setattr(record, name, value)
        current.flush()
        return [
            {name: [value, plain(getattr(record, name))] for name, value in known.items()}
            for record, known in zip(records, before, strict=True)
        ]

    def _hold(self, rows: Sequence[Row], records: Sequence[Any], changed: list[dict[str, Any]]) -> None:
        """Leave out the changes somebody has something against: their rows say why, or what stands for them."""
        places = [place for place, values in enumerate(changed) if values]
        answers = ask(self.entity, "update", [Write(records[place], changed[place]) for place in places])
        for row in rows:
            row.held, row.held_as = "", None  # of an attempt that was taken back
        for number, answer in answers.items():
            place = places[number]
            if isinstance(answer, Veto):
                rows[place].problems.append(problem("refused", reason=str(answer.reason)))
                changed[place] = {}
            elif isinstance(answer, Held):
                rows[place].held, rows[place].held_as = str(answer.text), answer.number
                changed[place] = {}

    def _differences(self, row: Row, record: Any) -> dict[str, Any]:
        """What the row says otherwise than its record. Raises where the record is gone or the row says too much."""
        if record is None:
            raise StaleDataError("gone")
        changed = {
            name: value
            for name, value in row.values.items()
            if name in self._changeable and value is not None and getattr(record, name) != value
        }
        if changed:
            row.problems.clear()
            self.columns.check_visible(row, {**{name: getattr(record, name) for name in self._attributes}, **changed})
            row.problems.extend(problem(code, name) for name, code in unmet(self.entity, changed, record).items())
            if row.problems:
                raise Refused()
        return changed
