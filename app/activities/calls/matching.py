"""Whose call it is: customers by the number of the call, employees by what the call centre calls its agents."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Table, func, or_, select, union_all
from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.scope import scope_condition
from app.activities.calls.numbers import spellings
from app.activities.calls.rules import AMBIGUOUS, MATCHED, UNMATCHED, as_follow_up
from app.customers.models import Contact, Customer
from app.db import now
from app.fields.bulk import among
from app.host.context import entity
from app.host.settings import setting
from app.organisation.models import Employee

#: The setting: so many seconds make an answered call an effective follow-up.
LEAST = "activities.call_effective_seconds"

_CUSTOMER, _CONTACT, _EMPLOYEE = (cast(Table, one.__table__) for one in (Customer, Contact, Employee))


def find_customers(current: Session, lines: Iterable[str]) -> dict[str, int | None]:
    """{line: the customer it belongs to, None where several have it}, over all customers and contacts of the site.

    Lines nobody has are not in it, nor those of customers none of whom the actor may change: who may not write the
    follow-up does not learn whose number it is. Two statements by indexes, however many lines.
    """
    by_spelling = {spelling: line for line in set(lines) for spelling in spellings(line)}
    if not by_spelling:
        return {}
    found = union_all(
        select(_CUSTOMER.c.mobile.label("mobile"), _CUSTOMER.c.id.label("customer_id")).where(
            among(current, _CUSTOMER.c.mobile, list(by_spelling))
        ),
        select(_CONTACT.c.mobile, _CONTACT.c.customer_id).where(among(current, _CONTACT.c.mobile, list(by_spelling))),
    ).subquery()
    least, most = func.min(found.c.customer_id), func.max(found.c.customer_id)
    ends: dict[str, set[int]] = {}
    for mobile, first, last in current.execute(select(found.c.mobile, least, most).group_by(found.c.mobile)):
        ends.setdefault(by_spelling[mobile], set()).update((first, last))
    mine = _within_reach(current, set[int]().union(*ends.values()))
    return {line: next(iter(ids)) if len(ids) == 1 else None for line, ids in ends.items() if ids & mine}


def _within_reach(current: Session, ids: set[int]) -> set[int]:
    actor = require_actor()
    if actor.is_system or not ids:
        return ids
    reach = scope_condition(entity("customer"), actor, write=True)
    return set(current.scalars(select(_CUSTOMER.c.id).where(among(current, _CUSTOMER.c.id, ids), reach)))


def find_agents(current: Session, agents: Collection[str]) -> dict[str, int]:
    """{agent: employee} by staff number, else by an extension only one of those still there has."""
    wanted = {agent for agent in agents if agent}
    if not wanted:
        return {}
    told = or_(among(current, _EMPLOYEE.c.code, wanted), among(current, _EMPLOYEE.c.extension, wanted))
    there = or_(_EMPLOYEE.c.left_on.is_(None), _EMPLOYEE.c.left_on >= now().date())
    by_code: dict[str, int] = {}
    by_extension: dict[str, set[int]] = {}
    statement = select(_EMPLOYEE.c.id, _EMPLOYEE.c.code, _EMPLOYEE.c.extension).where(told, there)
    for number, code, extension in current.execute(statement):
        by_code[code] = number
        if extension:
            by_extension.setdefault(extension, set()).add(number)
    alone = {extension: ids.pop() for extension, ids in by_extension.items() if len(ids) == 1}
    return {agent: number for agent in wanted if (number := by_code.get(agent) or alone.get(agent)) is not None}


def state_of(line: str, found: Mapping[str, int | None]) -> tuple[str, int | None]:
    """(state, customer) of a call whose line was looked up."""
    if line not in found:
        return UNMATCHED, None
    customer_id = found[line]
    return (AMBIGUOUS, None) if customer_id is None else (MATCHED, customer_id)


def follow_ups(calls: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows for `record_activities` that these calls (with their customers) make."""
    least = setting(LEAST)
    subjects = {"in": _("Call centre: incoming call"), "out": _("Call centre: outgoing call")}
    return [
        {
            **as_follow_up(call, least),
            "customer_id": call["customer_id"],
            "employee_id": call["employee_id"],
            "kind": "call",
            "subject": subjects[call["direction"]],
            "content": call.get("note"),
        }
        for call in calls
    ]


__all__ = ["LEAST", "find_agents", "find_customers", "follow_ups", "state_of"]
