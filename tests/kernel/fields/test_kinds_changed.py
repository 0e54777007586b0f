"""A field becomes one of another kind: tried first, then changed for all records in one step."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from app.access.actors import acting_as
from app.access.models import AuditEntry, FieldPermission
from app.customers.models import Customer
from app.db import session, transaction
from app.fields.custom.conversion.converting import PAIRS, converter
from app.fields.custom.guarding import Reshaped, hold_kinds
from app.fields.custom.indexing import is_built
from app.fields.custom.rules import read_choices
from app.fields.records import update_record
from app.fields.rules import BadValue
from app.fields.values import read_value
from app.host.context import entity
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, login
from app.types import SYSTEM, Field, Kind, Refused
from tests.kernel.fields.shaping import add_fields, rebuilt
from tests.kernel.fields.test_several import made
from tests.kernel.fields.test_shaping import field, give

ZONE = ZoneInfo("Asia/Shanghai")
COLOURS = read_choices("red | 红 | Red\nblue | 蓝 | Blue")


@pytest.mark.parametrize(
    ("old", "was", "new", "becomes"),
    [
        ("text", " 1,234 ", "integer", 1234),
        ("text", "12.5", "integer", BadValue),
        ("text", "1.234", "money", BadValue),
        ("text", "2024/2/29", "date", "2024-02-29"),
        ("text", "昨天", "date", BadValue),
        ("text", "红", "choice", "red"),
        ("text", "BLUE", "choice", "blue"),
        ("text", "绿", "choice", BadValue),
        ("text", "红；blue", "choices", ("red", "blue")),
        ("choice", "blue", "text", "蓝"),
        ("choice", "blue", "choices", ("blue",)),
        ("choices", '["red"]', "choice", "red"),
        ("choices", '["red", "blue"]', "choice", BadValue),
        ("choices", '["red", "blue"]', "text", "红; 蓝"),
        ("integer", "7", "money", "7"),
        ("decimal", "7.0", "integer", 7),
        ("decimal", "7.5", "integer", BadValue),
        ("datetime", "2024-02-28T16:30:00.000000+00:00", "date", "2024-02-29"),
        ("region", "330203", "text", "浙江省/宁波市/海曙区"),
        ("text", "138 0013 9999", "phone", "13800139999"),
    ],
)
def test_what_becomes_of_a_value(old: str, was: str, new: str, becomes: Any) -> None:
    assert Kind(new) in PAIRS[Kind(old)]
    target = Field("x_a", "", Kind(new))
    convert = converter(Kind(old), Kind(new), COLOURS, COLOURS, ZONE, lambda text: read_value(target, text, zone=ZONE))
    if becomes is BadValue:
        with pytest.raises(BadValue):
            convert(was)
    else:
        value = convert(was)
        assert value == becomes or str(value) == becomes


def kind_page(client: Browser) -> str:
    return client.get(f"/custom_field/show/{field('x_age').id}/tab/kind", htmx=True).text


def post(client: Browser, route: str, **form: str) -> int:
    return int(client.post(f"/custom_field/kind/{field('x_age').id}/{route}", data=form).status_code)


def test_tried_looked_at_and_changed(app: Flask, people: People) -> None:
    add_fields({"key": "x_age", "label_zh": "年龄", "kind": "text", "indexed": True})
    shaper = people.add("shaper", "业管", people.head_office, "business_admin")
    with rebuilt(app) as new:
        run_pending()
        owner = people.manager.employee_id
        first, second, third = (made(owner, x_age=age) for age in ("41", "二十", "1,030"))
        admin = login(new.test_client(), people.admin)
        assert post(login(new.test_client(), people.manager), "try", kind="integer") in (302, 303, 403)
        assert post(admin, "try", kind="link") == 422
        assert post(admin, "try", kind="integer") == 303 and post(admin, "try", kind="date") == 409
        run_pending()
        page = kind_page(admin)
        assert "二十" in page and f"/customer/show/{second}" in page
        filed = admin.get(f"/custom_field/kind/{field('x_age').id}/file", buffered=True).data.decode("utf-8-sig")
        assert "二十" in filed and "1,030" not in filed
        # an admin from whom the field is kept is told how many there are, and none of its values
        with acting_as(SYSTEM), transaction() as current:
            current.add(FieldPermission(role_id=shaper.role_id, entity="customer", field="x_age", level="masked"))
        assert "二十" not in kind_page(login(new.test_client(), shaper))
        assert login(new.test_client(), shaper).get(f"/custom_field/kind/{field('x_age').id}/file").status_code == 403
        number = page.split('name="conversion" value="')[1].split('"')[0]
        admin = login(new.test_client(), people.admin)
        assert post(admin, "change", conversion=number) == 303 and field("x_age").kind == "text"
        # somebody writes between the try and the change
        give(third, x_age="52")
        fourth = made(owner, x_age="60")
        assert post(admin, "change", conversion=number, leave_empty="yes") == 303
        run_pending()
        assert field("x_age").kind == "integer"
        values = dict(session.connection().execute(select(Customer.__table__.c.id, Customer.__table__.c.custom)).all())
        assert [values[pk].get("x_age") for pk in (first, second, third, fourth)] == [41, None, 52, 60]
        with acting_as(SYSTEM):
            lost = select(AuditEntry.changes).where(
                AuditEntry.entity == "customer", AuditEntry.record_id == str(second), AuditEntry.action == "update"
            )
            assert session.scalars(lost).all() == [{"x_age": ["二十", None]}]
            # this process still takes the field for a text: it may not write one
            with pytest.raises(Refused), transaction():
                update_record(entity("customer"), session.get_one(Customer, first), {"x_age": "alt"})
            session.rollback()
            with pytest.raises(Reshaped), transaction() as current:
                hold_kinds(current, entity("customer"))
            assert session.get_one(Customer, first).x_age == 41
    with rebuilt(app) as new:
        run_pending()
        assert is_built("customer", "x_age")
        with acting_as(SYSTEM):
            assert session.scalars(select(Customer.id).where(Customer.x_age > 45).order_by(Customer.id)).all() == [
                third, fourth,
            ]
        admin = login(new.test_client(), people.admin)
        assert "1,030" in admin.get(f"/customer/show/{third}/tab/history", htmx=True).text


def test_a_unique_field_stays_unique(app: Flask, people: People) -> None:
    add_fields({"key": "x_age", "label_zh": "手机二", "kind": "text", "sole": True})
    with rebuilt(app) as new:
        for text in ("138 0013 9999", "13800139999"):
            made(people.manager.employee_id, x_age=text)
        admin = login(new.test_client(), people.admin)
        post(admin, "try", kind="phone")
        run_pending()
        number = kind_page(admin).split('name="conversion" value="')[1].split('"')[0]
        post(admin, "change", conversion=number)
        run_pending()
        assert field("x_age").kind == "text" and "必须唯一" in kind_page(admin)
