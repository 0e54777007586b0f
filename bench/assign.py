"""Assigning 100,000 customers nobody looks after by load, in the durable job that does it every night."""

from __future__ import annotations

import time

from sqlalchemy import func, select, update

from app.access.actors import acting_as
from app.access.scope import UNSCOPED
from app.customers.assignment.models import AssignmentRule, AssignmentRun
from app.customers.assignment.running import NIGHTLY_JOB
from app.customers.assignment.setup import write_rule, write_target
from app.customers.models import Customer, CustomerOwnership
from app.db import session, transaction
from app.jobs.runner import run_pending
from app.jobs.services import enqueue
from app.types import SYSTEM
from bench.lists import seeded

#: Account managers of the rule: all of the generated bank.
PEOPLE = 400


def main(rows: int = 200_000, unowned: int = 100_000) -> None:
    """Take the owner from half of a generated bank on PostgreSQL, then let one rule give them all away again."""
    with seeded("postgresql", rows) as (app, _admin, _url), app.app_context(), acting_as(SYSTEM):
        with transaction() as current:
            free = update(Customer).where(Customer.id <= unowned).values(owner_id=None, owned_since_at=None)
            current.execute(free.execution_options(**{UNSCOPED: True, "synchronize_session": False}))
        rule = write_rule({"name": "load", "method": "load", "nightly": True, "fallback": "leave"})
        for number in range(1, PEOPLE + 1):
            write_target({"rule_id": rule.id, "way": "person", "employee_id": number})
        with transaction() as current:
            current.execute(update(AssignmentRule).values(active=True))
        enqueue(NIGHTLY_JOB)
        began = time.perf_counter()
        run_pending()
        seconds = time.perf_counter() - began
        session.expire_all()
        made = session.scalars(select(AssignmentRun).execution_options(**{UNSCOPED: True})).one()
        ledger = session.scalar(select(func.count(CustomerOwnership.id)).execution_options(**{UNSCOPED: True}))
        counted = select(func.count()).where(Customer.owner_id.is_not(None)).group_by(Customer.owner_id)
        held = session.scalars(counted.execution_options(**{UNSCOPED: True})).all()
        print(f"{made.given:,} of {unowned:,} customers assigned by load to {PEOPLE} people in {seconds:.1f} s")
        print(f"{made.given / seconds:,.0f} a second; {ledger:,} ledger rows; each holds {min(held)} to {max(held)}")


if __name__ == "__main__":
    main()
