"""Who stands in for whom (代理): from one day to another, in one flow or in all. One hop only: nobody passes it on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Table, bindparam, or_, select
from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.approvals.messages import refused, told
from app.approvals.models import Delegation
from app.approvals.services import people
from app.db import now, session, transaction
from app.fields.bulk import among
from app.fields.custom.derived import surroundings
from app.types import Actor, Refused

DELEGATION = cast(Table, Delegation.__table__)
# Made once: every act asks for them.
_STOOD_IN_FOR = select(DELEGATION.c.employee_id).where(
    DELEGATION.c.substitute_id == bindparam("substitute"),
    DELEGATION.c.from_on <= bindparam("today"),
    DELEGATION.c.until_on >= bindparam("today"),
)
_STOOD_IN_FOR_IN_FLOW = _STOOD_IN_FOR.where(
    or_(DELEGATION.c.definition_id.is_(None), DELEGATION.c.definition_id == bindparam("flow"))
)


def delegate(
    employee_id: int, substitute_id: int, from_on: date, until_on: date,
    *, definition_id: int | None = None, reason: str = "",
) -> Delegation:  # fmt: skip
    """Let somebody stand in from one day to another, both included, in one flow or (None) in all.

    One's own seats only; an administrator of approvals does it for others, too. Raises `Refused` by field: a day
    past, a substitute who cannot act, days on which somebody stands in already.
    """
    _mine(employee_id)
    with transaction() as current:
        _check(current, employee_id, substitute_id, from_on, until_on)
        together = [
            DELEGATION.c.employee_id == employee_id,
            DELEGATION.c.from_on <= until_on,
            DELEGATION.c.until_on >= from_on,
        ]
        if definition_id is not None:
            together.append(or_(DELEGATION.c.definition_id.is_(None), DELEGATION.c.definition_id == definition_id))
        # Whoever delegates is locked: two tabs do not make two delegations of the same days.
        employee = people.EMPLOYEE
        connection = current.connection()
        connection.execute(select(employee.c.id).where(employee.c.id == employee_id).with_for_update())
        if connection.scalar(select(DELEGATION.c.id).where(*together).limit(1)) is not None:
            raise refused("delegation_overlaps", "from_on")
        made = Delegation(
            employee_id=employee_id, substitute_id=substitute_id, definition_id=definition_id, from_on=from_on,
            until_on=until_on, reason=reason.strip()[:200],
        )  # fmt: skip
        current.add(made)
        current.flush()
        _tell_log(current, "delegate", made, {"until_on": [None, until_on.isoformat()]})
    return made


def end_delegation(delegation_id: int) -> None:
    """Let a delegation end: one that has not begun never does, another ends with yesterday. Raises `Refused`.

    The row stays: who could have decided when is part of the history.
    """
    with transaction() as current:
        made = current.get(Delegation, delegation_id)
        if made is None:
            raise refused("delegation_over")
        _mine(made.employee_id)
        today = _today()
        if made.until_on < today:
            raise refused("delegation_over")
        # One that never began ends before its first day.
        before, made.until_on = made.until_on, max(today, made.from_on) - timedelta(days=1)
        current.flush()
        _tell_log(current, "end_delegation", made, {"until_on": [before.isoformat(), made.until_on.isoformat()]})


def stood_in_for(current: Session, employee_id: int, definition_id: int | None = None) -> frozenset[int]:
    """Whom somebody stands in for today in a flow (None: in any). Who stands in for those is not asked."""
    asked = {"substitute": employee_id, "today": _today()}
    if definition_id is None:
        found = current.connection().scalars(_STOOD_IN_FOR, asked)
    else:
        found = current.connection().scalars(_STOOD_IN_FOR_IN_FLOW, {**asked, "flow": definition_id})
    return frozenset(found) - {employee_id}


def delegations_to(employee_id: int) -> list[tuple[int, int | None]]:
    """(employee, definition or None for all) somebody stands in for today: what an inbox adds to one's own seats."""
    chosen = select(DELEGATION.c.employee_id, DELEGATION.c.definition_id)
    rows = session.connection().execute(chosen.where(DELEGATION.c.substitute_id == employee_id, _today_counts()))
    return [(row.employee_id, row.definition_id) for row in rows]


def substitutes_of(current: Session, employees: set[int], definition_id: int) -> set[int]:
    """Who stands in today for some people in a flow."""
    if not employees:
        return set()
    chosen = select(DELEGATION.c.substitute_id).where(
        among(current, DELEGATION.c.employee_id, employees),
        _today_counts(),
        or_(DELEGATION.c.definition_id.is_(None), DELEGATION.c.definition_id == definition_id),
    )
    return set(current.connection().scalars(chosen))


def administers(actor: Actor) -> bool:
    """Whether the actor keeps approvals going for everybody."""
    return actor.can("can_administer", people.VIEW)


def _check(current: Session, employee_id: int, substitute_id: int, from_on: date, until_on: date) -> None:
    errors: dict[str, Any] = {}
    if substitute_id == employee_id:
        errors["substitute_id"] = told("circle")
    elif substitute_id not in people.able(current, [substitute_id]):
        errors["substitute_id"] = told("cannot_act")
    if until_on < from_on:
        errors["until_on"] = told("last_before_first")
    elif until_on < _today():
        errors["until_on"] = told("delegation_past")
    elif from_on < _today():
        errors["from_on"] = told("delegation_past")
    if errors:
        raise Refused(errors=errors)


def _mine(employee_id: int) -> None:
    actor = require_actor()
    if employee_id != actor.employee_id and not administers(actor):
        raise Refused(_("Everybody delegates their own approvals only"))


def _today_counts() -> ColumnElement[bool]:
    today = _today()
    return (DELEGATION.c.from_on <= today) & (DELEGATION.c.until_on >= today)


def _today() -> date:
    """Today by the site's clock."""
    return now().astimezone(surroundings().zone).date()


def _tell_log(current: Session, act: str, made: Delegation, changes: dict[str, list[Any]]) -> None:
    who = {"employee_id": [None, made.employee_id], "substitute_id": [None, made.substitute_id]}
    record_acts(current, [Act(act, "approvals_delegation", str(made.id), "", {**who, **changes})])


__all__ = ["DELEGATION", "administers", "delegate", "delegations_to", "end_delegation", "stood_in_for",
           "substitutes_of"]  # fmt: skip
