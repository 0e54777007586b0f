"""Developments and applications in other hands: what is still open; what is decided keeps its credit."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, cast

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Table, select, update

from app.api import UNSCOPED, Act, Customer, Employee, among, now, record_acts, session, transaction
from app.types import Handing, Holding, Text
from plugins.loans.models import Application, Development
from plugins.loans.rules import LOST, STAGES

_CUSTOMER, _DEVELOPMENT, _APPLICATION = (cast(Table, each.__table__) for each in (Customer, Development, Application))
#: Going on: neither won nor lost, neither decided nor withdrawn.
_GOES_ON = {
    "loans_development": _DEVELOPMENT.c.stage.not_in((STAGES[-1], LOST)),
    "loans_application": _APPLICATION.c.state.in_(("draft", "submitted")),
}


def loan_holdings(employee_id: int) -> tuple[Holding, Holding]:
    """The developments and applications of somebody that go on.

    Granted loans count for whoever won them; whoever takes over the customer sees them and goes on with them.
    """
    return (
        _holding(_DEVELOPMENT, _DEVELOPMENT.c.name, _l("Business developments"), employee_id, 40),
        _holding(_APPLICATION, _APPLICATION.c.number, _l("Loan applications"), employee_id, 50),
    )


def _holding(table: Table, title: Any, label: Text, employee_id: int, order: int) -> Holding:
    slug = table.name
    goes_on = _GOES_ON[slug]
    rows = (
        select(table.c.id.label("id"), table.c.unit_id.label("unit_id"), _CUSTOMER.c.owner_id.label("with_id"))
        .join_from(table, _CUSTOMER, _CUSTOMER.c.id == table.c.customer_id)
        .where(table.c.owner_id == employee_id, goes_on)
    )

    def move(asked: Handing) -> dict[int, str]:
        """Give records that go on to the receiver, in the receiver's unit; the memo is the unit before."""
        units = session.execute(select(table.c.id, table.c.unit_id).where(among(session(), table.c.id, asked.records)))
        memos = {row.id: "" if row.unit_id is None else str(row.unit_id) for row in units}
        to = (asked.receiver_id, _unit_of(asked.receiver_id))
        moved = _hand(table, title, list(asked.records), asked.giver_id, to, goes_on)
        return {number: memos[number] for number in moved}

    def back(asked: Handing) -> list[int]:
        """Give records back that are still the receiver's, in the unit they counted for."""
        by_unit: dict[str, list[int]] = defaultdict(list)
        for number, memo in asked.records.items():
            by_unit[memo].append(number)
        returned: list[int] = []
        for memo, ids in by_unit.items():
            to = (asked.giver_id, int(memo) if memo else None)
            returned += _hand(table, title, ids, asked.receiver_id, to)
        return returned

    return Holding(slug.replace("_", ".") + "s", label, slug, rows, move, back, follows=True, order=order)


def _unit_of(employee_id: int | None) -> int | None:
    unit = select(Employee.unit_id).where(Employee.id == employee_id)
    return session.scalar(unit.execution_options(**{UNSCOPED: True}))


def _hand(
    table: Table, title: Any, ids: list[int], giver: int | None, to: tuple[int | None, int | None],
    *conditions: ColumnElement[bool],
) -> list[int]:  # fmt: skip
    """Change owner and unit of what is the giver's, an audit record each; the ids that changed."""
    owner, unit = to
    with transaction() as current:
        moved = current.execute(
            update(table)
            .where(among(current, table.c.id, ids), table.c.owner_id == giver, *conditions)
            .values(owner_id=owner, unit_id=unit, version=table.c.version + 1, updated_at=now())
            .returning(table.c.id, title.label("title"))
        ).all()
        changes = {"owner_id": [giver, owner]}
        record_acts(current, [Act("assign", table.name, str(row.id), row.title, changes) for row in moved])
    return [row.id for row in moved]


__all__ = ["loan_holdings"]
