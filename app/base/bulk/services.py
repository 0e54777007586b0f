"""Asking for a bulk edit, and for its undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, case, func, select

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.policy import seen_by
from app.access.scope import UNSCOPED, scope_condition
from app.base.bulk.models import BulkEdit
from app.base.views.asked import asked_links, list_of
from app.base.views.inputs import is_typed, sections_of
from app.base.views.listing import matching
from app.base.views.lists import refuse_unseen
from app.base.views.titles import read_titles
from app.db import session, transaction
from app.fields.bulk import among
from app.fields.records import check_levels, check_links, check_parent, fill_gaps
from app.fields.values import read_values
from app.host.context import context
from app.jobs.models import Job
from app.jobs.rules import OPEN
from app.jobs.services import enqueue
from app.types import Entity, Field, Kind, Refused

JOB, UNDO_JOB = "base.bulk_edit", "base.bulk_undo"
#: Fields of one bulk edit.
MOST_FIELDS = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """Which records a bulk edit is about: those named, or with None all that the list of `query` matches."""

    ids: tuple[int, ...] | None
    query: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """How many records there are for the actor, how many of them they may change, and the greatest id."""

    found: int
    mine: int
    until_id: int


def editable_entity(slug: str) -> Entity:
    """The entity, if the actor may change records of it. Raises `LookupError` without one, `Refused`."""
    found = context().entities.get(slug)
    if found is None or "edit" not in found.actions:
        raise LookupError(slug)
    if not require_actor().can("can_edit", found.view_name):
        raise Refused(_("You may not change records of this kind"))
    return found


def editable_fields(entity: Entity) -> tuple[Field, ...]:
    """The fields the actor may set for many records: typed, and not one that only one record can have."""
    inside = {name for section in sections_of(entity) for name in section.fields}
    own = seen_by(entity, require_actor()).fields
    many = (field for field in own if not field.unique and field.kind is not Kind.FILES)  # a file is one record's
    return tuple(field for field in many if field.name in inside and is_typed(field, True))


def which(entity: Entity, asked: Asked) -> ColumnElement[bool]:
    """The rows in question within the actor's scope. Raises `Refused` for a list no longer understood."""
    if asked.ids is not None:
        chosen = among(session(), entity.model.id, list(asked.ids))
        return and_(chosen, scope_condition(entity, require_actor()))
    state = list_of(seen_by(entity, require_actor()), asked.query)
    links = asked_links(state)
    refuse_unseen(links, read_titles(links))
    return matching(state)


def count_records(entity: Entity, asked: Asked) -> Count:
    """How many records it is about, exactly, in one statement."""
    mine = case((scope_condition(entity, require_actor(), write=True), 1), else_=0)
    statement = select(func.count(), func.sum(mine), func.max(entity.model.id)).where(which(entity, asked))
    found, may, last = session.execute(statement.execution_options(**{UNSCOPED: True})).one()
    return Count(int(found), int(may or 0), int(last or 0))


def checked_values(entity: Entity, texts: Mapping[str, str]) -> dict[str, Any]:
    """The typed values of the fields to be set. Raises `Refused` by field."""
    if not texts:
        raise Refused(_("Choose at least one field"))
    if len(texts) > MOST_FIELDS:
        raise Refused(_("At most %(count)s fields at a time", count=MOST_FIELDS))
    check_levels(entity, texts)
    offered = {field.name for field in editable_fields(entity)}
    if foreign := [name for name in texts if name not in offered]:
        raise Refused(errors=dict.fromkeys(foreign, _("This field cannot be set for many records")))
    values = fill_gaps(entity, read_values(entity, texts, creating=False))
    check_links(entity, values)
    check_parent(entity, values)
    return values


def start_edit(slug: str, asked: Asked, texts: Mapping[str, str]) -> BulkEdit:
    """Ask for a bulk edit: a durable job that acts as whoever asks. Raises `LookupError`, `Refused`."""
    entity = editable_entity(slug)
    with transaction() as current:
        checked_values(entity, texts)
        count = count_records(entity, asked)
        if not count.found:
            raise Refused(_("None of these records is there any more"))
        ids = sorted(asked.ids) if asked.ids is not None else None
        made = BulkEdit(
            entity=slug,
            ids=ids,
            query=asked.query if ids is None else "",
            until_id=count.until_id,
            texts=dict(texts),
            total=count.found if ids is None else len(ids),
            created_by=require_actor().user_id,
        )
        current.add(made)
        current.flush()
        made.job_id = enqueue(JOB, {"edit_id": made.id}, title=_("Bulk edit: %(what)s", what=entity.label))
        current.flush()
        told = {name: [None, text] for name, text in texts.items()}
        record_acts(current, [Act("bulk_edit", slug, "", f"{made.id}: {count.found}", told)])
    return made


def find_edit(edit_id: int) -> BulkEdit:
    """A bulk edit of the actor's own (the system: anybody's). Raises `LookupError`, the same for absent and foreign."""
    actor = require_actor()
    found = session.get(BulkEdit, edit_id, populate_existing=True)
    if found is None or not (actor.is_system or (actor.user_id is not None and found.created_by == actor.user_id)):
        raise LookupError(edit_id)
    return found


def job_is_open(job_id: int | None) -> bool:
    """Whether a job waits or runs."""
    if job_id is None:
        return False
    wanted = select(Job.id).where(Job.id == job_id, Job.status.in_(OPEN)).execution_options(**{UNSCOPED: True})
    return session.scalar(wanted) is not None


def may_undo(made: BulkEdit) -> bool:
    """Whether it has begun and is over: done, called off or broken off half-way; and not undone."""
    return made.status in ("running", "done") and not job_is_open(made.job_id)


def undo_edit(edit_id: int) -> int:
    """Change back what nobody has changed since; returns the job's id. Raises `LookupError`, `Refused`."""
    with transaction() as current:
        made = find_edit(edit_id)
        current.refresh(made, with_for_update=True)
        editable_entity(made.entity)
        if not may_undo(made):
            raise Refused(_("This bulk edit cannot be undone now"))
        made.status = "undoing"
        title = _("Undo of bulk edit %(number)s", number=made.id)
        made.undo_job_id = enqueue(UNDO_JOB, {"edit_id": made.id}, unique_key=str(made.id), title=title)
        current.flush()
        record_acts(current, [Act("undo_bulk_edit", made.entity, "", str(made.id))])
        return made.undo_job_id


def chosen(ids: Sequence[int], everything: bool, query: str) -> Asked:
    """What the dialog is about."""
    return Asked(None, query) if everything else Asked(tuple(ids))


__all__ = [
    "JOB", "UNDO_JOB", "Asked", "Count", "checked_values", "count_records", "editable_entity", "editable_fields",
    "find_edit", "job_is_open", "may_undo", "start_edit", "undo_edit", "which",
]  # fmt: skip
