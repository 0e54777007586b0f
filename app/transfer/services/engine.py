"""The import of one chunk: look up links, find what exists, create, change, note what is wrong.

The same code serves the check (rolled back), the import, the rows that waited for a link, and the duplicates
a person
decided about.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.access.audit import told
from app.transfer.readers.spool import Line
from app.transfer.rules.mapping import Mapping
from app.transfer.services.columns import Columns, Row, problem
from app.transfer.services.lookups import Lookups
from app.transfer.services.matching import Key, Match, Matcher
from app.transfer.services.writing import Updates, attempt, changes_of, create_rows
from app.types import Entity

POLICIES = ("skip", "update", "create", "ask")


@dataclass(slots=True)
class Outcome:
    """What became of the rows of a chunk."""

    created: list[tuple[Row, int]] = field(default_factory=list)
    updated: list[tuple[Row, int, dict[str, Any]]] = field(default_factory=list)
    skipped: list[Row] = field(default_factory=list)
    failed: list[Row] = field(default_factory=list)
    #: (row, the existing record or None when the record is an earlier row of the file)
    asked: list[tuple[Row, int | None]] = field(default_factory=list)
    waiting: list[Row] = field(default_factory=list)
    #: (row, the record): an approval was opened in place of the change.
    held: list[tuple[Row, int]] = field(default_factory=list)

    @property
    def settled(self) -> int:
        """Rows that are done with."""
        return len(self.created) + len(self.updated) + len(self.skipped) + len(self.failed) + len(self.held)


class Engine:
    """Imports rows of one heading into one entity by one mapping; made once per run, fed chunk by chunk.

    With `dry`, keys of what earlier chunks would have created are remembered, as they are not in the
    database.
    """

    def __init__(self, entity: Entity, mapping: Mapping, header: Sequence[str], duplicates: str, *, dry: bool = False):
        self.entity = entity
        self.duplicates = duplicates
        self.columns = Columns(entity, mapping, header)
        self.lookups = Lookups(entity, mapping)
        self.matcher = Matcher(entity, mapping)
        self.updates = Updates(entity, self.columns)
        self._seen: set[int] | None = set() if dry else None

    def prepare(self, lines: Iterable[Line], start: int) -> list[Row]:
        """Typed rows of a stretch of the spool beginning at offset `start`; needs no database.

        What will be needed of a row is made here as far as it can be: another thread does this meanwhile.
        """
        rows = self.columns.read(lines, start)
        for row in rows:
            if not row.links and not row.problems:
                self.matcher.keys_of(row)
                row.told = told(changes_of(row.values)) if self.entity.audited else None
        return rows

    def process(self, current: Session, rows: Sequence[Row], *, last: bool = False) -> Outcome:
        """Write a chunk in the running transaction. With `last`, links not found by now are problems of their
        rows."""
        if not current.info.get("depth"):
            raise RuntimeError("a chunk is written inside a transaction, or verbs would commit halves of it")
        outcome = Outcome()
        self.lookups.resolve(current, rows)
        here: dict[Key, Row] = {}
        pending = list(rows)
        while True:
            ready = [row for row in pending if not row.links or row.problems]
            pending = [row for row in pending if row.links and not row.problems]
            self._settle(current, ready, outcome, here)
            if not pending or not ready:
                break
            self.lookups.resolve(current, pending)
        for row in pending:
            if last:
                self.lookups.give_up(row)
                outcome.failed.append(row)
            else:
                outcome.waiting.append(row)
        return outcome

    def _settle(self, current: Session, rows: Sequence[Row], outcome: Outcome, here: dict[Key, Row]) -> None:
        sound = [row for row in rows if not row.problems]
        outcome.failed.extend(row for row in rows if row.problems)
        known = self.matcher.find(current, sound)
        new: list[Row] = []
        changed: list[tuple[Row, int]] = []
        asked: list[tuple[Row, int | None, Row | None]] = []
        merged: list[tuple[Row, Row]] = []
        for row in sound:
            match = self.matcher.match(row, known) if known else None
            if row.problems:
                outcome.failed.append(row)
                continue
            keys = self.matcher.keys_of(row)
            earlier = None
            for key in keys:
                if key in here:
                    earlier = here[key]
                    break
            policy = row.decision or self.duplicates
            if match is None and earlier is None and not self._is_seen(keys):
                self._plan_new(row, keys, known, here, new, outcome)
            elif policy == "skip":
                outcome.skipped.append(row)
            elif policy == "ask":
                asked.append((row, match.record_id if match else None, earlier))
            elif policy == "create":
                self._plan_copy(row, keys, known, here, new, outcome)
            elif earlier is not None:
                merged.append((row, earlier))
                earlier.values.update(row.values)
                earlier.told = None
            elif match is not None:
                self._plan_change(row, match, known, here, changed, outcome)
            else:
                outcome.updated.append((row, 0, {}))
        self._write(current, new, changed, outcome)
        ids = {id(row): record_id for row, record_id in outcome.created}
        ids.update((id(row), record_id) for row, record_id, _changes in outcome.updated)
        for row, earlier in merged:
            if id(earlier) in ids:
                outcome.updated.append((row, ids[id(earlier)], {}))
            else:
                row.problems.append(problem("twice", row=earlier.number))
                outcome.failed.append(row)
        outcome.asked.extend((row, found or (ids.get(id(first)) if first else None)) for row, found, first in asked)

    def _plan_new(
        self,
        row: Row,
        keys: list[Key],
        known: dict[Key, Match],
        here: dict[Key, Row],
        new: list[Row],
        outcome: Outcome,
    ) -> None:
        self.columns.complete(row)
        if row.problems or (known and self.matcher.clashes(row, known)):
            outcome.failed.append(row)
            return
        new.append(row)
        for key in keys:
            here[key] = row

    def _plan_copy(
        self,
        row: Row,
        keys: list[Key],
        known: dict[Key, Match],
        here: dict[Key, Row],
        new: list[Row],
        outcome: Outcome,
    ) -> None:
        """A second record on purpose: only where no unique value stands against it."""
        for names, values in keys:
            if names in self.matcher.unique and (names, values) in here:
                row.problems.append(problem("twice", names[0], row=here[names, values].number))
            elif names in self.matcher.unique and self._is_seen([(names, values)]):
                row.problems.append(problem("duplicate", names[0]))
        self._plan_new(row, keys, known, here, new, outcome)

    def _plan_change(
        self,
        row: Row,
        match: Match,
        known: dict[Key, Match],
        here: dict[Key, Row],
        changed: list[tuple[Row, int]],
        outcome: Outcome,
    ) -> None:
        if not match.writable:
            row.problems.append(problem("not_yours"))
        if row.problems or self.matcher.clashes(row, known, match.record_id):
            outcome.failed.append(row)
            return
        changed.append((row, match.record_id))
        for key in self.matcher.keys_of(row):
            here[key] = row

    def _write(self, current: Session, new: list[Row], changed: list[tuple[Row, int]], outcome: Outcome) -> None:
        made = attempt(current, new, lambda batch: create_rows(current, self.entity, batch))
        outcome.created.extend(made)
        outcome.failed.extend(row for row in new if row.problems)
        if self._seen is not None:
            self._seen.update(hash(key) for row, _record_id in made for key in self.matcher.keys_of(row))
        for row, record_id, changes in self.updates.apply(current, changed):
            if row.held:
                outcome.held.append((row, record_id))
            elif row.problems:
                continue
            elif changes:
                outcome.updated.append((row, record_id, changes))
            else:
                outcome.skipped.append(row)
        outcome.failed.extend(row for row, _record_id in changed if row.problems)

    def _is_seen(self, keys: Iterable[Key]) -> bool:
        return self._seen is not None and any(hash(key) in self._seen for key in keys)
