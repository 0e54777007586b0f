"""ORG-4: a worker killed with -9 in the middle of a handover: every customer moves, and none twice."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import func, select

from app.access.actors import acting_as
from app.access.audit import verify
from app.customers.models import Customer, CustomerOwnership
from app.customers.services import create_customers
from app.db import session
from app.jobs.leases import JOBS
from app.organisation.handover.models import HandoverItem
from app.organisation.handover.rules import Route
from app.organisation.handover.services import start_handover
from app.testing.people import People
from app.types import SYSTEM
from tests.kernel.transfer.test_killed_worker import Worker, seen, until, valkey, worker

__all__ = ["valkey", "worker"]  # fixtures of this file, too

SIZE = 12_000


def test_a_killed_worker_loses_and_doubles_nothing(app: Flask, people: People, worker: Worker) -> None:
    with acting_as(SYSTEM):
        create_customers([{"name": f"客户{n}", "owner_id": people.manager.employee_id} for n in range(SIZE)])
    to = (people.colleague.employee_id, people.head.employee_id)
    with acting_as(people.head.actor):
        made = start_handover("handover", people.manager.employee_id, [Route("customers", receivers=to)])
    number, job_id = made.id, made.job_id
    session.rollback()
    moved = select(func.count(HandoverItem.id)).where(HandoverItem.handover_id == number)
    for share in (0.1, 0.5):
        assert until(lambda share=share: seen(moved) > SIZE * share, 90)
        worker.kill()
    status = select(JOBS.c.status).where(JOBS.c.id == job_id)
    assert until(lambda: seen(status) == "done", 120), seen(status)
    fence = seen(select(JOBS.c.fence).where(JOBS.c.id == job_id))
    assert fence >= 2  # it has been killed in the middle indeed
    owner = select(func.count()).select_from(Customer.__table__)
    assert [seen(owner.where(Customer.__table__.c.owner_id == each)) for each in to] == [SIZE // 2] * 2
    ledger = CustomerOwnership.__table__
    handed = ledger.c.cause == "handover"
    assert seen(select(func.count()).select_from(ledger).where(handed)) == SIZE
    assert seen(select(func.count(func.distinct(ledger.c.customer_id))).where(handed)) == SIZE
    assert seen(moved) == SIZE
    with acting_as(SYSTEM):
        assert verify(session())[1] == ""
