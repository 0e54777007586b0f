"""Formulas and conditions of custom fields, by every door that writes records, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.access.actors import acting_as
from app.access.models import FieldPermission
from app.activities.services import record_activity
from app.base import shaping
from app.customers.models import Customer
from app.db import now, session, transaction
from app.fields.custom import recomputing
from app.fields.records import create_record, delete_record, update_record
from app.host.context import entity
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, login
from app.transfer.models import Import
from app.transfer.services.columns import Row
from app.transfer.services.writing import create_rows
from app.types import SYSTEM, Refused
from tests.kernel.base.forms import fields_of
from tests.kernel.base.lists import URL, rows
from tests.kernel.fields.shaping import add_fields, rebuilt
from tests.kernel.fields.test_shaping import change, field
from tests.kernel.transfer.tables import csv_bytes
from tests.kernel.transfer.test_wizard import mapped, number, upload

FORMULA = {"source": "formula"}
RATE = {"key": "x_rate", "label_zh": "比例", "kind": "percent"}
BONUS = {"key": "x_bonus", "label_zh": "奖金", "kind": "money", "formula": "annual_income * x_rate / 100", **FORMULA}
LARGE = {"key": "x_large", "label_zh": "大额", "kind": "boolean", "formula": "coalesce(x_bonus, 0) > 500", **FORMULA}
QUIET = {"key": "x_quiet", "label_zh": "跟进日", "kind": "date", "formula": "date(last_followed_at)", **FORMULA}
#: Needed of those with a large bonus, and only there for customers with a level.
WHY = {"key": "x_why", "label_zh": "理由", "kind": "text", "required_when": "x_large", "visible_when": "level != null"}


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for other processes here: there are none."""
    monkeypatch.setattr(shaping, "NOTICED", timedelta(0))


@pytest.fixture
def shaped(app: Flask, people: People, soon: None) -> Iterator[Flask]:
    add_fields(RATE, BONUS, LARGE, QUIET, WHY)
    with rebuilt(app) as new:
        yield new


def kept(pk: int) -> Any:
    with acting_as(SYSTEM):
        return session.get_one(Customer, pk, populate_existing=True)


def test_every_write_keeps_results_true(shaped: Flask, people: People) -> None:
    described = entity("customer")
    owner = people.manager.employee_id
    with acting_as(SYSTEM):
        one = create_record(described, {"name": "甲", "annual_income": "100.20", "x_rate": "2.5", "owner_id": owner})
        assert (kept(one.id).x_bonus, one.x_large, one.x_quiet) == (Decimal("2.51"), False, None)
        update_record(described, one, {"annual_income": "60000"})
        assert (kept(one.id).x_bonus, one.x_large) == (Decimal("1500.00"), True)
        update_record(described, one, {"x_rate": ""})
        assert kept(one.id).custom == {"x_large": False}
        with transaction() as current:
            row = {"name": "乙", "kind": "personal", "annual_income": Decimal(400), "x_rate": Decimal(5)}
            two = create_rows(current, described, [Row(2, 0, 0, row | {"owner_id": owner})])[0]
        assert (kept(two).x_bonus, kept(two).x_large) == (Decimal("20.00"), False)
        version, at = kept(two).version, now()
        record_activity({"customer_id": two, "kind": "call", "subject": "电话", "at": at, "employee_id": owner})
        assert kept(two).x_quiet is not None and kept(two).version == version
        for name in ("x_bonus", "x_large"):
            with pytest.raises(Refused) as refused:
                update_record(described, one, {name: "1"})
            assert set(refused.value.errors) == {name}


