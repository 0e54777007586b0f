"""Calls that wait are looked at again: somebody may have become a customer, or been imported as one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Select, Table, bindparam, func, literal, or_, select, update
from sqlalchemy.orm import Session

from app.access.actors import acting_as, load_actor
from app.access.audit import Act, record_acts
from app.activities.calls.matching import find_customers, state_of
from app.activities.calls.models import CallRecord
from app.activities.calls.numbers import FORMS
from app.activities.calls.rules import UNMATCHED
from app.activities.calls.services import TABLE, TOLD, attach_follow_ups, load_calls
from app.customers.models import Contact, Customer
from app.db import now, reading, session
from app.host.settings import setting
from app.jobs.services import Run
from app.types import SYSTEM

JOB = "activities.match_calls"
#: The setting: calls older than this are left to people.
DAYS = "activities.call_match_days"
#: Calls looked at in one transaction, and transactions of one run; the next run goes on.
BATCH, MOST_BATCHES = 500, 200
_MOBILES = [cast(Table, model.__table__).c.mobile for model in (Customer, Contact)]


def match_waiting(run: Run) -> dict[str, int]:
    """The job: match the calls for whose numbers there is a customer by now; {looked at, matched}.

    What was imported is matched with customers its importer may change, all else with anybody.
    """
    since = now() - timedelta(days=setting(DAYS))
    seen, matched = run.state.get("seen", 0), run.state.get("matched", 0)
    for number in range(MOST_BATCHES):
        if run.is_done(number):
            continue
        with reading():
            after = run.state.get("after", 0)
            ids = list(session.scalars(_with_candidates(since).where(TABLE.c.id > after).limit(BATCH)))
            session.rollback()
        if not ids:
            break
        with run.chunk(number):
            matched += _match(session(), ids)
            seen += len(ids)
            run.state.update(after=ids[-1], seen=seen, matched=matched)
            run.progress(seen)
    return {"seen": seen, "matched": matched}


def _with_candidates(since: datetime) -> Select[Any]:
    """Ids of calls nobody was found for, whose number a customer or contact may have now, in their order."""
    waits = (TABLE.c.state == UNMATCHED, TABLE.c.decided_by.is_(None), TABLE.c.line != "", TABLE.c.started_at >= since)
    forms = [literal(before).concat(func.substr(TABLE.c.line, cut + 1)) for before, cut in FORMS]
    known = (select(literal(1)).where(mobile.in_(forms)).exists() for mobile in _MOBILES)
    return select(TABLE.c.id).where(*waits, or_(*known)).order_by(TABLE.c.id)


def _match(current: Session, ids: list[int]) -> int:
    calls = load_calls(current, ids, TABLE.c.state == UNMATCHED, TABLE.c.decided_by.is_(None))
    by_importer: dict[int | None, list[CallRecord]] = {}
    for call in calls:
        by_importer.setdefault(call.created_by, []).append(call)
    return sum(_match_as(current, importer, theirs) for importer, theirs in by_importer.items())


def _match_as(current: Session, importer: int | None, calls: list[CallRecord]) -> int:
    with _acting_as(importer) as may:
        if not may:
            return 0
        found = find_customers(current, {call.line for call in calls})
        settled = []
        for call in calls:
            state, customer_id = state_of(call.line, found)
            if state != UNMATCHED:
                said = {name: getattr(call, name) for name in ("id", "call_id", "employee_id", *TOLD)}
                settled.append({**said, "state": state, "customer_id": customer_id})
        if settled:
            _settle(current, settled)
        return sum(call["customer_id"] is not None for call in settled)


def _settle(current: Session, calls: list[dict[str, Any]]) -> None:
    moved: dict[str, Any] = {"state": bindparam("now_state"), "customer_id": bindparam("now_customer")}
    rows = [{"call": c["id"], "now_state": c["state"], "now_customer": c["customer_id"]} for c in calls]
    current.connection().execute(update(TABLE).where(TABLE.c.id == bindparam("call")).values(**moved), rows)
    attach_follow_ups(current, calls)
    record_acts(current, map(_said, calls))


def _said(call: dict[str, Any]) -> Act:
    changes = {"state": [UNMATCHED, call["state"]], "customer_id": [None, call["customer_id"]]}
    return Act("update", "activity_call", str(call["id"]), call["call_id"], changes)


@contextmanager
def _acting_as(importer: int | None) -> Iterator[bool]:
    actor = SYSTEM if importer is None else load_actor(importer)
    if actor is None:
        yield False
        return
    with acting_as(actor):
        yield True
