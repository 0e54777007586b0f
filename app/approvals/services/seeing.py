"""Who may see a case: whoever begins, decides or administers it, was told of it, or may see its record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.access.policy import title_text
from app.approvals.models import Copy
from app.approvals.rules.state import Event
from app.approvals.services.delegating import administers, stood_in_for
from app.approvals.services.keeping import TASK
from app.fields.records import find_record
from app.host.context import context
from app.types import Actor

_COPY: Any = Copy.__table__


def may_see(current: Session, case: Row[Any], history: Iterable[tuple[Event, datetime]], actor: Actor) -> bool:
    """Whether the actor may read a case: its applicant, an administrator, whoever has or had a seat or stands in for
    one, whoever was told of it, and whoever may see the record.
    """
    me = actor.employee_id
    if administers(actor) or (me is not None and me == case.applicant_id):
        return True
    if me is not None and (_took_part(history, me) or _is_asked(current, case, me)):
        return True
    return sees_record(case, actor)


def heading(case: Any) -> str:
    """What a case (or a row with its `entity`, `record_id` and `title`) is called, as far as the acting person may read
    the name of its record."""
    return str(case.title) if case.record_id is None else title_text(case.entity, case.title, case.record_id)


def sees_record(case: Row[Any], actor: Actor) -> bool:
    """Whether the actor may open the page of the record a case is about."""
    entity = context().entities.get(case.entity)
    if entity is None or case.record_id is None or not actor.can("can_show", entity.view_name):
        return False
    return find_record(entity, case.record_id) is not None


def _took_part(history: Iterable[tuple[Event, datetime]], me: int) -> bool:
    """Whether somebody acted in it, or was asked in place of another, or before another."""
    return any(me in (event.actor, event.data.get("from"), event.data.get("applicant")) for event, _at in history)


def _is_asked(current: Session, case: Row[Any], me: int) -> bool:
    mine = [me, *stood_in_for(current, me, case.definition_id)]
    seats = select(TASK.c.id).where(TASK.c.case_id == case.id, TASK.c.employee_id.in_(mine))
    copies = select(_COPY.c.id).where(_COPY.c.case_id == case.id, _COPY.c.employee_id == me)
    return current.connection().execute(seats.union_all(copies).limit(1)).first() is not None


__all__ = ["heading", "may_see", "sees_record"]
