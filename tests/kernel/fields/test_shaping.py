"""What an admin may do with custom fields, and what is refused so that no value is lost."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.access.actors import acting_as
from app.customers.models import Customer
from app.db import session, transaction
from app.fields.custom.models import CustomField
from app.fields.custom.rules import BadChoices, make_key, read_choices
from app.fields.records import delete_record, update_record
from app.host.boot import enabled_modules
from app.host.context import entity
from app.testing.factories import make_customer
from app.testing.people import People, login
from app.types import SYSTEM, Refused
from tests.kernel.base.forms import fields_of
from tests.kernel.fields.shaping import add_fields, rebuilt

JOB = {"key": "x_job", "label_zh": "职业类别", "kind": "choice", "choices": "retired | 退休 | Retired\nstudent | 学生"}


def field(key: str) -> CustomField:
    with acting_as(SYSTEM):
        return session.scalars(select(CustomField).where(CustomField.key == key)).one()


def change(key: str, **values: Any) -> None:
    with acting_as(SYSTEM):
        update_record(entity("custom_field"), field(key), values)


def give(customer_id: int, **values: Any) -> None:
    with acting_as(SYSTEM), transaction():
        for name, value in values.items():
            setattr(session.get_one(Customer, customer_id), name, value)


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "empty"), ("a|b|c||e|f", "value"), ("a\na", "twice"), ("a|甲|A|crimson", "colour"),
     ("\n".join(map(str, range(301))), "many"), ('a"b', "value")],
)  # fmt: skip
def test_a_list_of_choices_that_cannot_be_read(text: str, code: str) -> None:
    with pytest.raises(BadChoices) as refused:
        read_choices(text)
    assert refused.value.code == code


def test_keys_are_made_of_labels(app: Flask) -> None:
    add_fields({"label_zh": "开户行", "kind": "text"}, {"label_zh": "岗位", "label_en": "Job title!", "kind": "text"})
    assert field("x_kai_hu_hang").label_zh == "开户行" and field("x_job_title").label_en == "Job title!"
    assert make_key("业务", ()) == "x_field"


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"key": "x_a-b", "label_zh": "甲", "kind": "text"}, "key"),
        ({"key": "x_a') or 1=1 --", "label_zh": "甲", "kind": "text"}, "key"),
        ({"key": "x_job", "label_zh": "甲", "kind": "text"}, "key"),
        ({"label_zh": "职业类别", "kind": "choice", "choices": ""}, "choices"),
        ({"label_zh": "甲", "kind": "link"}, "target"),
        ({"label_zh": "甲", "kind": "link", "target": "nothing"}, "target"),
        ({"label_zh": "甲", "kind": "money", "sole": True}, "sole"),
        ({"label_zh": "甲", "kind": "integer", "default": "many"}, "default"),
        ({"label_zh": "甲", "kind": "text", "max_length": 0}, "max_length"),
        ({"label_zh": "客户名称", "kind": "text"}, "label_zh"),
        ({"label_zh": "甲", "kind": "formula"}, "kind"),
        ({"label_zh": "甲", "kind": "text", "entity": "audit"}, "entity"),
    ],
)
def test_what_cannot_be_a_field_is_refused_by_input(app: Flask, values: dict[str, Any], where: str) -> None:
    add_fields(JOB)
    with pytest.raises(Refused) as refused:
        add_fields(values)
    assert where in refused.value.errors
    with acting_as(SYSTEM):
        assert session.scalars(select(CustomField.key)).all() == ["x_job"]


def test_every_act_moves_the_version_of_the_site(app: Flask) -> None:
    versions = [enabled_modules()[0]]
    add_fields(JOB)
    versions.append(enabled_modules()[0])
    change("x_job", label_zh="职业种类")
    versions.append(enabled_modules()[0])
    with acting_as(SYSTEM):
        delete_record(entity("custom_field"), field("x_job"))
    versions.append(enabled_modules()[0])
    assert versions == sorted(set(versions))


def test_no_change_loses_a_value(app: Flask, people: People) -> None:
    add_fields(JOB, {"key": "x_card", "label_zh": "卡号", "kind": "text"})
    with rebuilt(app):
        first, second = (make_customer(name, people.manager).id for name in ("甲", "乙"))
        give(first, x_job="retired", x_card="6222021001116245702")
        give(second, x_card="6222021001116245702")
        with pytest.raises(Refused) as refused:
            change("x_job", choices="student | 学生")
        assert "1" in str(refused.value.errors["choices"])
        with pytest.raises(Refused) as refused:
            change("x_card", sole=True)
        assert "sole" in refused.value.errors and "6222021001116245702" not in str(refused.value.errors)
        with acting_as(SYSTEM), pytest.raises(Refused):
            delete_record(entity("custom_field"), field("x_job"))
        change("x_job", choices="retired | 已退休\nstudent | 学生", active=False)
    with rebuilt(app) as new:
        page = login(new.test_client(), people.manager).get(f"/customer/show/{first}").text
        assert "职业类别" not in page and "退休" not in page
        with acting_as(SYSTEM):
            assert session.get_one(Customer, first).custom == {"x_job": "retired", "x_card": "6222021001116245702"}
        change("x_job", active=True)
    with rebuilt(app) as new:
        assert "已退休" in login(new.test_client(), people.manager).get(f"/customer/show/{first}").text


def test_required_unique_default_and_section(app: Flask, people: People) -> None:
    add_fields(
        {"key": "x_no", "label_zh": "档案号", "kind": "text", "required": True, "sole": True, "section": "备注"},
        {"key": "x_grade", "label_zh": "评级", "kind": "integer", "default": "3", "label_en": "Grade"},
    )
    with rebuilt(app) as new:
        manager = login(new.test_client(), people.manager)
        page = manager.get("/customer/add")
        sent = fields_of(page.text) | {"name": "赵敏"}
        assert sent["x_grade"] == "3" and "更多信息" in page.text
        assert manager.post("/customer/add", data=sent).status_code == 422
        assert manager.post("/customer/add", data=sent | {"x_no": "A1"}).status_code == 303
        again = fields_of(manager.get("/customer/add").text) | {"name": "钱敏", "x_no": "A1"}
        answer = manager.post("/customer/add", data=again)
        assert answer.status_code == 422 and 'id="field-x_no-error"' in answer.text
        english = manager.get("/customer/add", headers={"Accept-Language": "en"}).text
        assert "评级" in page.text and page.text != english


def test_only_who_may_shape_gets_the_screens(app: Flask, people: People) -> None:
    shaper = people.add("shaper", "业管", people.head_office, "business_admin")
    client = login(app.test_client(), people.manager)
    assert client.get("/custom_field/list/").status_code in (302, 303, 403)
    assert client.post("/custom_field/add", data={"label_zh": "甲"}).status_code in (302, 303, 403)
    login(client, shaper)
    sent = fields_of(client.get("/custom_field/add").text)
    sent |= {"entity": "contact", "label_zh": "<script>alert(1)</script>", "kind": "text", "in_list": "yes"}
    assert client.post("/custom_field/add", data=sent).status_code == 303
    with rebuilt(app) as new:
        for page in ("/contact/list/", "/contact/add", "/custom_field/list/"):
            assert "<script>alert(1)" not in login(new.test_client(), shaper).get(page).text
