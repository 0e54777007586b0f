"""What people say of calls nobody could be found for: whose they are, that they do not matter, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.policy import may_ask, title_text
from app.access.scope import scope_condition
from app.activities.calls.models import CallRecord
from app.activities.calls.numbers import spellings
from app.activities.calls.rules import IGNORED, MATCHED, UNMATCHED, WAITING
from app.activities.calls.schemas import CALL
from app.activities.calls.services import TABLE, TOLD, attach_follow_ups, load_calls
from app.activities.services import delete_activities
from app.customers.models import Contact, Customer
from app.db import now, session, transaction
from app.fields.bulk import among
from app.fields.records import create_record, find_record
from app.host.context import entity
from app.types import Refused

#: Calls of the same number that are matched along with one.
MOST_ALONG = 1000
#: Candidates that are named.
MOST_NAMED = 5


def match_calls(ids: Sequence[int], customer_id: int) -> int:
    """Say whose calls these are, and record them as follow-ups; how many it were, the others being settled already.

    Raises `Refused` for a customer the actor may not change, and for calls out of sight; then nothing is kept.
    """
    if find_record(entity("customer"), customer_id, write=True) is None:
        raise Refused(_("You may see this customer, but not change it"), field="customer_id")
    with transaction() as current:
        waiting = [call for call in _chosen(current, ids) if call.state in WAITING]
        _match(current, waiting, customer_id)
    return len(waiting)


def create_customer_of(call_id: int, values: dict[str, Any]) -> tuple[Customer, int]:
    """Make the customer a waiting call is from; (customer, calls matched), other waiting calls of the number too.

    `values` are those of a new customer; its mobile is the call's number. Raises `Refused` by field, and for a call
    that is settled already or has no number.
    """
    with transaction() as current:
        call = _chosen(current, [call_id])[0]
        if call.state not in WAITING:
            raise Refused(_("This call is settled already"))
        if not call.line:
            raise Refused(_("This call came without a number"))
        made: Customer = create_record(entity("customer"), {"source": "phone", **values, "mobile": call.line})
        alike = select(TABLE.c.id).where(TABLE.c.line == call.line, TABLE.c.state.in_(WAITING), _reach())
        found = current.scalars(alike.order_by(TABLE.c.id.desc()).limit(MOST_ALONG)).all()
        calls = [one for one in load_calls(current, {call.id, *found}, _reach()) if one.state in WAITING]
        _match(current, calls, made.id)
    return made, len(calls)


def candidates_of(call_id: int) -> list[str]:
    """Names of customers a call may be from, as far as the actor sees them and may ask by their numbers."""
    actor = require_actor()
    line = session.scalar(select(TABLE.c.line).where(TABLE.c.id == call_id, _reach()))
    if not line or not all(may_ask(slug, "mobile", actor) for slug in ("customer", "contact")):
        return []
    own = select(Customer.id).where(among(session(), Customer.mobile, spellings(line)))
    told = own.union(select(Contact.customer_id).where(among(session(), Contact.mobile, spellings(line))))
    named = select(Customer.id, Customer.name).where(Customer.id.in_(told)).order_by(Customer.id)
    found = session.execute(named.limit(MOST_NAMED))
    return [title_text("customer", row.name, row.id) for row in found]


def ignore_calls(ids: Sequence[int], reason: str) -> int:
    """Say that these calls do not matter; how many it were, the others being settled already. Raises `Refused`."""
    with transaction() as current:
        waiting = [call for call in _chosen(current, ids) if call.state in WAITING]
        for call in waiting:
            call.state, call.reason = IGNORED, reason
        _sign(waiting)
        current.flush()
    return len(waiting)


def undo_calls(ids: Sequence[int]) -> int:
    """Take back what was said of these calls, by people or by the number: they wait again; how many it were.

    The follow-ups of matched ones are removed. A match that was taken back is not made again by itself.
    Raises `Refused` where a customer is out of reach; then nothing is kept.
    """
    with transaction() as current:
        settled = [call for call in _chosen(current, ids) if call.state not in WAITING]
        made = [call.activity_id for call in settled if call.activity_id is not None]
        for call in settled:
            call.customer_id = call.activity_id = None
        current.flush()
        if made:
            delete_activities(made)
        _sign([call for call in settled if call.state == MATCHED])
        for call in settled:
            if call.state == IGNORED:
                call.decided_by = call.decided_at = None
            call.state, call.reason = UNMATCHED, None
        current.flush()
    return len(settled)


def _match(current: Session, calls: Sequence[CallRecord], customer_id: int) -> None:
    for call in calls:
        call.customer_id, call.state, call.reason = customer_id, MATCHED, None
    _sign(calls)
    current.flush()
    rows = [{name: getattr(call, name) for name in ("id", "customer_id", "employee_id", *TOLD)} for call in calls]
    made = attach_follow_ups(current, rows)
    for call in calls:
        call.activity_id = made[call.id]
    current.flush()


def _sign(calls: Sequence[CallRecord]) -> None:
    moment, who = now(), require_actor().user_id
    for call in calls:
        call.decided_by, call.decided_at = who, moment


def _chosen(current: Session, ids: Sequence[int]) -> list[CallRecord]:
    """The chosen calls, locked. Raises `Refused` when one of them is out of the actor's reach."""
    found = load_calls(current, ids, _reach())
    if not found or len(found) != len(set(ids)):
        raise Refused(_("Some of these calls are not among those you may change"))
    return found


def _reach() -> Any:
    return scope_condition(CALL, require_actor(), write=True)


__all__ = ["MOST_ALONG", "candidates_of", "create_customer_of", "ignore_calls", "match_calls", "undo_calls"]
