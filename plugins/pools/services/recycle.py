"""The nightly recycle: one set-based pass per rule, keyed by rule and business date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, insert, literal, or_, select
from sqlalchemy.orm import Session, joinedload

from app.api import (
    UNSCOPED,
    Customer,
    Unit,
    UtcDateTime,
    among,
    assign_customers,
    condition_of,
    context,
    now,
    session,
    transaction,
)
from plugins.pools.models import Pool, PoolEntry, PoolMovement, PoolRule
from plugins.pools.rules import draws_from, last_safe_day

_OPEN = {UNSCOPED: True}
WorkingDay = Callable[[date], bool]


def active_rules() -> list[PoolRule]:
    """Every rule in force whose pool is in use, oldest first: the order in which they move customers."""
    statement = (
        select(PoolRule)
        .join(Pool, Pool.id == PoolRule.pool_id)
        .where(PoolRule.active, Pool.active, PoolRule.pool_days.is_not(None))
        .options(joinedload(PoolRule.pool).joinedload(Pool.unit), joinedload(PoolRule.unit))
        .order_by(PoolRule.position, PoolRule.id)
    )
    return list(session.scalars(statement.execution_options(populate_existing=True, **_OPEN)))


def catch_up(business_date: date, is_working_day: WorkingDay) -> dict[int, int]:
    """Run every active rule for a business date; {rule id: customers moved}.

    Each rule is a transaction of its own, so a run that is cut off goes on where it stopped.
    """
    ids = [rule.id for rule in active_rules()]
    session.commit()
    return {rule_id: recycle_customers(rule_id, business_date, is_working_day) for rule_id in ids}


def recycle_customers(rule_id: int, business_date: date, is_working_day: WorkingDay) -> int:
    """Move every customer that is due under one rule into the rule's pool (收回); returns how many moved.

    One transaction: the due rows are locked, then ledger, pool entries, and the owner taken away with the
    ownership ledger. Run twice for the same date it moves nothing the second time: what moved has no
    owner, and the ledger's key is (customer, rule, business date).
    """
    with transaction() as current:
        rule = current.scalar(
            select(PoolRule).where(PoolRule.id == rule_id).with_for_update().execution_options(populate_existing=True)
        )
        if rule is None or not rule.active or rule.pool is None or not rule.pool.active:
            return 0
        due = _lock_due(current, rule, business_date, is_working_day)
        if not due:
            return 0
        _write_movements(current, rule, business_date, due)
        _write_entries(current, rule, due)
        assign_customers(
            among(current, Customer.id, due),
            None,
            cause="pools.recycle",
            reason=rule.name,
            unit_id=rule.pool.unit_id,
            scoped=False,
        )
        return len(due)


def due_condition(rule: PoolRule, business_date: date, is_working_day: WorkingDay) -> ColumnElement[bool]:
    """The SQL condition for customers that `rule` recycles on `business_date`.

    A new owner has the full time from the day of taking over: both the last effective follow-up and the start of
    ownership must be older than the last safe day (in the site's time zone). One sequential pass over the customers
    answers it: on most nights most rows are not due, and no index begins with either moment.
    """
    days = sum(each or 0 for each in (rule.amber_days, rule.red_days, rule.pool_days))
    safe = last_safe_day(business_date, days, is_working_day if rule.working_days else None)
    moment = datetime.combine(safe, time.min, ZoneInfo(context().site.timezone)).astimezone(UTC)
    parts = [
        Customer.owner_id.is_not(None),
        Customer.closed_at.is_(None),
        func.coalesce(Customer.owned_since_at, Customer.created_at) < moment,
        or_(Customer.last_effective_at.is_(None), Customer.last_effective_at < moment),
        _within(rule),
    ]
    if rule.condition:
        parts.append(condition_of("customer", rule.condition))
    return and_(*parts)


def _within(rule: PoolRule) -> ColumnElement[bool]:
    """Customers of the rule's unit and below; without one, of the pool's."""
    path = draws_from(rule.unit.path if rule.unit is not None else None, rule.pool.unit.path)
    if path is None:  # the units were moved after the rule was written
        return Customer.id < 0
    return Customer.unit_id.in_(select(Unit.id).where(Unit.path >= path, Unit.path < path[:-1] + "0"))


def _lock_due(current: Session, rule: PoolRule, business_date: date, is_working_day: WorkingDay) -> list[int]:
    """Ids of the customers due, their rows locked: whoever is handing one over at this moment comes first or last."""
    seen = select(PoolMovement.id).where(
        PoolMovement.customer_id == Customer.id,
        PoolMovement.rule_id == rule.id,
        PoolMovement.business_date == business_date,
    )
    statement = (
        select(Customer.id)
        .where(due_condition(rule, business_date, is_working_day), ~seen.exists())
        .order_by(Customer.id)
        .with_for_update(key_share=True)
    )
    return list(current.scalars(statement.execution_options(**_OPEN)))


def _write_movements(current: Session, rule: PoolRule, business_date: date, due: Sequence[int]) -> None:
    rows = select(
        Customer.id,
        literal("recycle"),
        literal(rule.pool_id),
        Customer.owner_id,
        literal(rule.id),
        literal(rule.version),
        literal(business_date),
        literal(rule.name),
        literal(now(), UtcDateTime),
    ).where(among(current, Customer.id, due))
    columns = (
        "customer_id",
        "act",
        "to_pool_id",
        "from_employee_id",
        "rule_id",
        "rule_version",
        "business_date",
        "reason",
        "at",
    )
    _insert(current, PoolMovement, columns, rows)


def _write_entries(current: Session, rule: PoolRule, due: Sequence[int]) -> None:
    rows = select(
        Customer.id,
        literal(rule.pool_id),
        literal(rule.pool.unit_id),
        Customer.owner_id,
        literal(now(), UtcDateTime),
    ).where(among(current, Customer.id, due))
    _insert(current, PoolEntry, ("customer_id", "pool_id", "unit_id", "from_employee_id", "entered_at"), rows)


def _insert(current: Session, model: Any, columns: Sequence[str], rows: Any) -> None:
    statement = insert(model).from_select(columns, rows, include_defaults=False)
    current.execute(statement.execution_options(**_OPEN))


__all__ = [
    "active_rules", "catch_up", "due_condition", "recycle_customers",
]  # fmt: skip
