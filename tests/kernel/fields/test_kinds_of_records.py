"""Every kind of record that can have custom fields keeps them through its own verbs, alone and many at once."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.access.actors import acting_as
from app.db import session, transaction
from app.fields.custom.stored import is_extensible
from app.fields.records import create_record, update_record
from app.fields.values import read_values
from app.host.context import context, entity
from app.testing.factories import make_customer
from app.testing.people import People
from app.transfer.services.columns import Row
from app.transfer.services.writing import create_rows
from app.types import SYSTEM
from tests.kernel.fields.shaping import add_fields, rebuilt


@pytest.fixture
def needed(people: People) -> dict[str, dict[str, Any]]:
    """What each kind of record cannot do without."""
    customer = make_customer("赵敏", people.manager).id
    unit, employee = people.north.id, people.manager.employee_id
    return {
        "customer": {"name": "钱敏", "owner_id": employee},
        "contact": {"name": "孙敏", "customer_id": customer, "role": "main"},
        "activity": {"customer_id": customer, "kind": "call", "subject": "电话", "employee_id": employee},
        "unit": {"code": "U77", "name": "支行东", "parent_id": unit},
        "loans_development": {"customer_id": customer, "name": "设备贷款"},
        "loans_application": {
            "customer_id": customer, "amount": "120000", "annual_rate": "4.35", "months": "12",
            "start_on": "2026-01-31",
        },
        "employee": {"code": "E77", "name": "李敏", "unit_id": unit},
    }  # fmt: skip


def test_each_keeps_the_value(app: Flask, people: People, needed: dict[str, dict[str, Any]]) -> None:
    kinds = [slug for slug, one in context().entities.items() if is_extensible(one)]
    assert set(kinds) == set(needed)
    session.commit()
    for slug in kinds:
        add_fields({"entity": slug, "key": "x_note", "label_zh": "附注", "kind": "text", "sole": slug == "unit"})
    with rebuilt(app), acting_as(SYSTEM):
        for slug in kinds:
            described = entity(slug)
            record = create_record(described, {**needed[slug], "x_note": "一"})
            session.refresh(record)
            assert (record.x_note, record.custom) == ("一", {"x_note": "一"}), slug
            update_record(described, record, {"x_note": "二"})
            session.refresh(record)
            assert record.x_note == "二", slug
            values = {**typed(described, needed[slug]), "x_note": "三", **other(described, needed[slug])}
            with transaction() as current:
                made = create_rows(current, described, [Row(2, 0, 0, values)])
            assert session.get_one(described.model, made[0], populate_existing=True).x_note == "三", slug


def typed(described: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The values as a file's row has them, with the defaults filled in."""
    return read_values(described, values, creating=True)


def other(described: Any, values: dict[str, Any]) -> dict[str, Any]:
    """What a second record of the kind must have of its own."""
    return {"code": "Z78"} if "code" in values else {}
