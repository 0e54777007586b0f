"""Which flows are for which entity, and what an open case keeps of its record: asked at every write (docs/adr/0063)."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Table, event, select

from app.access.actors import require_actor
from app.access.scope import UNSCOPED
from app.approvals.models import Case, Definition, DefinitionVersion
from app.approvals.rules.document import Document
from app.approvals.rules.state import Status
from app.approvals.rules.writing import BadDocument
from app.approvals.services.keeping import document_in
from app.approvals.services.telling import case_path
from app.base.views.cells import zone
from app.base.views.formats import moment_text
from app.db import after_commit, session
from app.fields.bulk import among
from app.fields.custom.derived import asked_values, surroundings
from app.fields.expressions.compiling import BadExpression, compile_condition
from app.fields.gate import is_passing
from app.host.context import context
from app.organisation.models import Employee
from app.types import Entity, Lock, Veto

log = logging.getLogger(__name__)

#: Seconds for which what was read of the definitions is believed; a publication in this process counts at once.
_BELIEVED = 1.0
_CASE, _DEFINITION, _VERSION, _EMPLOYEE = (
    cast(Table, each.__table__) for each in (Case, Definition, DefinitionVersion, Employee)
)
_OPEN = (Status.RUNNING.value, Status.RETURNED.value)
#: What is only written at the end: its applicant corrects nothing of it by hand meanwhile.
_HELD = ("change", "delete")


@dataclass(frozen=True, slots=True)
class Bound:
    """A flow in force for records of an entity: the version new cases start with."""

    definition_id: int
    name: str
    document: Document


@dataclass(frozen=True, slots=True)
class Bindings:
    """What is under approval at this site: flows in force by entity, and the entities that may have open cases."""

    read_at: float
    flows: Mapping[str, tuple[Bound, ...]]
    entities: frozenset[str]


@dataclass(frozen=True, slots=True)
class OpenCase:
    """What of an open case decides about writes of its record. `fields`: what it wants to change itself."""

    id: int
    applicant_id: int
    applicant: str
    flow: str
    status: str
    asked: str
    fields: frozenset[str]
    document: Document
    since: str


def bindings() -> Bindings:
    """The flows of this site, read at most once a second: a site without any pays one short look."""
    carried = context()
    known: Bindings | None = carried.approvals
    if known is None or time.monotonic() - known.read_at > _BELIEVED:
        known = carried.approvals = _read()
    return known


def _read() -> Bindings:
    started = time.monotonic()
    published = (DefinitionVersion.definition_id == Definition.id) & (DefinitionVersion.number == Definition.published)
    columns = (Definition.id, Definition.name, Definition.entity, Definition.active, DefinitionVersion.document)
    flows: dict[str, list[Bound]] = {}
    entities = set()
    for row in _rows(select(*columns).join(DefinitionVersion, published).order_by(Definition.id)):
        entities.add(row.entity)
        try:
            document = document_in(row.document)
        except (BadDocument, ValueError):
            log.exception("the flow %s cannot be read and begins nothing", row.name)
            continue
        if row.active:
            flows.setdefault(row.entity, []).append(Bound(row.id, row.name, document))
    return Bindings(started, {slug: tuple(found) for slug, found in flows.items()}, frozenset(entities))


def _rows(statement: Any) -> Sequence[Any]:
    """What a statement finds, without writing what is being changed."""
    current = session()
    with current.no_autoflush:
        return current.execute(statement.execution_options(**{UNSCOPED: True})).all()


def forget_bindings() -> None:
    """Read the definitions anew: now, and once more when what is being written is committed."""
    carried = context()
    carried.approvals = None

    def again() -> None:
        carried.approvals = None

    after_commit(again)


def _forget(_mapper: Any, _connection: Any, _target: Any) -> None:
    forget_bindings()


for _model in (Definition, DefinitionVersion):
    event.listen(_model, "after_insert", _forget)
    event.listen(_model, "after_update", _forget)


def open_cases(slug: str, ids: Sequence[int]) -> dict[int, OpenCase]:
    """{record: its open case} of these records, in one statement; none for an entity nothing was ever published for."""
    if not ids or slug not in bindings().entities:
        return {}
    case, named, version, applicant = _CASE.c, _DEFINITION.c, _VERSION.c, _EMPLOYEE.c
    ran = (version.definition_id == case.definition_id) & (version.number == case.version)
    current = session()
    rows = current.connection().execute(
        select(
            case.id, case.record_id, case.applicant_id, case.status, case.asked, case.payload, case.started_at,
            applicant.name.label("applicant"), named.name, named.name_en, version.document,
        )
        .select_from(_CASE)
        .join(_DEFINITION, named.id == case.definition_id)
        .join(_VERSION, ran)
        .join(_EMPLOYEE, applicant.id == case.applicant_id)
        .where(case.entity == slug, among(current, case.record_id, ids), case.status.in_(_OPEN))
    )  # fmt: skip
    english, found = require_actor().locale == "en", {}
    for row in rows:
        fields = frozenset((row.payload or {}).get("values") or ()) if row.asked == "change" else frozenset()
        found[row.record_id] = OpenCase(
            row.id, row.applicant_id, row.applicant, (english and row.name_en) or row.name, row.status, row.asked,
            fields, document_in(row.document), moment_text(row.started_at, zone()),
        )  # fmt: skip
    return found


def locked_by(slug: str, case: OpenCase) -> frozenset[str]:
    """The fields an open case keeps from the acting person.

    A case that came back to its applicant lets them correct the record, but for what is written only once approved.
    """
    locked = frozenset(case.document.locked) | case.fields
    own = case.applicant_id == require_actor().employee_id and case.status == Status.RETURNED
    if not own or case.asked in _HELD:
        return locked
    if case.asked == "create":
        return frozenset()
    return frozenset(name for bound in bindings().flows.get(slug, ()) for name in bound.document.starts.change)


def locks_of_cases(slug: str, ids: Sequence[int]) -> dict[int, Lock]:
    """The locks open cases put on these records."""
    found = {}
    for number, case in open_cases(slug, ids).items():
        found[number] = Lock(locked_by(slug, case), reason(case), case_path(case.id))
    return found


def transition_refused(slug: str, record: Any, transition: str) -> Veto | None:
    """Why a record that is locked as a whole does not change its stage; a case's own acts are none of its changes."""
    if transition.startswith("approvals.") or is_passing():
        return None
    case = open_cases(slug, [record.id]).get(record.id)
    return Veto(reason(case)) if case is not None and "*" in locked_by(slug, case) else None


