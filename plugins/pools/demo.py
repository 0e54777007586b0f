"""Demonstration data: a pool per branch with its rule, customers that lie in it, and what became of others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, insert, select

from app.api import UNSCOPED, Customer, Employee, Unit, acting_as, assign_customers, now, session, transaction
from app.types import SYSTEM
from plugins.pools.models import Pool, PoolEntry, PoolMovement, PoolRule

_OPEN = {UNSCOPED: True}
#: The most units that get a pool, and customers that went through each.
UNITS, CUSTOMERS = 8, 24


def write_demo(random: Random, progress: Callable[[str], None]) -> None:
    """Write the records; the same customers and people give the same pools."""
    with acting_as(SYSTEM), transaction() as current:
        for unit in _units_with_people():
            pool = Pool(code=f"P-{unit.code}", name=_("Pool of %(unit)s", unit=unit.name), unit_id=unit.id)
            current.add(pool)
            current.flush()
            name = _("No effective follow-up for %(days)s days", days=180)
            rule = PoolRule(name=name, pool_days=180, pool_id=pool.id, unit_id=unit.id)
            current.add(rule)
            current.flush()
            _let_customers_through(random, unit, pool, rule)
        progress(_("Pools"))


def _units_with_people() -> list[Unit]:
    """The units with the most account managers of their own."""
    statement = (
        select(Unit)
        .join(Employee, Employee.unit_id == Unit.id)
        .join(Customer, Customer.owner_id == Employee.id)
        .group_by(Unit.id)
        .order_by(func.count(Customer.id).desc(), Unit.id)
        .limit(UNITS)
    )
    return list(session.scalars(statement.execution_options(**_OPEN)))


def _let_customers_through(random: Random, unit: Unit, pool: Pool, rule: PoolRule) -> None:
    """Some customers went into the pool over the last two months; a third of them was claimed or assigned since."""
    current, today = session(), now()
    owned = (
        select(Customer.id, Customer.owner_id)
        .where(Customer.unit_id == unit.id, Customer.owner_id.is_not(None), Customer.closed_at.is_(None))
        .order_by(Customer.last_effective_at, Customer.id)
        .limit(CUSTOMERS * 2)
    )
    rows = [(row.id, row.owner_id) for row in session.execute(owned.execution_options(**_OPEN))]
    chosen = sorted(random.sample(rows, min(CUSTOMERS, len(rows))))
    people = sorted({owner for _customer, owner in rows})
    movements: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    taken: dict[tuple[int, str], list[int]] = defaultdict(list)
    for customer_id, owner_id in chosen:
        entered = today - timedelta(days=random.randint(3, 60), minutes=random.randint(0, 600))
        shared = {"customer_id": customer_id}
        movements.append(
            {
                **shared, "act": "recycle", "from_employee_id": owner_id, "to_employee_id": None, "from_pool_id": None,
                "to_pool_id": pool.id, "rule_id": rule.id,
                "rule_version": 1, "business_date": entered.date(), "reason": rule.name, "at": entered,
            }
        )  # fmt: skip
        others = [person for person in people if person != owner_id]
        if others and random.random() < 1 / 3:
            to, act = random.choice(others), random.choice(("claim", "assign"))
            taken[to, act].append(customer_id)
            movements.append(
                {
                    **shared, "act": act, "from_employee_id": None, "to_employee_id": to, "from_pool_id": pool.id,
                    "to_pool_id": None, "rule_id": None,
                    "rule_version": None, "business_date": None, "reason": "", "at": entered + timedelta(hours=30),
                }
            )  # fmt: skip
        else:
            lying = {"pool_id": pool.id, "unit_id": unit.id, "from_employee_id": owner_id, "entered_at": entered}
            entries.append({**shared, **lying})
    if not movements:
        return
    assign_customers(
        [customer_id for customer_id, _owner in chosen], None, cause="pools.recycle", reason=rule.name, unit_id=unit.id
    )
    for (to, act), ids in sorted(taken.items()):
        assign_customers(ids, to, cause=f"pools.{act}")
    current.execute(insert(PoolMovement), movements)
    if entries:
        current.execute(insert(PoolEntry), entries)


__all__ = ["write_demo"]
