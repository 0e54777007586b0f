"""APR-4: the connection to the database is lost in the middle of an act: nothing is half saved or counted twice."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import func, select

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.approvals.messages import told
from app.approvals.models import Case, CaseEvent
from app.approvals.rules.document import Starts
from app.approvals.services import verify_case
from app.db import session
from app.fields.records import find_record, update_record
from app.host.context import entity
from app.notices.models import Message
from app.testing.factories import make_customer
from app.testing.people import Browser, People, login
from tests.kernel.approvals.flows import publish, seat_of, step
from tests.kernel.base.test_lost_connection import killing, lost


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_an_approval_that_loses_its_connection_is_kept_once_or_not_at_all(client: Browser, people: People) -> None:
    publish(step("one", people.head), starts=Starts(change=("level",)))
    kept = select(func.count()).select_from(CaseEvent.__table__)
    for moment in ("change", "commit", "answer"):
        customer = make_customer(f"客户{moment}", people.manager, level="key")
        customers, number = entity("customer"), customer.id
        with acting_as(people.manager.actor):
            held = update_record(customers, find_record(customers, number), {"level": "normal"})
        assert held is not None and held.number is not None
        case, seat = held.number, seat_of(held.number, people.head)
        session.commit()
        before = session.scalar(kept)
        login(client, people.head)
        address = f"/approvals/cases/{case}/approve"
        with killing() as kill, lost(kill, moment, "INSERT INTO approvals_event") as ended:
            answer = client.post(address, data={"seat": seat}, htmx=True)
        assert (ended, answer.status_code) == ([1], 503), moment
        said = answer.headers["HX-Trigger"].encode().decode("unicode_escape")
        assert "系统暂时不可用" in said and answer.headers["X-Trace-Id"] in said
        assert verify_case(case) == []
        if moment != "answer":
            assert session.scalar(kept) == before, "nothing of it is there"
            with acting_as(people.manager.actor):
                assert find_record(customers, number).level == "key"
        again = client.post(address, data={"seat": seat}, htmx=True)
        if moment == "answer":
            with acting_as(people.head.actor):
                assert again.status_code == 422 and told("ended") in again.get_data(as_text=True)
        else:
            assert again.status_code in (204, 303)
        assert session.get_one(Case, case, populate_existing=True).status == "approved"
        kinds = Counter(session.scalars(select(CaseEvent.kind).where(CaseEvent.case_id == case)))
        assert (kinds["approved"], kinds["ended"], kinds["finished"]) == (1, 1, 1)
        assert verify_case(case) == []
        with acting_as(people.manager.actor):
            assert find_record(customers, number).level == "normal"
        same = AuditEntry.entity == "customer", AuditEntry.record_id == str(number)
        changed = session.scalars(select(AuditEntry.action).where(*same, AuditEntry.action == "update")).all()
        notices = session.scalars(
            select(Message.id).where(Message.kind == "approvals.result", Message.link == f"/approvals/cases/{case}")
        ).all()
        assert (len(changed), len(notices)) == (1, 1)
