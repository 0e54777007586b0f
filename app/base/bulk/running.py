"""The jobs of bulk edits: keyed chunks, each with its outcomes, counts and cursor in one transaction."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, fields, validate
from sqlalchemy import Table, select, update

from app.access.scope import UNSCOPED
from app.base.bulk.changing import Outcome, Target, change_rows
from app.base.bulk.models import BulkEdit, BulkItem
from app.base.bulk.services import JOB, UNDO_JOB, Asked, checked_values, editable_entity, which
from app.db import insert_rows, now, session
from app.fields.bulk import among
from app.fields.values import read_value
from app.jobs.services import Run
from app.types import Entity, JobSpec

#: Records of one transaction: where a verb writes them one by one, and where a statement does.
BY_VERB, BY_STATEMENT = 200, 1_000
LONGEST = timedelta(hours=6)
_EDIT, _ITEM = (cast(Table, each.__table__) for each in (BulkEdit, BulkItem))


class EditArguments(Schema):
    """Which bulk edit a job is about."""

    edit_id = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))


def run_edit(run: Run, edit_id: int) -> dict[str, Any]:
    """Change what was asked for; {"changed": …, "unchanged": …, "refused": …, "held": …} records.

    Acts with the permissions of now: raises `Refused` when the right to change the entity or a field is gone.
    Killed, or called off and tried again, it goes on after the last chunk.
    """
    made = session.get_one(BulkEdit, edit_id, populate_existing=True)
    entity, asked_at, total = editable_entity(made.entity), made.created_at, made.total
    values = checked_values(entity, made.texts)
    asked = Asked(tuple(made.ids) if made.ids is not None else None, made.query)
    size, until = _size(entity), made.until_id
    state = run.state
    state.setdefault("cursor", 0)
    counts = Counter(state.get("counts", {}))
    while not state.get("over"):
        with run.chunk(f"after:{state['cursor']}"):
            ids = _next(entity, asked, state["cursor"], until, size)
            targets = dict.fromkeys(ids, Target(values))
            outcomes = change_rows(session(), entity, targets, untouched_since=asked_at)
            _keep(edit_id, outcomes)
            counts.update(one.state for one in outcomes.values())
            state.update(cursor=ids[-1] if ids else state["cursor"], over=len(ids) < size, counts=dict(counts))
            values_now: dict[str, Any] = {"status": "running"}
            if state["over"]:
                values_now = {"status": "done", "finished_at": now()}
            session.execute(update(_EDIT).where(_EDIT.c.id == edit_id).values(values_now))
            done = sum(counts.values())
            run.progress(done, max(done, total), _told(counts))
    return dict(counts)


def _size(entity: Entity) -> int:
    return BY_STATEMENT if entity.verbs.update is None else BY_VERB


def _told(counts: Mapping[str, int]) -> str:
    said = _(
        "%(changed)s changed, %(unchanged)s as before, %(refused)s refused",
        **{name: f"{counts.get(name, 0):,}" for name in ("changed", "unchanged", "refused")},
    )
    if held := counts.get("held"):
        said = _("%(said)s, %(held)s sent for approval", said=said, held=f"{held:,}")
    return said


def _next(entity: Entity, asked: Asked, after: int, until: int, size: int) -> Sequence[int]:
    """The next records by id; of a list only those that were there when it was asked for."""
    if asked.ids is not None:
        begin = bisect_right(asked.ids, after)
        return asked.ids[begin : begin + size]
    key = entity.model.id
    wanted = select(key).where(which(entity, asked), key > after, key <= until).order_by(key).limit(size)
    return list(session.scalars(wanted.execution_options(**{UNSCOPED: True})))


def _keep(edit_id: int, outcomes: Mapping[int, Outcome]) -> None:
    rows = [
        {
            "edit_id": edit_id,
            "record_id": number,
            "state": one.state,
            "reason": one.reason[:300],
            "changes": dict(one.changes) if one.changes else None,
        }
        for number, one in sorted(outcomes.items())
    ]
    insert_rows(session(), _ITEM, rows, ("edit_id", "record_id", "state", "reason", "changes"))


def run_undo(run: Run, edit_id: int) -> dict[str, Any]:
    """Change back what is still as the edit left it; {"back": …, "kept": …} records."""
    made = session.get_one(BulkEdit, edit_id, populate_existing=True)
    entity, state = editable_entity(made.entity), run.state
    state.setdefault("cursor", 0)
    counts = Counter(state.get("counts", {}))
    total = made.total
    while not state.get("over"):
        with run.chunk(f"after:{state['cursor']}"):
            items = _changed(edit_id, state["cursor"], _size(entity))
            targets = {item.record_id: _way_back(entity, item.changes) for item in items}
            outcomes = change_rows(session(), entity, targets)
            counts.update(_note(items, outcomes))
            state.update(cursor=items[-1].id if items else state["cursor"], over=len(items) < _size(entity))
            state["counts"] = dict(counts)
            if state["over"]:
                session.execute(update(_EDIT).where(_EDIT.c.id == edit_id).values(status="undone"))
            run.progress(sum(counts.values()), total)
    return dict(counts)


def _changed(edit_id: int, after: int, size: int) -> Sequence[Any]:
    """The next items that changed something, in the order they were done."""
    wanted = select(_ITEM).where(_ITEM.c.edit_id == edit_id, _ITEM.c.state == "changed", _ITEM.c.id > after)
    return session.execute(wanted.order_by(_ITEM.c.id).limit(size)).all()


def _way_back(entity: Entity, changes: Mapping[str, list[Any]]) -> Target:
    values = {}
    for name, (before, _after) in changes.items():
        field = entity.field(name)
        values[name] = None if before is None or field is None else read_value(field, before, strictly=False)
    return Target(values, {name: after for name, (_before, after) in changes.items()})


def _note(items: Sequence[Any], outcomes: Mapping[int, Outcome]) -> Counter[str]:
    """Write down what became of the items."""
    by_end: dict[tuple[str, str], list[int]] = {}
    for item in items:
        one = outcomes[item.record_id]
        end = ("kept", one.reason[:300]) if one.state in ("refused", "held") else ("back", "")
        by_end.setdefault(end, []).append(item.id)
    for (state, reason), ids in by_end.items():
        which_items = among(session(), _ITEM.c.id, ids)
        session.execute(update(_ITEM).where(which_items).values(state=state, reason=reason))
    return Counter({state: sum(len(ids) for (s, _r), ids in by_end.items() if s == state) for state, _r in by_end})


JOBS = (
    JobSpec(JOB, _l("Bulk edit"), run_edit, schema=EditArguments, timeout=LONGEST),
    JobSpec(UNDO_JOB, _l("Undo of a bulk edit"), run_undo, schema=EditArguments, timeout=LONGEST),
)

__all__ = ["JOBS", "run_edit", "run_undo"]
