"""Demonstration data: developments at every stage and applications in every state, with their schedules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import cycle
from random import Random
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.api import UNSCOPED, Customer, Employee, acting_as, index_entity, next_ids, now, session, transaction
from app.types import SYSTEM
from plugins.loans import rules
from plugins.loans.demo_approvals import play_cases
from plugins.loans.models import Application, Counter, Development, Instalment
from plugins.loans.services.numbers import next_number
from plugins.loans.services.schedule import schedule_rows

_OPEN = {UNSCOPED: True}
#: How many developments there are; those from the proposal on have an application.
DEVELOPMENTS = 180
#: The stages in turn, and the states of the applications of each.
STAGES = (*rules.STAGES, rules.LOST, *rules.STAGES[:4], "won")
ENDS = {
    "proposal": ("draft", "submitted"),
    "negotiation": ("submitted", "draft", "submitted"),
    "won": ("granted",),
    rules.LOST: ("refused", "withdrawn"),
}
PURPOSES = ("流动资金", "设备购置", "经营周转", "住房装修", "原料采购", "厂房扩建", "消费", "贸易融资")
LOST_REASONS = ("他行利率更低", "暂无资金需求", "担保条件不足", "客户改变计划")
NOTES = ("同意", "材料齐全，同意发放", "还款来源稳定，同意")
REFUSALS = ("负债率过高", "经营年限不足", "担保不足")
RATES = ("3.45", "3.95", "4.35", "4.9", "5.6")
TERMS = (6, 12, 24, 36, 60)


def write_demo(random: Random, progress: Callable[[str], None]) -> None:
    """Write the records; the same customers and people give the same loans."""
    with acting_as(SYSTEM), transaction() as current:
        owned = (
            select(Customer.id, Customer.name, Customer.owner_id, Customer.unit_id)
            .where(Customer.owner_id.is_not(None), Customer.closed_at.is_(None))
            .order_by(Customer.id)
        )
        customers = session.execute(owned.execution_options(**_OPEN)).all()
        if not customers:
            return
        chosen = random.sample(list(customers), min(DEVELOPMENTS, len(customers)))
        heads = _colleagues(current)
        numbers = next_ids(current, Development.__table__, len(chosen))  # type: ignore[arg-type]
        developments, applications = [], []
        stages, ends = cycle(STAGES), {stage: cycle(states) for stage, states in ENDS.items()}
        for number, customer in zip(numbers, chosen, strict=True):
            development = _development(random, number, customer, next(stages))
            developments.append(development)
            if development["stage"] not in ("contact", "need"):
                state = next(ends[development["stage"]])
                applications.append(_application(random, development, state, heads))
        current.execute(insert(Development), developments)
        _store(current, sorted(applications, key=lambda one: one["created_at"]))
        for slug in ("loans_development", "loans_application"):
            index_entity(slug)
        play_cases()
        progress(_("Loans"))


def _colleagues(current: Session) -> dict[int, list[int]]:
    """Who works in each unit, to decide on others' applications."""
    found: dict[int, list[int]] = {}
    statement = select(Employee.unit_id, Employee.id).where(Employee.left_on.is_(None)).order_by(Employee.id)
    for unit_id, employee_id in current.execute(statement.execution_options(**_OPEN)):
        found.setdefault(unit_id, []).append(employee_id)
    return found


def _development(random: Random, number: int, customer: Any, stage: str) -> dict[str, Any]:
    begun = now() - timedelta(days=random.randint(35, 330), minutes=random.randint(0, 1000))
    return {
        "id": number,
        "customer_id": customer.id,
        "name": f"{customer.name[:30]} {random.choice(PURPOSES)}贷款",
        "stage": stage,
        "expected_amount": Decimal(random.randint(5, 500)) * 10_000,
        "expected_on": (begun + timedelta(days=random.randint(30, 200))).date(),
        "need": None,
        "lost_reason": random.choice(LOST_REASONS) if stage == rules.LOST else None,
        "owner_id": customer.owner_id,
        "unit_id": customer.unit_id,
        "stage_since_at": begun + timedelta(days=random.randint(1, 18)),
        "created_at": begun,
        "version": 1,
    }


def _application(
    random: Random, development: dict[str, Any], state: str, heads: dict[int, list[int]]
) -> dict[str, Any]:
    written: datetime = development["stage_since_at"] + timedelta(hours=random.randint(1, 40))
    decided = written + timedelta(days=random.randint(1, 9))
    others = [one for one in heads.get(development["unit_id"], []) if one != development["owner_id"]]
    is_decided = state in ("granted", "refused")
    notes = {"granted": NOTES, "refused": REFUSALS}
    return {
        "customer_id": development["customer_id"],
        "development_id": development["id"],
        "amount": development["expected_amount"],
        "annual_rate": Decimal(random.choice(RATES)),
        "months": random.choice(TERMS),
        "method": random.choice(rules.METHODS),
        "start_on": decided.date() + timedelta(days=5),
        "purpose": random.choice(PURPOSES),
        "state": state,
        "remark": None,
        "submitted_at": written + timedelta(hours=3) if state != "draft" else None,
        "granted_at": decided if state == "granted" else None,
        "decided_by_id": random.choice(others) if is_decided and others else None,
        "decision_note": random.choice(notes[state]) if is_decided else None,
        "owner_id": development["owner_id"],
        "unit_id": development["unit_id"],
        "created_at": written,
        "version": 1,
    }


def _store(current: Session, applications: list[dict[str, Any]]) -> None:
    """Number the applications in the order they were written, and give each its schedule."""
    ids = next_ids(current, Application.__table__, len(applications))  # type: ignore[arg-type]
    lasts: dict[int, int] = {}
    for number, one in zip(ids, applications, strict=True):
        year = one["created_at"].year
        if year not in lasts:
            lasts[year] = int(next_number(current, year)[-6:]) - 1
        lasts[year] += 1
        one["id"], one["number"] = number, f"A{year}-{lasts[year]:06d}"
    for year, last in lasts.items():
        current.execute(
            update(Counter).where(Counter.year == year).values(last=last).execution_options(synchronize_session=False)
        )
    current.execute(insert(Application), applications)
    lines = [row for one in applications for row in schedule_rows(one["id"], _lines(one))]
    current.execute(insert(Instalment), lines)


def _lines(one: dict[str, Any]) -> tuple[rules.Instalment, ...]:
    start: date = one["start_on"]
    return rules.repayment_schedule(one["method"], one["amount"], one["annual_rate"], one["months"], start)


__all__ = ["write_demo"]
