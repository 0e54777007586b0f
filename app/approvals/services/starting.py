"""Beginning a case: a record goes into a flow, and stands in no other until that ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import Row, Table, and_, select
from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.audit import plain
from app.approvals.messages import of_illegal, refused
from app.approvals.models import Case, Definition
from app.approvals.rules.document import Document
from app.approvals.rules.flowing import Illegal
from app.approvals.rules.playing import By, Play
from app.approvals.rules.rows import Rows, rows_of
from app.approvals.rules.state import Status
from app.approvals.services.acting import Moment, write
from app.approvals.services.asking import About, Asking, unit_of_record
from app.approvals.services.keeping import CASE, VERSION, Kept, document_in
from app.approvals.subjects import ACTS
from app.db import now, transaction, writing
from app.fields.records import find_record
from app.host.context import context
from app.jobs.services import insert_ignoring
from app.types import Entity

DEFINITION = cast(Table, Definition.__table__)
#: A flow with the version new cases start with.
_IN_FORCE = select(DEFINITION, VERSION.c.document).outerjoin(
    VERSION, and_(VERSION.c.definition_id == DEFINITION.c.id, VERSION.c.number == DEFINITION.c.published)
)


def start_case(
    definition: str | int, entity_slug: str, record_id: int | None,
    *, asked: str = "button", payload: Mapping[str, Any] | None = None, title: str = "",
) -> Case:  # fmt: skip
    """Submit a record (or None: what is to be made or taken out) into a flow, by the code or id of its definition.

    It runs by the version published last. Begun by hand (`asked` button), the flow must allow it and the actor must
    be able to change the record; whoever asks for something else has checked that already. Raises `Refused`: nothing
    published, a condition that does not hold, a record that is being approved already.
    """
    actor = require_actor()
    if actor.employee_id is None:
        raise refused("no_employee")
    entity = context().entities.get(entity_slug)
    with writing(), transaction() as current:
        found = _published(current, definition, entity_slug)
        document = document_in(found.document)
        record = _record(entity, record_id, asked)
        about = About(entity_slug, record, actor.employee_id, asked, payload or {})
        asking = Asking(current, about)
        if asked == "button" and not document.starts.button:
            raise refused("not_button")
        if asked not in ("export", *ACTS) and not asking.is_so(document.starts.when):  # a list has no values to ask
            raise refused("not_for_it")
        name = title or (str(getattr(record, entity.title, "") or "") if entity is not None else "") or found.name
        play, at = Play(document, Rows().state, asking), now()
        try:
            play.start(actor.employee_id, found.published)
        except Illegal as illegal:
            raise of_illegal(illegal) from illegal
        case = _insert(current, found, document, about, record_id, name, rows_of((event, at) for event in play.events))
        rows = Rows()
        kept = Kept(case, document, rows, [], rows, at)
        write(Moment(current, kept, about, play, By(actor.employee_id), actor), "start")
        return current.get_one(Case, case.id)


def _published(current: Session, definition: str | int, entity: str) -> Any:
    by = DEFINITION.c.id == definition if isinstance(definition, int) else DEFINITION.c.code == definition
    found = current.connection().execute(_IN_FORCE.where(by)).one_or_none()
    if found is None or not found.active or not found.document or found.entity != entity:
        raise refused("no_flow")
    return found


def _record(entity: Entity | None, record_id: int | None, asked: str) -> Any:
    if asked in ACTS:
        return None
    if entity is None:
        raise refused("no_record")
    if record_id is None:
        if asked == "button":
            raise refused("no_record")
        return None
    record = find_record(entity, record_id, write=asked == "button")
    if record is None:
        raise refused("no_record")
    return record


def _insert(
    current: Session, found: Any, document: Document, about: About, record_id: int | None, title: str, begun: Rows
) -> Row[Any]:
    """The case's row as its first events leave it; of two who submit a record in the same instant one is refused.

    A case that is over as soon as it begins is put in as a running one: only of those the database lets one stand.
    """
    at, first = begun.moved_at, begun.case()
    stands = begun.state.status.is_open
    values = {
        "definition_id": found.id, "version": found.published, "entity": about.entity, "record_id": record_id,
        "title": title[:200], "asked": about.asked, "payload": dict(about.payload),
        "figures": {name: plain(value) for name, value in about.values(document.figures).items()},
        "applicant_id": about.applicant, "unit_id": unit_of_record(about.described, about.record),
        "status": first.status if stands else Status.RUNNING.value, "round": first.round, "steps": first.steps,
        "events": first.events, "started_at": at, "moved_at": at, "ended_at": None,
    }  # fmt: skip
    made = insert_ignoring(current, CASE).values(**values).returning(*CASE.c)
    case = current.connection().execute(made).one_or_none()
    if case is None:
        raise refused("in_a_flow")
    return case


__all__ = ["start_case"]
