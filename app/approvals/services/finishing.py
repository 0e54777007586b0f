"""What becomes of the record when a case ends, and in automatic steps: fields are set, registered acts called.

A decision stands whatever comes of it: what cannot be done then is told on the case and tried again by a job.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.access.actors import acting_as, load_actor
from app.access.audit import plain
from app.access.scope import UNSCOPED
from app.approvals.rules.document import Document, End
from app.approvals.rules.state import Event
from app.db import now, session
from app.fields.gate import passing
from app.fields.records import delete_record, update_record
from app.fields.rules import BadValue
from app.fields.values import read_value
from app.host.context import context
from app.jobs.services import enqueue
from app.notices.services import notify
from app.organisation.models import Employee
from app.transfer.models import Export
from app.transfer.services.exports import start_export
from app.transfer.services.writing import savepoint
from app.types import SYSTEM, Actor, Entity, Refused

log = logging.getLogger(__name__)

#: The job that tries ends again, and when it does first.
END_JOB, AGAIN_AFTER = "approvals.ends", timedelta(minutes=5)
#: What is asked for and only done once it is approved; modules of the product add theirs (`on_approval`).
_asked: dict[str, Callable[[Any], None]] = {}
apart: dict[str, Callable[[Any], None]] = {}


def on_approval(asked: str, act: Callable[[Any], None]) -> None:
    """Let `act(case)` be done when a case asking for `asked` is approved. It raises `Refused` where it cannot be."""
    _asked[asked] = act


def apart_on_approval(asked: str, act: Callable[[Any], None]) -> None:
    """The same for an act with transactions of its own: a job does it, outside that of the decision.

    The act may be called again after it went well: it then does nothing.
    """
    apart[asked] = act


def finish(case: Any, document: Document, outcome: str) -> list[Event]:
    """Do what follows from the end of a case, in the running transaction; the events that say what came of it.

    `case` is the case's row. Refused or broken, nothing of it is kept, the event says why, and a job tries again.
    """
    end = document.ends.get(outcome, End())
    if outcome == "approved" and case.asked in apart:
        _try_again(case, now())
        return [Event("deferred", data={"outcome": outcome})]
    if not _follows(case, end, outcome):
        return []
    try:
        with savepoint(session()):
            carry_out(case, end, outcome)
    except Exception as fault:  # the decision stands, whatever a module's act runs into
        if not isinstance(fault, Refused):
            log.exception("the end of case %s cannot be carried out", case.id)
        _try_again(case, now() + AGAIN_AFTER)
        return [Event("unfinished", data={"outcome": outcome, "reason": reason_of(fault)})]
    return [Event("finished", data={"outcome": outcome})]


def _try_again(case: Any, at: datetime) -> None:
    enqueue(
        END_JOB, {"case_id": case.id}, actor=SYSTEM, unique_key=f"case-{case.id}", run_after=at,
        title=_("End of approval %(number)s", number=case.id),
    )  # fmt: skip


def _follows(case: Any, end: End, outcome: str) -> bool:
    return bool(end.values or end.act or (outcome == "approved" and case.asked in _asked))


def carry_out(case: Any, end: End, outcome: str) -> None:
    """What was asked for, then the fields to set, then the registered act. Raises `Refused`."""
    if outcome == "approved" and case.asked in _asked:
        _asked[case.asked](case)
    is_gone = outcome == "approved" and case.asked == "delete"
    if end.values and not is_gone:
        set_fields(case, end.values)
    if end.act:
        call_act(case, end.act)


def perform(case: Any, step_id: str, act: str, values: Mapping[str, Any]) -> None:
    """Do what an automatic step says, in the transaction of the act that reached it. Raises `Refused`: the act is not
    done either."""
    if values:
        set_fields(case, values)
    if act:
        call_act(case, act)


def set_fields(case: Any, values: Mapping[str, Any]) -> None:
    """Set fields of the record as the product itself. Raises `Refused` where one does not take its value."""
    entity, record = the_record(case)
    with passing(), acting_as(SYSTEM):
        update_record(entity, record, dict(values))


def call_act(case: Any, name: str) -> None:
    """Call a registered act. Raises `Refused`: the act's own reason, or that no module brings it."""
    act = context().approval_acts.get(name)
    if act is None or act.entity not in ("", case.entity):
        raise Refused(_("The act “%(name)s” is not there any more", name=name))
    with passing(), acting_as(SYSTEM):
        act.handler(case, find_the_record(case))


