"""The hook `customers_changed`: asked at every door, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from flask import Flask
from sqlalchemy import select

from app.access.actors import acting_as
from app.activities.services import delete_activity, record_activities, record_activity, update_activity
from app.customers.models import Customer
from app.customers.services import (
    Move,
    assign_customers,
    close_customers,
    create_customers,
    move_customers,
    reopen_customers,
)
from app.db import session
from app.fields.records import create_record, update_record
from app.hookspecs import hookimpl
from app.host.context import context, entity
from app.testing.people import People
from app.types import SYSTEM, Refused, Veto


class Listener:
    """A module that notes what it is told, and whether it could see the change."""

    def __init__(self, app: Flask) -> None:
        self.told: list[tuple[Sequence[int], str]] = []
        self.seen: list[list[str | None]] = []
        self.veto: str = ""
        noted = hookimpl(lambda customer_ids, what: self.note(customer_ids, what))
        module = type("Listening", (), {"customers_changed": staticmethod(noted)})
        context(app).hooks.register("listener", module)

    def note(self, customer_ids: Sequence[int], what: str) -> Veto | None:
        self.told.append((list(customer_ids), what))
        table = Customer.__table__
        self.seen.append(list(session.scalars(select(table.c.remark).where(table.c.id.in_(customer_ids)))))
        return Veto("no") if what == self.veto else None


@pytest.fixture
def listener(app: Flask, people: People) -> Listener:
    return Listener(app)


def test_it_is_asked_once_at_every_door(listener: Listener, people: People) -> None:
    manager, colleague = people.manager.employee_id, people.colleague.employee_id
    with acting_as(SYSTEM):
        one = create_record(entity("customer"), {"name": "甲", "owner_id": manager})
        many = create_customers([{"name": "乙"}, {"name": "丙"}])
        update_record(entity("customer"), one, {"remark": "改"})
        assign_customers([one.id], colleague, cause="assign")
        move_customers([Move(one.id, manager, one.unit_id, from_id=colleague)], cause="assign")
        close_customers([one.id])
        reopen_customers([one.id])
        activity = record_activity({"customer_id": one.id, "kind": "call"})
        record_activities([{"customer_id": number, "kind": "call"} for number in many])
        update_activity(activity, {"effective": False})
        delete_activity(activity)
    assert listener.told == [
        ([one.id], "created"), (many, "created"), ([one.id], "fields"), ([one.id], "owner"), ([one.id], "owner"),
        ([one.id], "fields"), ([one.id], "fields"), ([one.id], "follow_up"), (many, "follow_up"),
        ([one.id], "follow_up"), ([one.id], "follow_up"),
    ]  # fmt: skip
    assert listener.seen[2] == ["改"], "the change is written when the hook is asked"


@pytest.mark.parametrize("what", ["created", "fields", "owner", "follow_up"])
def test_a_veto_undoes_the_change(listener: Listener, people: People, what: str) -> None:
    with acting_as(SYSTEM):
        one = create_record(entity("customer"), {"name": "甲", "owner_id": people.manager.employee_id})
        listener.veto = what
        acts = {
            "created": lambda: create_customers([{"name": "乙"}]),
            "fields": lambda: update_record(entity("customer"), one, {"remark": "改"}),
            "owner": lambda: assign_customers([one.id], None, cause="assign"),
            "follow_up": lambda: record_activity({"customer_id": one.id, "kind": "call"}),
        }
        with pytest.raises(Refused, match="no"):
            acts[what]()
        table = Customer.__table__
        rows = session.execute(select(table.c.remark, table.c.owner_id, table.c.last_followed_at)).all()
    assert [tuple(row) for row in rows] == [(None, people.manager.employee_id, None)]