def assignment_refused(customer_ids: Sequence[int]) -> Veto | None:
    """Why customers do not change owner: a flow that names the owner locks it; one that locks all means what people
    type, so that nobody's customers are left behind for an open case."""
    if is_passing():
        return None
    owner = context().entities["customer"].scoped_by.owner
    named = (case for case in open_cases("customer", customer_ids).values() if owner in case.document.locked)
    case = next(named, None)
    return Veto(reason(case)) if case is not None else None


def reason(case: OpenCase) -> str:
    """Why a record under approval is not changed, and what to do about it."""
    if case.applicant_id == require_actor().employee_id:
        return _(
            "In approval since %(since)s (%(flow)s). To change it, withdraw it, or let those asked return it",
            since=case.since,
            flow=case.flow,
        )
    return _(
        "In approval since %(since)s (%(flow)s). To change it, ask %(applicant)s to withdraw it, or those asked to "
        "return it",
        since=case.since,
        flow=case.flow,
        applicant=case.applicant,
    )


def begins(entity: Entity, bound: Bound, record: Any, values: Mapping[str, Any]) -> bool:
    """Whether the condition of a flow's beginning holds for a record with these values over it.

    All of the record counts, whatever the actor may read of it. A condition nobody can read (its field is gone) begins
    the flow, which then says so: rather no write than one past its approval.
    """
    text = bound.document.starts.when
    if not text.strip():
        return True
    try:
        condition = compile_condition(text, {field.name: field for field in entity.fields})
    except BadExpression:
        log.exception("the condition of the flow %s cannot be read", bound.name)
        return True
    known = {field.name: getattr(record, field.name, None) for field in entity.fields} | dict(values)
    return condition.run(asked_values(entity.slug, condition.uses, known), surroundings()) is True


__all__ = [
    "assignment_refused",
    "transition_refused",
    "Bindings",
    "Bound",
    "OpenCase",
    "begins",
    "bindings",
    "forget_bindings",
    "locked_by",
    "locks_of_cases",
    "open_cases",
    "reason",
]
