"""Roll-ups: figures over linking records, kept true by whatever writes those, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from app.access.actors import acting_as
from app.activities.services import record_activities
from app.base import shaping
from app.customers.models import Contact, Customer
from app.db import now, session, transaction
from app.fields.custom.linked import removing
from app.fields.records import create_record, delete_record, update_record
from app.host.context import entity
from app.testing.factories import make_customer
from app.testing.jobs import run_pending
from app.testing.people import People, login
from app.types import SYSTEM, Refused
from tests.kernel.base.lists import URL, rows
from tests.kernel.fields.shaping import add_fields, rebuilt
from tests.kernel.fields.test_formulas import kept
from tests.kernel.fields.test_shaping import change, field

ROLLUP = {"source": "rollup", "rollup_of": "contact.customer_id"}
SPENT = {"source": "rollup", "rollup_of": "activity.customer_id"}
FIELDS = (
    {"key": "x_people", "label_zh": "联系人数", "kind": "integer", "rollup_by": "count", "in_list": True, **ROLLUP},
    {"key": "x_shares", "label_zh": "股份", "kind": "decimal", "rollup_by": "sum", "rollup_field": "share_percent",
     "rollup_where": "role == 'shareholder' && !(name == '乙')", **ROLLUP},
    {"key": "x_born", "label_zh": "最年长", "kind": "date", "rollup_by": "min", "rollup_field": "birth_date", **ROLLUP},
    {"key": "x_mean", "label_zh": "平均金额", "kind": "money", "rollup_by": "average", "rollup_field": "amount",
     "rollup_where": "effective", **SPENT},
    {"key": "x_rest", "label_zh": "其余", "kind": "decimal", "source": "formula",
     "formula": "100 - coalesce(x_shares, 0)"},
)  # fmt: skip


@pytest.fixture
def shaped(app: Flask, people: People, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    monkeypatch.setattr(shaping, "NOTICED", timedelta(0))
    add_fields(*FIELDS)
    with rebuilt(app) as new:
        yield new


def figures(pk: int) -> tuple[Any, ...]:
    record = kept(pk)
    return (record.x_people, record.x_shares, record.x_born, record.x_mean, record.x_rest)


def test_figures_follow_every_write(shaped: Flask, people: People) -> None:
    first, second = (make_customer(name, people.manager).id for name in ("甲企", "乙企"))
    session.commit()
    contact = entity("contact")
    with acting_as(SYSTEM):
        assert figures(first) == (0, None, None, None, 100)
        values = {"customer_id": first, "role": "shareholder", "share_percent": "40", "birth_date": "1980-02-01"}
        version = kept(first).version
        one = create_record(contact, {"name": "甲", **values})
        create_record(contact, {"name": "乙", **values, "birth_date": "1970-01-01"})
        assert (*map(str, figures(first)),) == ("2", "40", "1970-01-01", "None", "60")
        assert kept(first).version == version
        update_record(contact, one, {"share_percent": "25.5"})
        assert figures(first)[1] == Decimal("25.5") and figures(first)[4] == Decimal("74.5")
        with transaction():
            session.get_one(Contact, one.id).customer_id = second  # moved: both customers are added up
        assert (figures(first)[0], figures(second)[0], figures(second)[1]) == (1, 1, Decimal("25.5"))
        delete_record(contact, one)
        assert figures(second) == (0, None, None, None, 100)
        visit = {"customer_id": second, "kind": "visit", "subject": "访", "at": now(), "result": "deal"}
        ids = record_activities([{**visit, "amount": Decimal(amount)} for amount in (10, 15)])
        assert figures(second)[3] == Decimal("12.50")
        with transaction() as current, removing(current, entity("activity").model.__table__, ids):
            current.execute(entity("activity").model.__table__.delete())
        assert figures(second)[3] is None


def test_an_edit_keeps_what_others_added_meanwhile(shaped: Flask, people: People) -> None:
    pk = make_customer("甲企", people.manager).id
    add_fields({"key": "x_note", "label_zh": "附注", "kind": "text"})
    with rebuilt(shaped), acting_as(SYSTEM):
        record = session.get_one(Customer, pk)
        assert record.x_people == 0
        table = Customer.__table__
        with transaction() as current:  # as another process leaves it between our reading and our writing
            document = {**record.custom, "x_people": 7}
            current.connection().execute(table.update().where(table.c.id == pk).values(custom=document))
            record.x_note = "新"
        assert (kept(pk).x_people, kept(pk).x_note) == (7, "新")


def test_all_records_are_added_up_in_the_background(shaped: Flask, people: People) -> None:
    pk = make_customer("甲企", people.manager).id
    with acting_as(SYSTEM), transaction() as current:
        made = Contact.__table__.insert().values(
            customer_id=pk, name="丙", role="main", created_at=now(), updated_at=now()
        )
        current.connection().execute(made)
    assert kept(pk).x_people == 0
    change("x_people", label_zh="联系人")
    run_pending()
    assert kept(pk).x_people == 1
    client: Any = login(shaped.test_client(), people.manager)
    assert rows(client.get(URL, query_string={"f.x_people.from": "1", "sort": "-x_people"})) == [pk]
    etag = client.get(f"/api/v1/customer/{pk}").headers["ETag"]
    assert client.put(f"/api/v1/customer/{pk}", json={"x_people": 3}, headers={"If-Match": etag}).status_code == 422


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"rollup_of": "employee.unit_id"}, "rollup_of"), ({"rollup_of": ""}, "rollup_of"),
    ({"rollup_by": ""}, "rollup_by"), ({"kind": "money"}, "kind"), ({"rollup_by": "sum"}, "rollup_field"),
    ({"rollup_by": "sum", "rollup_field": "name"}, "kind"),
    ({"rollup_by": "max", "rollup_field": "birth_date"}, "kind"),
    ({"rollup_where": "nam == 'a'"}, "rollup_where"), ({"rollup_where": "trim(name) == 'a'"}, "rollup_where"),
    ({"rollup_where": "customer_id == null"}, "rollup_where"), ({"sole": True}, "sole"),
)  # fmt: skip


def test_what_cannot_be_rolled_up_is_refused(app: Flask) -> None:
    for values, where in WRONG:
        with pytest.raises(Refused) as refused:
            add_fields({"label_zh": "新", "kind": "integer", "rollup_by": "count", **ROLLUP, **values})
        assert list(refused.value.errors) == [where], values


def test_a_field_that_is_rolled_up_stays(app: Flask, people: People) -> None:
    add_fields({"entity": "contact", "key": "x_sum", "label_zh": "存款", "kind": "money"})
    add_fields(
        {"key": "x_all", "label_zh": "总存款", "kind": "money", "rollup_by": "sum", "rollup_field": "x_sum", **ROLLUP}
    )
    with pytest.raises(Refused) as refused:
        change("x_sum", active=False)
    assert "总存款" in str(refused.value.reason)
    shaper = people.add("shaper", "业管", people.head_office, "business_admin")
    client: Any = login(app.test_client(), shaper)
    pages = [client.get(f"/custom_field/show/{field(key).id}/tab/dependencies", htmx=True).text
             for key in ("x_sum", "x_all")]  # fmt: skip
    assert "总存款" in pages[0] and "联系人 · 存款" in pages[1] and "contact.customer_id" in pages[1]
    with rebuilt(app), acting_as(SYSTEM):
        pk = make_customer("甲企", people.manager).id
        for amount in ("1.10", "2.20"):
            create_record(entity("contact"), {"name": "甲", "customer_id": pk, "x_sum": amount})
        assert kept(pk).x_all == Decimal("3.30")
