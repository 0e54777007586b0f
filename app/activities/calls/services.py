"""Keeping calls: from a call centre's request or a file, each once, with the follow-up it makes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Table, bindparam, or_, select, update
from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.audit import Act, plain, record_acts
from app.access.scope import UNSCOPED
from app.activities.calls.matching import LEAST, find_agents, find_customers, follow_ups, state_of
from app.activities.calls.models import CallRecord
from app.activities.calls.numbers import read_line
from app.activities.calls.rules import FILE, as_follow_up, is_settled
from app.activities.models import Activity
from app.activities.rules import TOLERANCE
from app.activities.services import delete_activities, record_activities, update_activity
from app.db import now, transaction
from app.fields.bulk import among, insert_rows, next_ids
from app.host.settings import setting
from app.jobs.services import insert_ignoring
from app.types import Refused

TABLE = cast(Table, CallRecord.__table__)
#: What a sender says of a call; the rest follows.
TOLD = ("direction", "number", "agent", "started_at", "answered", "duration_seconds", "result", "recording", "note")
_SETTLED = _l("Somebody has matched or ignored this call by hand; it is not changed any more")
_FUTURE = _l("A call cannot have begun in the future")


@dataclass(slots=True)
class Kept:
    """What became of one call of a request: 201 made, 200 there already or changed, 409 and 422 refused.

    `outdated`: it was not taken (200), since what is there was signed later.
    """

    call_id: str
    code: int
    id: int | None = None
    state: str = ""
    activity_id: int | None = None
    reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    outdated: bool = False


def receive_calls(source: str, calls: Sequence[Mapping[str, Any]], signed_at: datetime | None = None) -> list[Kept]:
    """Keep the calls of a connection, signed at a time (now), in one transaction; answers one by one, in their order.

    A call that is there already with the same content is answered as before and changes nothing; with other content
    it is changed, as long as nobody has matched or ignored it by hand (409). Two requests with the same call at the
    same moment: the database lets one make it. What was signed before what is there is not taken (`outdated`), nor is
    other content signed at the same time (409). Calls of the future and the second of a pair are refused (422).
    """
    wrong = {place: text for place, text in enumerate(map(_fault, calls)) if text is not None}
    first: dict[str, int] = {}
    for place, call in enumerate(calls):
        if first.setdefault(call["call_id"], place) != place:
            wrong.setdefault(place, Refused(_("This request holds this call twice"), field="call_id"))
    sound = sorted((place for place in range(len(calls)) if place not in wrong), key=lambda p: calls[p]["call_id"])
    with transaction() as current:
        answers = _keep(current, source, [calls[place] for place in sound], signed_at or now())
    told = dict(zip(sound, answers, strict=True))
    for place, refused in wrong.items():
        errors = {name: str(text) for name, text in refused.errors.items()}
        told[place] = Kept(calls[place]["call_id"], 422, reason=str(refused), errors=errors)
    return [told[place] for place in range(len(calls))]


def import_calls(rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Keep the calls of a file; their ids in the order of the rows. Raises `Refused`; then none is kept.

    They are matched with customers whom the importer may change; the others wait like those of unknown numbers.
    """
    if not rows:
        return []
    for row in rows:
        if (fault := _fault(row)) is not None:
            raise fault
    with transaction() as current:
        prepared = _prepared(current, [{"source": FILE, **row} for row in rows])
        ids = next_ids(current, TABLE, len(prepared))
        for row, number in zip(prepared, ids, strict=True):
            row.update(id=number, created_by=require_actor().user_id)
        insert_rows(current, TABLE, prepared, list(prepared[0]))
        attach_follow_ups(current, prepared)
    return ids


def change_call(call: CallRecord, values: Mapping[str, Any]) -> None:
    """Change what the call centre or a file says of a call, with the follow-up it made. Raises `Refused`."""
    told = {name: value for name, value in values.items() if name in TOLD and getattr(call, name) != value}
    if not told:
        return
    if is_settled(call.state, call.decided_by is not None):
        raise Refused(str(_SETTLED))
    if (fault := _fault({**_said(call), **told})) is not None:
        raise fault
    with transaction() as current:
        before = _as_recorded(call)
        for name, value in told.items():
            setattr(call, name, value)
        if "agent" in told:
            call.employee_id = find_agents(current, [call.agent or ""]).get(call.agent or "")
        line = read_line(call.number)
        moved = line.number != call.line and call.decided_by is None
        call.line, call.extension = line.number, line.extension
        current.flush()
        if moved:
            _match_anew(current, call)
        elif call.activity_id is not None:
            _keep_in_step(current, call, before)


def remove_call(call: CallRecord) -> None:
    """Take an imported call back, with the follow-up it made."""
    with transaction() as current:
        if call.activity_id is not None:
            delete_activities([call.activity_id])
        current.delete(call)
        current.flush()


