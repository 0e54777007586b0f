"""FLD-3: a custom field of every kind behaves as a built-in one in every place, on both databases."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.access.actors import acting_as
from app.access.models import AuditEntry, FieldPermission
from app.access.scope import UNSCOPED
from app.customers.models import Customer
from app.db import session, transaction
from app.fields.expressions.compiling import RESULTS
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, login
from app.transfer.models import Import
from app.types import SYSTEM
from tests.kernel.base.forms import fields_of
from tests.kernel.base.lists import URL, rows
from tests.kernel.fields.shaping import SAMPLES, add_fields, add_samples, rebuilt, send_file
from tests.kernel.transfer.tables import csv_bytes
from tests.kernel.transfer.test_wizard import mapped, number, upload

LINK = "x_link"
NUMBER = "x_number"
FILES = "x_files"


@pytest.fixture
def shaped(app: Flask, people: People) -> Iterator[Flask]:
    add_samples()
    with rebuilt(app) as new:
        yield new


@pytest.fixture
def manager(shaped: Flask, people: People) -> Any:
    return login(shaped.test_client(), people.manager)


def make(manager: Browser, people: People, name: str = "赵敏") -> int:
    """A customer with a value of every kind, made by the form."""
    sent = fields_of(manager.get("/customer/add").text) | {"name": name}
    sent |= {sample.key: sample.typed for sample in SAMPLES} | {LINK: str(people.colleague.employee_id)}
    sent[FILES] = f"[[{send_file(manager, '合同 甲.pdf')},\"?\"]]"
    answer = manager.post("/customer/add", data=sent)
    assert answer.status_code == 303, answer.text
    return int(answer.headers["Location"].rpartition("/")[2])


def test_form_page_and_history(manager: Browser, people: People) -> None:
    pk = make(manager, people)
    page = manager.get(f"/customer/show/{pk}").text
    for sample in SAMPLES:
        assert f"样{sample.kind}" in page and sample.shown in page, sample.kind
    assert people.colleague.name in page and "KH-00001" in page and "合同 甲.pdf</a>" in page
    again = fields_of(manager.get(f"/customer/edit/{pk}").text)
    assert NUMBER not in again and manager.post(f"/customer/edit/{pk}", data=again | {NUMBER: "A"}).status_code == 422
    again |= {"x_integer": "99", "x_text": ""}
    assert manager.post(f"/customer/edit/{pk}", data=again).status_code == 303
    session.expire_all()
    with acting_as(SYSTEM):
        kept = session.get_one(Customer, pk)
        assert (kept.x_integer, kept.x_text, kept.x_choice) == (99, None, "retired")
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "update").order_by(AuditEntry.id)).all()[
            -1
        ]
    assert entry is not None and entry.changes == {"x_integer": [1234, 99], "x_text": ["甲=1 <b>", None]}
    history = manager.get(f"/customer/show/{pk}/tab/history", htmx=True).text
    assert "样integer" in history and "1,234" in history and "custom" not in history and "KH-00001" in history
    assert "合同 甲.pdf" in history


def test_wrong_values_are_told_beside_their_field(manager: Browser) -> None:
    sent = fields_of(manager.get("/customer/add").text) | {"name": "错"}
    answer = manager.post("/customer/add", data=sent | {sample.key: sample.wrong for sample in SAMPLES})
    assert answer.status_code == 422
    for sample in SAMPLES:
        assert f'id="field-{sample.key}-error"' in answer.text, sample.kind


def test_list_sort_and_filters(manager: Browser, people: People) -> None:
    pk, bare = make(manager, people), make_bare(manager)
    page = manager.get(URL).text
    assert "介绍人" in page and people.colleague.name in page
    for sample in SAMPLES:
        if sample.sortable:
            for sort, wanted in ((sample.key, [bare, pk]), (f"-{sample.key}", [pk, bare])):
                assert rows(manager.get(URL, query_string={"sort": sort})) == wanted, sort
        # a box that was not ticked says no
        for op, wanted in (("filled", [pk]), ("empty", [bare])) if sample.kind != "boolean" else ():
            assert rows(manager.get(URL, query_string={f"op.{sample.key}": op})) == wanted, (sample.kind, op)
        ranged = sample.kind in ("integer", "decimal", "money", "percent", "date", "datetime")
        asked = {f"f.{sample.key}.from": sample.typed, f"f.{sample.key}.to": sample.typed}
        asked = asked if ranged else {f"f.{sample.key}": sample.asked}
        assert rows(manager.get(URL, query_string=asked)) == [pk], asked
        value = f"range:\"{sample.typed}\"|\"{sample.typed}\"" if ranged else f"in:{sample.rest}".replace("True", "yes")
        if sample.kind == "choices":
            value = f"all:{'|'.join(sample.rest)}"
        elif sample.kind not in ("boolean", "choice", "region") and not ranged:
            value = f"contains:\"{sample.rest}\""
        group = f"and({sample.key}:{value},or(name:equals:谁,{sample.key}:filled))"
        assert rows(manager.get(URL, query_string={"where": group})) == [pk], group
    assert rows(manager.get(URL, query_string={f"f.{LINK}": people.colleague.employee_id})) == [pk]
    for asked, wanted in (
        ({f"f.{FILES}": "同 甲.P"}, [pk]), ({f"f.{FILES}": "乙"}, []), ({f"op.{FILES}": "filled"}, [pk]),
        ({f"op.{FILES}": "empty"}, [bare]), ({"where": f'or({FILES}:contains:"甲",name:equals:谁)'}, [pk]),
    ):  # fmt: skip
        assert rows(manager.get(URL, query_string=asked)) == wanted, asked
    for refused in ({"sort": FILES}, {f"f.{FILES}": "甲", f"op.{FILES}": "equals"}):
        assert manager.get(URL, query_string=refused).status_code == 400, refused
    for sort, wanted in ((NUMBER, [pk, bare]), (f"-{NUMBER}", [bare, pk])):
        assert rows(manager.get(URL, query_string={"sort": sort})) == wanted
    assert rows(manager.get(URL, query_string={f"f.{NUMBER}": "00002"})) == [bare]
    assert rows(manager.get(URL, query_string={f"f.{NUMBER}": "KH-00001", f"op.{NUMBER}": "equals"})) == [pk]
    assert rows(manager.get(URL, query_string={"f.x_choice": "student"})) == []
    assert manager.get(URL, query_string={"f.x_nothing": "1"}).status_code == 400


def make_bare(manager: Browser) -> int:
    sent = fields_of(manager.get("/customer/add").text) | {"name": "空白"}
    return int(manager.post("/customer/add", data=sent).headers["Location"].rpartition("/")[2])


def test_rest_and_its_description(manager: Browser, people: People) -> None:
    values = {s.key: s.rest for s in SAMPLES} | {LINK: people.colleague.employee_id}
    sent = send_file(manager, "一.pdf")
    made = manager.post("/api/v1/customer/", json={"name": "接口", **values, FILES: [sent]})
    assert made.status_code == 201, made.json
    assert {name: made.json["result"][name] for name in values} == values
    assert made.json["result"][NUMBER] == "KH-00001" and made.json["result"][FILES] == [{"id": sent, "name": "一.pdf"}]
    assert manager.post("/api/v1/customer/", json={"name": "三", NUMBER: "KH-00009"}).status_code == 422
    pk = made.json["id"]
    changed = manager.put(
        f"/api/v1/customer/{pk}", json={"x_money": "7.05"}, headers={"If-Match": made.headers["ETag"]}
    )
    assert (changed.status_code, changed.json["result"]["x_money"]) == (200, "7.05"), changed.json
    assert manager.post("/api/v1/customer/", json={"name": "二", "x_integer": "12"}).status_code == 422
    found = manager.get("/api/v1/customer/", query_string={"f.x_choice": "retired", "sort": "-x_date"})
    assert [row["id"] for row in found.json["result"]] == [pk]
    described = manager.get("/api/v1/openapi.json").json["components"]["schemas"]["Customer"]["properties"]
    assert {*values, NUMBER, FILES} <= set(described)


def test_export_and_import(manager: Browser, people: People, shaped: Flask) -> None:
    pk = make(manager, people)
    login(manager, people.admin)
    keys = [sample.key for sample in SAMPLES]
    data = {"format": "csv", "column": ["code", "name", *keys, LINK, NUMBER, FILES], "reason": "月末核对客户"}
    answer = manager.post("/export/start/customer", data=data, follow_redirects=True, buffered=True)
    table = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert answer.status_code == 200, answer.text[answer.text.find("<main") :][:3000]
    filed = dict(zip(["code", "name", *keys, LINK, NUMBER, FILES], table[1], strict=True))
    for sample in SAMPLES:
        assert filed[sample.key].lstrip("'") == sample.filed, sample.kind
    assert (filed[NUMBER], filed[FILES]) == ("KH-00001", "合同 甲.pdf")
    heads = ("客户名称", *(f"样{sample.kind}" for sample in SAMPLES), "介绍人")
    values = ("进口", *(sample.filed for sample in SAMPLES), people.colleague.name)
    wrong = ("错误", *(sample.wrong for sample in SAMPLES), "")
    number_ = number(upload(manager, csv_bytes(heads, values, wrong)))
    assert mapped(manager, number_).status_code == 303
    assert manager.post(f"/import/{number_}/run").status_code == 303
    run_pending()
    made = session.get_one(Import, number_)
    assert (made.status, made.created_count, made.failed_count) == ("done", 1, 1)
    with acting_as(SYSTEM):
        first, second = (session.get_one(Customer, each) for each in (pk, made_since(pk)))
        own = {NUMBER: "KH-00001", FILES: first.custom[FILES]}
        assert first.custom == second.custom | own and second.x_number == "KH-00002"
    problems = manager.get(f"/import/{number_}/errors", buffered=True).data.decode("utf-8-sig")
    assert all(f"样{sample.kind}" in problems for sample in SAMPLES)
    assert manager.post(f"/import/{number_}/undo").status_code == 303
    run_pending()
    assert session.get_one(Import, number_).status == "undone" and made_since(pk) is None


def test_results_of_formulas(app: Flask, people: People) -> None:
    """What formulas give is listed, sorted, filtered, exported and read like what people type, and typed by nobody."""
    results = [sample for sample in SAMPLES if sample.kind in RESULTS]
    add_samples()
    add_fields(*({"key": f"x_f_{s.kind}", "label_zh": f"式{s.kind}", "kind": s.kind, "source": "formula",
                  "formula": s.key, "in_list": True} for s in results))  # fmt: skip
    with rebuilt(app) as new:
        manager: Any = login(new.test_client(), people.manager)
        bare, pk = make_bare(manager), make(manager, people)
        page = manager.get(f"/customer/show/{pk}").text
        one = manager.get(f"/api/v1/customer/{pk}")
        form = manager.get(f"/customer/edit/{pk}").text
        for sample in results:
            name = f"x_f_{sample.kind}"
            assert page.count(sample.shown) >= 2 and one.json["result"][name] == sample.rest, sample.kind
            for sort, wanted in ((name, [bare, pk]), (f"-{name}", [pk, bare])):
                assert rows(manager.get(URL, query_string={"sort": sort})) == wanted, sort
            ranged = sample.kind in ("integer", "decimal", "money", "percent", "date")
            asked = {f"f.{name}.from": sample.typed, f"f.{name}.to": sample.typed}
            asked = asked if ranged else {f"f.{name}": "yes" if sample.kind == "boolean" else str(sample.rest)}
            assert rows(manager.get(URL, query_string=asked)) == [pk], asked
            assert f'name="{name}"' not in form
            answer = manager.put(
                f"/api/v1/customer/{pk}", json={name: sample.rest}, headers={"If-Match": one.headers["ETag"]}
            )
            assert answer.status_code == 422 and name in answer.json["errors"]
        login(manager, people.admin)
        keys = [f"x_f_{sample.kind}" for sample in results]
        data = {"format": "csv", "column": ["code", *keys], "reason": "月末核对客户"}
        answer = manager.post("/export/start/customer", data=data, follow_redirects=True, buffered=True)
        table = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
        assert [sample.filed for sample in results] in [[cell.lstrip("'") for cell in row[1:]] for row in table]
        heads = ("客户名称", "式money")
        number_ = number(upload(manager, csv_bytes(heads, ("进口", "7"))))
        assert 'value="x_f_money"' not in manager.get(f"/import/{number_}").text


def made_since(pk: int) -> Any:
    """The customer made after another, if any."""
    return session.scalar(select(Customer.id).where(Customer.id > pk).execution_options(**{UNSCOPED: True}))


def test_masked_and_hidden_fields(shaped: Flask, manager: Browser, people: People) -> None:
    pk = make(manager, people)
    with acting_as(SYSTEM), transaction() as current:
        levels = {"x_phone": "masked", "x_text": "hidden", "x_integer": "read", NUMBER: "masked", FILES: "masked"}
        for key, level in levels.items():
            role = people.manager.role_id
            current.add(FieldPermission(role_id=role, entity="customer", field=key, level=level))
    login(manager, people.manager)
    page = manager.get(f"/customer/show/{pk}").text
    assert "KH-00001" not in page and "档号" in page and "合同 甲" not in page and "材料" in page
    assert "13800139999" not in page and "138****9999" in page and "样text" not in page.replace("样long_text", "")
    asked_for = ({"f.x_phone": "13800139999"}, {"sort": "x_phone"}, {"f.x_text": "甲"}, {"sort": "x_text"})
    for asked in (*asked_for, {"sort": NUMBER}):
        assert manager.get(URL, query_string=asked).status_code == 400, asked
    one = manager.get(f"/api/v1/customer/{pk}").json["result"]
    assert one["x_phone"] == "138****9999" and "x_text" not in one
    assert manager.put(f"/api/v1/customer/{pk}", json={"x_integer": 5}).status_code in (403, 422)