def test_a_changed_formula_is_worked_out_over_all_records(
    app: Flask, people: People, shaped: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recomputing, "CHUNK", 7)
    with acting_as(SYSTEM), transaction() as current:
        current.add_all(
            Customer(code=f"F{n}", name=f"客户{n}", annual_income=Decimal(n), x_rate=Decimal(10)) for n in range(30)
        )
    run_pending()
    with acting_as(SYSTEM):
        before = {row.id: row.version for row in session.execute(select(Customer.id, Customer.version))}
    change("x_bonus", formula="annual_income * x_rate")
    add_fields({"key": "x_name", "label_zh": "称呼", "kind": "text", "formula": "name + '!'", **FORMULA})
    run_pending()
    with rebuilt(app), acting_as(SYSTEM):
        found = session.scalars(select(Customer).order_by(Customer.id)).all()
        assert len(found) == 30 and {row.id: row.version for row in found} == before
        assert all(row.x_bonus == row.annual_income * 10 and row.x_name[-1] == "!" for row in found)
        assert sum(row.x_large for row in found) == 0 and found[7].x_bonus == 70


WRONG: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"kind": "money", "formula": "annual_incom * 2"}, "formula", "annual_income"),
    ({"kind": "integer", "formula": "name"}, "formula", "文本"),
    ({"kind": "text", "formula": "level == 'gold' ? 'a' : 'b'"}, "formula", "gold"),
    ({"kind": "money", "formula": ""}, "formula", "必填"),
    ({"kind": "choice", "choices": "a", "formula": "name"}, "kind", "公式"),
    ({"kind": "text", "formula": "name", "sole": True}, "sole", "重复"),
    ({"kind": "text", "source": "people", "required_when": "annual_income"}, "required_when", "是或否"),
    ({"kind": "text", "source": "people", "visible_when": "kind = 'x'"}, "visible_when", "第 6 个字符"),
    ({"key": "x_me", "kind": "text", "source": "people", "visible_when": "x_me == ''"}, "visible_when", "自身"),
)


def test_what_cannot_be_worked_out_is_refused_on_entry(app: Flask) -> None:
    for values, where, says in WRONG:
        with pytest.raises(Refused) as refused:
            add_fields({"label_zh": "新", **FORMULA, **values})
        assert says in str(refused.value.errors[where]), values


def test_circles_and_fields_others_need_are_refused(app: Flask, people: People, soon: None) -> None:
    tags = {"key": "x_grade", "label_zh": "等第", "kind": "choice", "choices": "a\nb"}
    add_fields(RATE, BONUS, LARGE, tags, {**WHY, "visible_when": "x_grade == 'a'"})
    with pytest.raises(Refused) as refused:
        change("x_bonus", formula="x_large ? 1 : annual_income")
    assert "奖金 → 大额 → 奖金" in str(refused.value.errors["formula"])
    for act in (lambda: change("x_rate", active=False), lambda: delete(field("x_rate"))):
        with pytest.raises(Refused) as refused:
            act()
        assert "奖金" in str(refused.value.reason)
    with pytest.raises(Refused) as refused:
        change("x_grade", choices="b")
    assert "理由" in str(refused.value.errors["choices"])
    change("x_why", visible_when="")
    change("x_grade", choices="b")


def delete(row: Any) -> None:
    with acting_as(SYSTEM):
        delete_record(entity("custom_field"), row)


@pytest.fixture
def manager(shaped: Flask, people: People) -> Browser:
    client: Any = login(shaped.test_client(), people.manager)
    return client