def find_the_record(case: Any) -> Any:
    """The record of a case, whoever acts, locked; None where it is gone."""
    entity = context().entities.get(case.entity)
    if entity is None or case.record_id is None:
        return None
    statement = select(entity.model).where(entity.model.id == case.record_id).with_for_update(of=entity.model)
    return session.scalar(statement.execution_options(**{UNSCOPED: True, "populate_existing": True}))


def the_record(case: Any) -> tuple[Entity, Any]:
    """The entity and the record of a case. Raises `Refused` where it is gone."""
    record = find_the_record(case)
    if record is None:
        raise Refused(_("The record is not there any more"))
    return context().entities[case.entity], record


@contextmanager
def written_for(case: Any) -> Iterator[None]:
    """What follows is written in the name of the applicant, whose rights were looked at when they asked.

    (The audit log names whoever commits, which is the one who decided last; the case names both.)
    """
    statement = select(Employee.user_id, Employee.name).where(Employee.id == case.applicant_id)
    row = session.execute(statement.execution_options(**{UNSCOPED: True})).one()
    actor = replace(SYSTEM, user_id=row.user_id, name=row.name, employee_id=case.applicant_id)
    with passing(), acting_as(actor):
        yield


@contextmanager
def as_applicant(case: Any) -> Iterator[Actor]:
    """What follows is done by the applicant with the rights of now, and asks for no approval. Raises `Refused`."""
    statement = select(Employee.user_id).where(Employee.id == case.applicant_id)
    user_id = session.scalar(statement.execution_options(**{UNSCOPED: True}))
    actor = load_actor(user_id) if user_id is not None else None
    if actor is None:
        raise Refused(_("The applicant cannot log in any more"))
    with passing(), acting_as(actor):
        yield actor


def change(case: Any) -> None:
    """Write the values a case has asked for. Raises `Refused` where somebody has changed one of the fields since."""
    entity, record = the_record(case)
    asked, before = case.payload.get("values") or {}, case.payload.get("before") or {}
    later = [name for name in asked if plain(getattr(record, name, None)) != before.get(name)]
    if later:
        labels = [str(field.label) if (field := entity.field(name)) else name for name in later]
        raise Refused(_("Changed by somebody else since it was asked for: %(fields)s", fields=", ".join(labels)))
    values = {name: _typed(entity, name, value) for name, value in asked.items()}
    with written_for(case):
        update_record(entity, record, values)


def _typed(entity: Entity, name: str, value: Any) -> Any:
    field = entity.field(name)
    if field is None or value is None:
        return value
    try:
        return read_value(field, value, strictly=False)
    except BadValue:
        return value  # update_record says what is wrong with it


def remove(case: Any) -> None:
    """Delete the record a case has asked to be deleted. Raises `Refused` where something still needs it."""
    entity, record = the_record(case)
    with written_for(case):
        delete_record(entity, record)


def reason_of(fault: Exception) -> str:
    """Why an end could not be carried out, for people."""
    if isinstance(fault, Refused):
        entity_errors = "; ".join(str(text) for text in fault.errors.values())
        return str(fault.reason or entity_errors or fault)
    return _("It could not be carried out; the reason is in the log")


def export(case: Any) -> None:
    """Let the export a case has asked for be made, as the applicant with the rights of now. Raises `Refused`."""
    asked = case.payload
    with as_applicant(case):
        made = start_export(case.entity, asked["query"], asked["format"], asked["columns"], asked["reason"], later=True)
    if isinstance(made, Export):
        title = _l("%(title)s: the file is being made", title=case.title)
        notify("approvals.result", title, employees=[case.applicant_id], link=f"/export/{made.id}/")


on_approval("export", export)
on_approval("change", change)
on_approval("delete", remove)

__all__ = [
    "END_JOB",
    "apart",
    "apart_on_approval",
    "as_applicant",
    "carry_out",
    "finish",
    "on_approval",
    "perform",
    "reason_of",
    "written_for",
]
