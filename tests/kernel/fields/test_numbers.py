"""Numbers the product counts: in every way of making a record, each once, also with two writers."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.access.scope import UNSCOPED
from app.customers.models import Customer
from app.customers.services import create_customer, create_customers
from app.db import session, transaction
from app.fields.custom import counters
from app.fields.custom.renumbering import number_old_records
from app.fields.numbering import BadPattern, read_pattern
from app.fields.records import create_record
from app.host.context import entity
from app.testing.factories import make_customer
from app.testing.people import People
from app.types import SYSTEM, Refused
from tests.kernel.fields.shaping import add_fields, rebuilt
from tests.kernel.fields.test_shaping import change

NUMBER = {"key": "x_no", "label_zh": "档号", "kind": "auto_number", "pattern": "KH-{yyyy}{mm}-{seq:3}"}


def numbers() -> list[str | None]:
    with acting_as(SYSTEM):
        found = session.scalars(select(Customer.x_no).order_by(Customer.id).execution_options(**{UNSCOPED: True}))
        return list(found)


@pytest.mark.parametrize(
    ("text", "code"),
    [("KH-", "seq"), ("{seq}{seq}", "seq"), ("{yyyy", "form"), ("{dow}{seq}", "form"), ("{seq:99}", "form"),
     ("#{seq}", "form"), ("长" * 60 + "{seq}", "long")],
)  # fmt: skip
def test_a_pattern_that_cannot_be(text: str, code: str) -> None:
    with pytest.raises(BadPattern) as bad:
        read_pattern(text)
    assert bad.value.code == code


def test_every_way_of_making_a_record_counts(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_fields(NUMBER)
    moment = datetime(2026, 11, 30, 15, 59, tzinfo=UTC)
    monkeypatch.setattr(counters, "now", lambda: moment)
    with rebuilt(app), acting_as(SYSTEM):
        owner = {"owner_id": people.manager.employee_id}
        create_record(entity("customer"), {"name": "甲", **owner})
        create_customer({"name": "乙", **owner})
        create_customers([{"name": "丙", **owner}, {"name": "丁", **owner}])
        with pytest.raises(ZeroDivisionError), transaction():
            create_customer({"name": "戊", **owner})
            1 / 0  # noqa: B018 - a record that is not kept gives its number back
        moment = moment.replace(day=30, hour=16)  # midnight in Shanghai
        create_customer({"name": "己", **owner})
        session.commit()
        assert numbers() == ["KH-202611-001", "KH-202611-002", "KH-202611-003", "KH-202611-004", "KH-202612-001"]
        with pytest.raises(Refused):
            create_record(entity("customer"), {"name": "庚", "x_no": "KH-1", **owner})


def test_two_writers_never_get_one_number(app: Flask, people: People) -> None:
    add_fields(NUMBER | {"pattern": "{seq}"})
    with rebuilt(app) as new:
        failed: list[BaseException] = []

        def write() -> None:
            try:
                with new.app_context(), acting_as(SYSTEM):
                    for _turn in range(5):
                        create_customers([{"name": "多", "owner_id": people.manager.employee_id}] * 3)
                    session.remove()
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=write) for _number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert sorted(int(number or 0) for number in numbers()) == list(range(1, 46))


def test_records_made_before_the_field(app: Flask, people: People) -> None:
    first, second = (make_customer(name, people.manager) for name in ("甲", "乙"))
    with acting_as(SYSTEM), transaction():
        session.get_one(Customer, first.id).created_at = datetime(2025, 1, 31, 20, tzinfo=UTC)
    add_fields(NUMBER, NUMBER | {"key": "x_bare", "label_zh": "空号"})
    assert number_old_records() == {}
    change("x_no", number_old=True)
    version = session.get_one(Customer, first.id).version
    assert number_old_records() == {"customer.x_no": 2} and number_old_records() == {"customer.x_no": 0}
    with rebuilt(app), acting_as(SYSTEM):
        assert (numbers()[0], session.get_one(Customer, first.id).version) == ("KH-202502-001", version + 1)
        made = session.get_one(Customer, second.id)
        assert made.x_no.startswith("KH-20") and made.x_no.endswith("-001") and made.x_bare is None
        entry = session.scalars(select(AuditEntry).where(AuditEntry.record_id == str(first.id))).all()[-1]
        assert entry.changes == {"x_no": [None, "KH-202502-001"]}


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [("KH-{yyyy}{mm}-{seq:7}", True), ("KH-2{seq:3}", False), ("ZZ{seq}", True), ("", False), ("{yyyy", False)],
)
def test_a_changed_pattern_gives_no_number_twice(app: Flask, people: People, pattern: str, fits: bool) -> None:
    add_fields(NUMBER)
    with rebuilt(app):
        with acting_as(SYSTEM):
            create_customers([{"name": "甲", "owner_id": people.manager.employee_id}])
        if fits:
            change("x_no", pattern=pattern)
            return
        with pytest.raises(Refused) as refused:
            change("x_no", pattern=pattern)
        assert list(refused.value.errors) == ["pattern"]


def test_what_is_not_numbered_has_no_pattern(app: Flask) -> None:
    values: dict[str, Any] = {"key": "x_a", "label_zh": "甲", "kind": "auto_number"}
    with pytest.raises(Refused) as refused:
        add_fields(values)
    assert list(refused.value.errors) == ["pattern"]
