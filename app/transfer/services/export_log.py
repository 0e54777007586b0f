"""The log of exports: which files were made of which lists, by whom, why, and how often they were fetched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select

from app.access.actors import require_actor
from app.access.policy import level_of, whole
from app.base.views.filters import sentence
from app.base.views.state import ListState
from app.base.views.titles import Titles, read_titles
from app.db import now, session
from app.host.context import context
from app.jobs.models import Job
from app.transfer.models import Export
from app.transfer.services.exports import list_of
from app.types import Entity, Kind, Level, Refused

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
    lists = {export.id: _list(export) for export, _state in page}
    titles = read_titles({link for state in lists.values() if state is not None for link in _links(state)})
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


def _list(export: Export) -> ListState | None:
    """The list exported, described as a whole: what the reader may not see is left out of the sentences."""
    entity = context().entities.get(export.entity)
    if entity is None:
        return None
    try:
        return list_of(whole(entity), export.query)
    except Refused:
        return None  # a field it names is gone


def _links(state: ListState) -> set[tuple[str, int]]:
    links = [one for one in state.filters if one.field.kind is Kind.LINK]
    return {(one.field.target or "", value) for one in links for value in one.values}


def _logged(export: Export, state: str, shown: ListState | None, titles: Titles) -> Logged:
    entity = context().entities.get(export.entity)
    return Logged(
        export,
        state,
        None if shown is None else _sentences(shown, titles),
        tuple(_label(entity, name) for name in export.columns or ()),
        tuple(_label(entity, name) for name in export.masked or ()),
    )


def _sentences(state: ListState, titles: Titles) -> tuple[str, ...]:
    """The filter in words, its values only of fields the reader reads."""
    actor = require_actor()
    said = []
    for one in state.filters:
        level = level_of(state.entity, one.field.name, actor)
        if level >= Level.READ:
            said.append(sentence(one, titles))
        elif level is Level.MASKED:
            said.append(f"{one.field.label}: ***")
    words = [f"“{state.q}”"] if state.q else []
    return tuple(said + words)


def _label(entity: Entity | None, name: str) -> str:
    field = whole(entity).field(name) if entity is not None else None
    return str(field.label) if field is not None else name
