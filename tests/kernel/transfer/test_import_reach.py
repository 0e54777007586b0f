"""TRF-1, SEC-2: a file adds nothing to a customer whoever imports it may only look at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select

from app.access.actors import acting_as
from app.customers.models import Contact, CustomerShare
from app.db import session, transaction
from app.host.context import entity
from app.testing.factories import make_customer
from app.testing.people import People
from app.transfer.messages import problems_text
from app.transfer.models import ImportRow
from app.types import SYSTEM
from tests.kernel.transfer.tables import csv_bytes, imported


def test_contacts_go_only_below_customers_one_may_change(people: People) -> None:
    own = make_customer("张三", people.manager, code="K1")
    looked_at, written = (
        make_customer("李四", people.stranger, code="K2"),
        make_customer("王五", people.stranger, code="K3"),
    )
    make_customer("赵六", people.stranger, code="K4")
    with acting_as(SYSTEM), transaction() as current:
        for customer, can_write in ((looked_at, False), (written, True)):
            share: dict[str, Any] = {"customer_id": customer.id, "employee_id": people.manager.employee_id}
            current.add(CustomerShare(**share, can_write=can_write))
    expected, actor = {own.id, written.id}, people.manager.actor
    may = replace(actor, permissions=actor.permissions | {("can_import", entity("contact").view_name)})
    rows = [("customer_id", "name"), *((f"K{number}", f"联系人{number}") for number in (1, 2, 3, 4))]
    with acting_as(may):
        made = imported(csv_bytes(*rows), "联系人.csv", "contact")
        refused = session.scalars(
            select(ImportRow).where(ImportRow.import_id == made.id, ImportRow.outcome == "failed")
        )
        told = {row.number: problems_text(entity("contact"), row.problems) for row in refused}
    with acting_as(SYSTEM):
        below = set(session.scalars(select(Contact.customer_id)))
    assert below == expected
    assert sorted(told) == [3, 5]
    assert "无权修改" in told[3]
    assert "K4" in told[5] and told[5] != told[3]