def test_conditions_hold_by_every_door(shaped: Flask, manager: Browser, people: People) -> None:
    large = {"annual_income": "60000", "x_rate": "50"}
    form = fields_of(manager.get("/customer/add").text) | {"name": "甲", "level": "key", **large}
    form.pop("x_why", None)
    answer = manager.post("/customer/add", data=form)
    assert answer.status_code == 422 and 'id="field-x_why-error"' in answer.text
    made = manager.post("/customer/add", data=form | {"x_why": "大客户"})
    pk = int(made.headers["Location"].rpartition("/")[2])
    # not there without a level: neither asked for nor taken
    assert manager.post("/customer/add", data=form | {"level": "", "x_why": "甲"}).status_code == 422
    assert manager.post("/customer/add", data=form | {"level": ""}).status_code == 303
    state = manager.get("/customer/form-state", query_string={"level": "key", **large}).json
    assert "x_why" in state["fields"] and state["required"] == ["x_why"]
    assert "x_why" not in manager.get("/customer/form-state", query_string=large).json["fields"]
    page = manager.get(f"/customer/edit/{pk}").text
    assert 'data-watched="annual_income kind level x_rate"' in page
    etag = manager.get(f"/api/v1/customer/{pk}").headers["ETag"]
    for sent in ({"x_why": None}, {"level": None, "x_why": "乙"}):
        answer = manager.put(f"/api/v1/customer/{pk}", json=sent, headers={"If-Match": etag})
        assert answer.status_code == 422 and list(answer.json["errors"]) == ["x_why"], answer.json
    emptied = manager.put(f"/api/v1/customer/{pk}", json={"level": None}, headers={"If-Match": etag})
    assert emptied.status_code == 200 and kept(pk).x_why == "大客户"  # hidden, not lost
    assert "大客户" not in manager.get(f"/customer/show/{pk}").text
    assert manager.post("/api/v1/customer/", json={"name": "乙", "level": "key", **large}).status_code == 422


def test_conditions_hold_in_files(shaped: Flask, manager: Browser, people: People) -> None:
    login(manager, people.admin)
    heads = ("客户名称", "客户级别", "年收入", "比例", "理由")
    table = (("甲", "key", "60000", "50", ""), ("乙", "", "1", "1", "无"), ("丙", "key", "60000", "50", "有"))
    number_ = number(upload(manager, csv_bytes(heads, *table)))
    assert mapped(manager, number_).status_code == 303
    assert manager.post(f"/import/{number_}/run").status_code == 303
    run_pending()
    done = session.get_one(Import, number_)
    assert (done.created_count, done.failed_count) == (1, 2), done.status
    problems = manager.get(f"/import/{number_}/errors", buffered=True).data.decode("utf-8-sig")
    assert "甲" in problems and "乙" in problems and "丙" not in problems


def test_nobody_reads_through_a_formula_or_a_condition(shaped: Flask, manager: Browser, people: People) -> None:
    with acting_as(SYSTEM):
        values = {"name": "甲", "level": "key", "annual_income": "60000", "x_rate": "50", "x_why": "大"}
        pk = create_record(entity("customer"), values | {"owner_id": people.manager.employee_id}).id
        with transaction() as current:
            role = people.manager.role_id
            current.add(FieldPermission(role_id=role, entity="customer", field="annual_income", level="hidden"))
    login(manager, people.manager)
    page = manager.get(f"/customer/show/{pk}").text
    assert "奖金" not in page and "大额" not in page and "比例" in page
    for asked in ({"f.x_bonus.from": "1"}, {"sort": "x_bonus"}):
        assert manager.get(URL, query_string=asked).status_code == 400
    assert "x_bonus" not in manager.get(f"/api/v1/customer/{pk}").json["result"]
    etag = manager.get(f"/api/v1/customer/{pk}").headers["ETag"]
    # they are not told that the bonus is large
    answer = manager.put(f"/api/v1/customer/{pk}", json={"x_why": None}, headers={"If-Match": etag})
    assert answer.status_code == 200 and rows(manager.get(URL)) == [pk]


def test_the_page_of_a_field_shows_what_hangs_together(shaped: Flask, people: People) -> None:
    shaper: Any = login(shaped.test_client(), people.add("shaper", "业管", people.head_office, "business_admin"))
    page = shaper.get(f"/custom_field/show/{field('x_bonus').id}/tab/dependencies", htmx=True).text
    uses, users = page.split("用到本字段的字段")
    assert "年收入" in uses and "x_rate" in uses and "大额" not in uses and "大额" in users
    form = shaper.get("/custom_field/add").text
    assert "x_rate" in form and "years_between" in form
