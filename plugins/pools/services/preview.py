"""What a night would take into pools, as the customers stand now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import selectinload

from app.api import UNSCOPED, Customer, current_actor, entity, scope_condition, session
from plugins.pools.models import PoolRule, PoolStanding

_OPEN = {UNSCOPED: True}


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one rule would move: how many customers, and the first of them within the actor's view."""

    rule: PoolRule
    count: int
    customers: tuple[Customer, ...]


def forecast(business_date: date, *, everything: bool = False, rows: int = 20) -> list[Forecast]:
    """What every active rule would take on `business_date`, in the order they are asked; nothing is saved.

    Counts are of the customers within the actor's view, or of all with `everything` (for whoever may start the run);
    the rows are always within the view.
    """
    seen = scope_condition(entity("customer"), current_actor())
    rules = select(PoolRule).where(PoolRule.active, PoolRule.pool_days.is_not(None))
    found: list[Forecast] = []
    for rule in session.scalars(rules.order_by(PoolRule.position, PoolRule.id).execution_options(**_OPEN)):
        due = and_(_due(business_date), PoolStanding.rule_id == rule.id, Customer.id == PoolStanding.customer_id)
        counted = select(func.count(Customer.id)).where(due, true() if everything else seen)
        listed = (
            select(Customer)
            .join(PoolStanding, PoolStanding.customer_id == Customer.id)
            .where(due, seen)
            .options(selectinload(Customer.owner), selectinload(Customer.unit))
            .order_by(PoolStanding.pool_on, Customer.id)
            .limit(rows)
        )
        count = int(session.scalar(counted.execution_options(**_OPEN)) or 0)
        customers = tuple(session.scalars(listed.execution_options(**_OPEN))) if count else ()
        found.append(Forecast(rule, count, customers))
    return found


def count_due(business_date: date, employee_id: int) -> int:
    """How many customers of an employee a night would take into pools."""
    statement = select(func.count(PoolStanding.customer_id)).where(
        PoolStanding.owner_id == employee_id, _due(business_date)
    )
    return int(session.scalar(statement.execution_options(**_OPEN)) or 0)


def _due(business_date: date) -> ColumnElement[bool]:
    return and_(PoolStanding.next_on <= business_date, PoolStanding.pool_on <= business_date)


__all__ = ["Forecast", "count_due", "forecast"]
