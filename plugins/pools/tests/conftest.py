"""A bank with pools: one of the branch, one of each sub-branch, and customers of any age."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from app.api import UNSCOPED, Customer, CustomerOwnership, acting_as, now, session, transaction
from app.testing.factories import make_customer, make_record
from app.testing.people import People
from app.types import SYSTEM
from plugins.pools.models import Pool, PoolEntry, PoolMovement, PoolRule, PoolStanding
from plugins.pools.services import reckon

ZONE = ZoneInfo("Asia/Shanghai")
#: The business date of most tests: a Tuesday.
NIGHT = date(2026, 3, 31)


@dataclass(slots=True)
class Bank:
    """The cast, its pools and a rule of thirty days over the branch."""

    people: People
    branch_pool: Pool
    north_pool: Pool
    south_pool: Pool
    #: Assigned by the head only.
    closed_pool: Pool
    rule: PoolRule


@pytest.fixture
def bank(people: People) -> Bank:
    """Pools of the branch and of its sub-branches; the rule fills the northern one from north."""
    north = make_record("pools_pool", code="N", name="北支行客户池", unit_id=people.north.id)
    # not by its screen, which would let a job work the standings out anew
    rule = PoolRule(name="三十天未跟进", pool_days=30, pool_id=north.id)
    with acting_as(SYSTEM), transaction() as current:
        current.add(rule)
    return Bank(
        people,
        make_record("pools_pool", code="B", name="分行公共池", unit_id=people.branch.id),
        north,
        make_record("pools_pool", code="S", name="南支行客户池", unit_id=people.south.id),
        make_record("pools_pool", code="H", name="主管客户池", unit_id=people.north.id, claimable=False),
        rule,
    )


def local(day: date, hour: int = 0, minute: int = 0) -> datetime:
    """A moment on the site's clock."""
    return datetime.combine(day, time(hour, minute), ZONE)


def aged(owner: Any, *, owned: datetime | None = None, followed: datetime | None = None, **values: Any) -> Customer:
    """A customer of `owner`, owned since and last effectively followed up at these moments."""
    customer = make_customer(owner=owner, **values)
    since = owned or local(NIGHT - timedelta(days=400))
    with acting_as(SYSTEM), transaction() as current:
        table = Customer.__table__
        moments = {"owned_since_at": since, "created_at": since, "last_effective_at": followed}
        current.execute(update(table).where(table.c.id == customer.id).values(**moments))
        reckon(current, [customer.id])
    session.expire(customer)
    return customer


def put(customer: Customer, pool: Pool, former: Any = None) -> Customer:
    """Let a customer lie in a pool, as if a rule had moved it long ago."""
    with acting_as(SYSTEM), transaction() as current:
        table = Customer.__table__
        lying = {"owner_id": None, "owned_since_at": None, "unit_id": pool.unit_id}
        current.execute(update(table).where(table.c.id == customer.id).values(**lying))
        former_id = getattr(former, "employee_id", former)
        current.add(
            PoolEntry(customer_id=customer.id, pool_id=pool.id, unit_id=pool.unit_id, from_employee_id=former_id)
        )
        current.flush()
        reckon(current, [customer.id])
    session.expire(customer)
    return customer


def lose(customer: Customer, pool: Pool, at: datetime) -> Customer:
    """Let a pool take a customer from its owner, as a nightly run does, at that moment."""
    with acting_as(SYSTEM):
        session.add(
            PoolMovement(
                customer_id=customer.id, act="recycle", from_employee_id=customer.owner_id, to_pool_id=pool.id, at=at
            )
        )
        session.commit()
    return put(customer, pool, customer.owner_id)


def rows(statement: Any) -> list[tuple[Any, ...]]:
    """All rows of a statement, whoever acts."""
    return [tuple(row) for row in session.execute(statement.execution_options(**{UNSCOPED: True}))]


def entries() -> dict[int, int]:
    """What lies where now: {customer id: pool id}."""
    return dict(rows(select(PoolEntry.customer_id, PoolEntry.pool_id)))


def story(customer: Customer) -> list[tuple[Any, ...]]:
    """The movements of a customer: (act, pool, from, to)."""
    m = PoolMovement
    return rows(
        select(m.act, func.coalesce(m.to_pool_id, m.from_pool_id), m.from_employee_id, m.to_employee_id)
        .where(m.customer_id == customer.id)
        .order_by(m.id)
    )


def ownership(customer: Customer) -> list[tuple[Any, ...]]:
    """The kernel's ledger of a customer after its creation: (from, to, cause)."""
    o = CustomerOwnership
    return rows(
        select(o.from_employee_id, o.to_employee_id, o.cause)
        .where(o.customer_id == customer.id, o.cause != "create")
        .order_by(o.id)
    )


def redden(bank: Bank, *customers: Customer) -> None:
    """Let customers be marked red under the bank's rule, as the nightly run of some day would have."""
    with acting_as(SYSTEM), transaction() as current:
        ladder = {"amber_days": 10, "red_days": 10, "pool_days": 10, "keep_days": 15}
        current.execute(update(PoolRule.__table__).where(PoolRule.id == bank.rule.id).values(**ladder))
        ids = [customer.id for customer in customers]
        table = Customer.__table__
        quiet = {"last_effective_at": now() - timedelta(days=25), "owned_since_at": now() - timedelta(days=60)}
        current.execute(update(table).where(table.c.id.in_(ids)).values(**quiet))
        reckon(current, ids)
        current.execute(update(PoolStanding.__table__).where(PoolStanding.customer_id.in_(ids)).values(stage="red"))
        reckon(current, ids)
    session.expire_all()


def standing(customer: Customer) -> tuple[Any, ...]:
    """(stage, why spared, kept until) of a customer."""
    s = PoolStanding
    (found,) = rows(select(s.stage, s.spared, s.kept_until).where(s.customer_id == customer.id))
    return found
