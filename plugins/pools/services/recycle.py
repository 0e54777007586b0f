"""The nightly recycle: one set-based pass per rule, keyed by rule and business date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, insert, literal, null, or_, select
from sqlalchemy.orm import Session

from app.api import UNSCOPED, Customer, Unit, UtcDateTime, assign_customers, context, now, transaction
from plugins.pools.models import PoolEntry, PoolMovement, PoolRule
from plugins.pools.rules import last_safe_day


def recycle_customers(rule_id: int, business_date: date, is_working_day: Callable[[date], bool]) -> int:
    """Move every customer that is due under one rule into the rule's pool; returns how many moved.

    One transaction: ledger, pool entries, owner taken away with the ownership ledger. Run twice for the same
    date it moves nothing the second time, because the ledger's key is (customer, rule, business date).
    """
    with transaction() as current:
        rule = current.scalars(select(PoolRule).where(PoolRule.id == rule_id).with_for_update()).one()
        if not rule.active or not rule.pool.active:
            return 0
        moved = _write_movements(current, rule, business_date, is_working_day)
        if not moved:
            return 0
        of_tonight = select(PoolMovement.customer_id).where(
            PoolMovement.rule_id == rule.id, PoolMovement.business_date == business_date
        )
        _write_entries(current, rule, business_date)
        assign_customers(
            and_(Customer.owner_id.is_not(None), Customer.id.in_(of_tonight)),
            None,
            cause="pools.recycle",
            reason=rule.name,
        )
        return moved


def due_condition(
    rule: PoolRule, business_date: date, is_working_day: Callable[[date], bool]
) -> ColumnElement[bool]:
    """The SQL condition for customers that `rule` recycles on `business_date`.

    A new owner has the full time from the day of taking over: both the last effective follow-up and the
    start of ownership must be older than the last safe day (in the site's time zone).
    """
    safe = last_safe_day(business_date, rule.days, is_working_day if rule.working_days else None)
    moment = datetime.combine(safe, time.min, ZoneInfo(context().site.timezone)).astimezone(UTC)
    parts = [
        Customer.owner_id.is_not(None),
        Customer.closed_at.is_(None),
        func.coalesce(Customer.owned_since_at, Customer.created_at) < moment,
        or_(Customer.last_effective_at.is_(None), Customer.last_effective_at < moment),
    ]
    if rule.customer_kind:
        parts.append(Customer.kind == rule.customer_kind)
    if rule.unit is not None:
        path = rule.unit.path
        parts.append(Customer.unit_id.in_(select(Unit.id).where(Unit.path >= path, Unit.path < path[:-1] + "0")))
    return and_(*parts)


def _write_movements(
    current: Session, rule: PoolRule, business_date: date, is_working_day: Callable[[date], bool]
) -> int:
    seen = select(PoolMovement.id).where(
        PoolMovement.customer_id == Customer.id,
        PoolMovement.rule_id == rule.id,
        PoolMovement.business_date == business_date,
    )
    due = select(
        Customer.id,
        literal("recycle"),
        literal(rule.pool_id),
        Customer.owner_id,
        null(),
        literal(rule.id),
        literal(rule.version),
        literal(business_date),
        literal(rule.name),
        literal(now(), UtcDateTime),
    ).where(due_condition(rule, business_date, is_working_day), ~seen.exists())
    columns = (
        "customer_id", "act", "pool_id", "from_employee_id", "to_employee_id", "rule_id", "rule_version",
        "business_date", "reason", "at",
    )
    written = current.execute(
        insert(PoolMovement).from_select(columns, due, include_defaults=False).execution_options(**{UNSCOPED: True})
    )
    return int(written.rowcount)


def _write_entries(current: Session, rule: PoolRule, business_date: date) -> None:
    fresh = select(
        PoolMovement.customer_id,
        PoolMovement.pool_id,
        literal(rule.pool.unit_id),
        PoolMovement.from_employee_id,
        PoolMovement.at,
    ).where(PoolMovement.rule_id == rule.id, PoolMovement.business_date == business_date)
    columns = ("customer_id", "pool_id", "unit_id", "from_employee_id", "entered_at")
    current.execute(
        insert(PoolEntry).from_select(columns, fresh, include_defaults=False).execution_options(**{UNSCOPED: True})
    )


def catch_up(business_date: date, is_working_day: Callable[[date], bool]) -> dict[str, int]:
    """Run every active rule for a business date, oldest rule first; {rule name: customers moved}.

    Each rule is a transaction of its own, so a run that is cut off goes on where it stopped.
    """
    with transaction() as current:
        rules = current.execute(select(PoolRule.id, PoolRule.name).where(PoolRule.active).order_by(PoolRule.id)).all()
    return {name: recycle_customers(rule_id, business_date, is_working_day) for rule_id, name in rules}


__all__ = ["catch_up", "due_condition", "recycle_customers"]
