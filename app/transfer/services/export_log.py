"""The log of exports: which files were made of which lists, by whom, why, and how often they were fetched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select

from app.access.policy import whole
from app.base.views.asked import asked_links, in_words, list_asked
from app.base.views.state import ListState
from app.base.views.titles import Titles, read_titles
from app.db import now, session
from app.host.context import context
from app.jobs.models import Job
from app.transfer.models import Export
from app.transfer.services.sheets import FIGURES
from app.types import Entity

PAGE_SIZE = 50
#: What an export can be: waiting or being written · to be fetched · its time is over · not made.
STATES = ("queued", "done", "expired", "failed")
_ENDED = ("failed", "cancelled")


@dataclass(frozen=True, slots=True)
class LogQuery:
    """One question to the log; what is None or empty is not asked. `users` are login ids, none of them: nobody."""

    start: datetime | None = None
    end: datetime | None = None
    users: tuple[int, ...] | None = None
    entity: str = ""
    state: str = ""
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """An export as the log shows it; `filters` is None when its filter is no longer understood."""

    export: Export
    state: str
    filters: tuple[str, ...] | None
    columns: tuple[str, ...]
    masked: tuple[str, ...]


def read_log(query: LogQuery) -> tuple[list[Logged], bool]:
    """(one page of exports, newest first, whether there are older ones), in three statements."""
    statement = (
        select(Export, Job.status)
        .join(Job, Job.id == Export.job_id, isouter=True)
        .where(*_conditions(query))
        .order_by(Export.id.desc())
        .limit(PAGE_SIZE + 1)
    )
    rows = session.execute(statement).all()
    page = [(export, state_of(export, job)) for export, job in rows[:PAGE_SIZE]]
    lists = {export.id: list_asked(export.entity, export.query) for export, _state in page}
    titles = read_titles({link for state in lists.values() if state is not None for link in asked_links(state)})
    return [_logged(export, state, lists[export.id], titles) for export, state in page], len(rows) > PAGE_SIZE


def state_of(export: Export, job_status: str | None) -> str:
    """One of `STATES`; a job that ended without a file has failed."""
    if export.status == "failed":
        return "failed"
    if export.expires_at < now():
        return "expired"
    if export.stored:
        return "done"
    return "failed" if job_status in _ENDED else "queued"


def _conditions(query: LogQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.start is not None:
        found.append(Export.created_at >= query.start)
    if query.end is not None:
        found.append(Export.created_at < query.end)
    if query.users is not None:
        found.append(Export.created_by.in_(query.users))
    if query.entity:
        found.append(Export.entity == query.entity)
    if query.before is not None:
        found.append(Export.id < query.before)
    ended = and_(Export.stored == "", Job.status.in_(_ENDED), Export.job_id.is_not(None))
    old, broken = Export.expires_at < now(), Export.status == "failed"
    if query.state == "failed":
        found.append(or_(broken, and_(~old, ended)))
    elif query.state == "expired":
        found += [old, ~broken]
    elif query.state == "done":
        found += [~old, ~broken, Export.stored != ""]
    elif query.state == "queued":
        open_job = or_(Job.status.is_(None), Job.status.not_in(_ENDED))
        found += [~old, ~broken, Export.stored == "", open_job]
    return found


def _logged(export: Export, state: str, shown: ListState | None, titles: Titles) -> Logged:
    entity = context().entities.get(export.entity)
    if export.entity in FIGURES:  # their filter is kept in words
        filters: tuple[str, ...] | None = tuple(filter(None, (export.query,)))
    else:
        filters = None if shown is None else in_words(shown, titles)
    return Logged(
        export,
        state,
        filters,
        tuple(_label(entity, name) for name in export.columns or ()),
        tuple(_label(entity, name) for name in export.masked or ()),
    )


def _label(entity: Entity | None, name: str) -> str:
    field = whole(entity).field(name) if entity is not None else None
    return str(field.label) if field is not None else name
