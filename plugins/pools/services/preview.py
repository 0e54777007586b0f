"""What the rules would move on a night, without moving it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import selectinload

from app.api import UNSCOPED, Customer, current_actor, entity, scope_condition, session
from plugins.pools.models import PoolRule
from plugins.pools.services.recycle import WorkingDay, active_rules, due_condition

_OPEN = {UNSCOPED: True}


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one rule would move: how many customers, and the first of them within the actor's view."""

    rule: PoolRule
    count: int
    customers: tuple[Customer, ...]


def forecast(
    business_date: date, is_working_day: WorkingDay, *, everything: bool = False, rows: int = 20
) -> list[Forecast]:
    """What every active rule would move on `business_date`, in the order the rules run; nothing is saved.

    A customer due under two rules counts for the first. Counts are of the customers within the actor's view, or
    of all with `everything` (for whoever may start the run); the rows are always within the view.
    """
    seen = scope_condition(entity("customer"), current_actor())
    found: list[Forecast] = []
    earlier: list[ColumnElement[bool]] = []
    for rule in active_rules():
        due = due_condition(rule, business_date, is_working_day)
        mine = and_(due, or_(*earlier).is_not(true())) if earlier else due
        earlier.append(due)
        counted = select(func.count(Customer.id)).where(mine if everything else and_(mine, seen))
        listed = (
            select(Customer)
            .where(mine, seen)
            .options(selectinload(Customer.owner), selectinload(Customer.unit))
            .order_by(Customer.last_effective_at, Customer.id)
            .limit(rows)
        )
        count = int(session.scalar(counted.execution_options(**_OPEN)) or 0)
        customers = tuple(session.scalars(listed.execution_options(**_OPEN))) if count else ()
        found.append(Forecast(rule, count, customers))
    return found


def count_due(business_date: date, is_working_day: WorkingDay, employee_id: int) -> int:
    """How many customers of an employee the rules would move on `business_date`."""
    due = [due_condition(rule, business_date, is_working_day) for rule in active_rules()]
    if not due:
        return 0
    statement = select(func.count(Customer.id)).where(Customer.owner_id == employee_id, or_(*due))
    return int(session.scalar(statement.execution_options(**_OPEN)) or 0)


__all__ = ["Forecast", "count_due", "forecast"]