def attach_follow_ups(current: Session, calls: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """Record the follow-ups of those calls that have a customer, and write them down; {call: activity}.

    Raises `Refused` for a customer the actor may not change.
    """
    with_customer = [call for call in calls if call["customer_id"] is not None]
    ids = record_activities(follow_ups(with_customer), by_actor=False)  # credit is the agent's, not the matcher's
    made = dict(zip((call["id"] for call in with_customer), ids, strict=True))
    if made:
        statement = update(TABLE).where(TABLE.c.id == bindparam("call")).values(activity_id=bindparam("made"))
        current.connection().execute(statement, [{"call": call, "made": number} for call, number in made.items()])
    return made


def load_calls(current: Session, ids: Collection[int], *conditions: Any) -> list[CallRecord]:
    """The calls of these ids under these conditions, locked in the order of their ids."""
    statement = select(CallRecord).where(among(current, TABLE.c.id, ids), *conditions).order_by(CallRecord.id)
    options = {UNSCOPED: True, "populate_existing": True}
    return list(current.scalars(statement.with_for_update().execution_options(**options)))


def _keep(current: Session, source: str, calls: Sequence[Mapping[str, Any]], signed_at: datetime) -> list[Kept]:
    if not calls:
        return []
    from_there = {"source": source, "signed_at": signed_at}
    prepared = {row["call_id"]: row for row in _prepared(current, [{**call, **from_there} for call in calls])}
    adding = insert_ignoring(current, TABLE).values(list(prepared.values()))
    made = {row.call_id: row.id for row in current.execute(adding.returning(TABLE.c.call_id, TABLE.c.id))}
    there = _there(current, source, prepared.keys() - made)  # calls are locked before customers are
    new = [{**prepared[call_id], "id": number} for call_id, number in made.items()]
    followed = attach_follow_ups(current, new)
    record_acts(current, [Act("create", "activity_call", str(row["id"]), row["call_id"], _told(row)) for row in new])
    answers = {
        row["call_id"]: Kept(row["call_id"], 201, row["id"], row["state"], followed.get(row["id"])) for row in new
    }
    for call in there:
        answers[call.call_id] = _taken(call, prepared[call.call_id], signed_at)
    taken = [call.id for call in there if answers[call.call_id].code == 200]
    later = update(TABLE).where(among(current, TABLE.c.id, taken), _signed_before(signed_at))
    # the time of signing is nothing that is told of the call, so the call has not changed by it
    current.connection().execute(later.values(signed_at=signed_at, updated_at=TABLE.c.updated_at))
    return [answers[call["call_id"]] for call in calls]


def _there(current: Session, source: str, call_ids: Collection[str]) -> list[CallRecord]:
    if not call_ids:
        return []
    known = select(TABLE.c.id).where(TABLE.c.source == source, among(current, TABLE.c.call_id, call_ids))
    return load_calls(current, current.scalars(known).all())


def _signed_before(moment: datetime) -> Any:
    return or_(TABLE.c.signed_at.is_(None), TABLE.c.signed_at < moment)


def _taken(call: CallRecord, values: Mapping[str, Any], signed_at: datetime) -> Kept:
    """Change a locked call as a request says, unless the request says something else and is not the latest."""
    told = {name: values[name] for name in TOLD if getattr(call, name) != values[name]}
    if told and call.signed_at is not None and signed_at <= call.signed_at:
        if signed_at < call.signed_at:
            return _there_is(call, reason=_("Not taken: a request signed later has told of this call"), outdated=True)
        same_time = _("Another request signed at the same time said something else of this call; sign this one anew")
        return _there_is(call, 409, same_time)
    try:
        change_call(call, told)
    except Refused as refused:
        return _there_is(call, 409, str(refused))
    return _there_is(call)


def _there_is(call: CallRecord, code: int = 200, reason: str = "", outdated: bool = False) -> Kept:
    return Kept(call.call_id, code, call.id, call.state, call.activity_id, reason, outdated=outdated)


def _prepared(current: Session, calls: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Complete rows without ids: lines, employees, customers looked up, each in one statement."""
    rows = []
    for call in calls:
        said = {**dict.fromkeys(TOLD), **call}
        line = read_line(said["number"])
        said.update(number=said["number"] or "", line=line.number, extension=line.extension)
        said["direction"] = said["direction"] or "out"
        if said["answered"] is None:
            said["answered"] = bool(said["duration_seconds"])
        rows.append(said)
    agents = find_agents(current, {row["agent"] for row in rows if row["agent"]})
    found = find_customers(current, {row["line"] for row in rows})
    for row in rows:
        row["employee_id"] = agents.get(row["agent"])
        row["state"], row["customer_id"] = state_of(row["line"], found)
        row["created_by"] = None
    return rows


def _match_anew(current: Session, call: CallRecord) -> None:
    """The number is another one: what it meant before is taken back."""
    if call.activity_id is not None:
        delete_activities([call.activity_id])
        call.activity_id = None
    call.state, call.customer_id = state_of(call.line, find_customers(current, [call.line]))
    current.flush()
    call.activity_id = attach_follow_ups(current, [{**_said(call), "id": call.id}]).get(call.id)
    current.flush()


def _keep_in_step(current: Session, call: CallRecord, before: Mapping[str, Any]) -> None:
    """Change of the follow-up what the call says otherwise now; what people wrote into it stays."""
    after = _as_recorded(call)
    activity = current.get(Activity, call.activity_id, execution_options={UNSCOPED: True})
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    if activity is not None and changed:
        update_activity(activity, changed)


def _as_recorded(call: CallRecord) -> dict[str, Any]:
    return {**as_follow_up(_said(call), setting(LEAST)), "employee_id": call.employee_id}


def _said(call: CallRecord) -> dict[str, Any]:
    return {name: getattr(call, name) for name in (*TOLD, "customer_id", "employee_id")}


def _told(row: Mapping[str, Any]) -> dict[str, list[Any]]:
    names = ("call_id", "source", *TOLD, "state", "customer_id", "employee_id")
    return {name: [None, plain(row[name])] for name in names if row[name] not in (None, "")}


def _fault(call: Mapping[str, Any]) -> Refused | None:
    return Refused(str(_FUTURE), field="started_at") if call["started_at"] > now() + TOLERANCE else None


__all__ = [
    "TABLE",
    "Kept",
    "attach_follow_ups",
    "change_call",
    "import_calls",
    "load_calls",
    "receive_calls",
    "remove_call",
]
