"""Bounds, patterns, choices that go with another choice, and uniqueness held by the database: at every door."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from app.access.actors import acting_as
from app.customers.models import Customer
from app.db import session
from app.fields.custom.indexing import is_built, is_held, keep_indexes
from app.fields.custom.matching import BadRegex, compile_regex
from app.fields.records import create_record
from app.host.context import entity
from app.testing.jobs import run_pending
from app.testing.people import People, login
from app.transfer.models import Import
from app.types import SYSTEM, Refused
from tests.kernel.base.forms import fields_of
from tests.kernel.base.lists import URL
from tests.kernel.fields.shaping import add_fields, rebuilt
from tests.kernel.fields.test_several import made
from tests.kernel.fields.test_shaping import change, field, give
from tests.kernel.transfer.tables import csv_bytes
from tests.kernel.transfer.test_wizard import mapped, number, upload


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (r"[A-Z]{2}-\d{4,6}", ["AB-1234", "AB-123456"], ["AB-123", "ab-1234", "AB-1234567", "xAB-1234", ""]),
        (r"^(甲|乙)?[^0-9\s]+$", ["甲", "甲乙a"], ["甲1", "a b", ""]),
        (r"a{2,}b*|\(c\)", ["aa", "aaabb", "(c)"], ["a", "b", "c"]),
        (r"(ab|a)(c|bcd)(d*)", ["abcd", "acdd", "abcdd"], ["ab", "abd"]),
        (r"[\d\-.]+", ["1-2.3"], ["1,2"]),
    ],
)
def test_a_pattern_means_the_whole_text(pattern: str, yes: list[str], no: list[str]) -> None:
    fits = compile_regex(pattern)
    assert [text for text in yes if not fits(text)] == [] and [text for text in no if fits(text)] == []


@pytest.mark.parametrize(
    "pattern", ["(a", "a)", "[a", "*a", "a**", "a{2", "a{3,2}", "a{0}", r"\q", "(?=a)", "a{400}", "x" * 201]
)
def test_a_pattern_that_cannot_be(pattern: str) -> None:
    with pytest.raises(BadRegex):
        compile_regex(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|aa)*b", ".*.*.*.*.*.*b", "(a?){90}a{90}"])
def test_no_text_keeps_a_pattern_busy(pattern: str) -> None:
    fits, before = compile_regex(pattern), time.process_time()
    assert not fits("a" * 299 + "!")
    assert time.process_time() - before < 5  # by going back, these take longer than the world is old


FIELDS = (
    {"key": "x_age", "label_zh": "年龄", "kind": "integer", "smallest": "18", "largest": "99"},
    {"key": "x_day", "label_zh": "日子", "kind": "date", "smallest": "2020-01-01"},
    {"key": "x_rate", "label_zh": "利率", "kind": "percent", "largest": "24"},
    {"key": "x_file", "label_zh": "档案号", "kind": "text", "regex": r"[A-Z]{2}\d{3}", "regex_zh": "形如 AB123"},
    {"key": "x_city", "label_zh": "城市甲", "kind": "choice", "choices": "hz | 杭州\nnb | 宁波"},
    {"key": "x_area", "label_zh": "片区", "kind": "choice", "depends_on": "x_city",
     "choices": "xh | 西湖 | | | hz\nhs | 海曙 | | | nb\nother | 其他\nboth | 两地 | | | hz, nb"},
)  # fmt: skip
RIGHT = {"x_age": "18", "x_day": "2020-01-01", "x_rate": "24", "x_file": "AB123", "x_city": "hz", "x_area": "xh"}
WRONG = {"x_age": "17", "x_day": "2019-12-31", "x_rate": "24.01", "x_file": "AB12", "x_city": "hz", "x_area": "hs"}
FAULTY = set(WRONG) - {"x_city"}


def test_what_is_not_taken_is_refused_at_every_door(app: Flask, people: People) -> None:
    add_fields(*FIELDS)
    with rebuilt(app) as new:
        manager = login(new.test_client(), people.manager)
        page = manager.get("/customer/add")
        assert "形如 AB123" not in page.text and 'data-watched="' in page.text and "x_city" in page.text
        sent = fields_of(page.text) | {"name": "赵敏"}
        answer = manager.post("/customer/add", data=sent | WRONG)
        assert answer.status_code == 422 and "形如 AB123" in answer.text
        assert [key for key in FAULTY if f'id="field-{key}-error"' not in answer.text] == []
        rest = {"name": "接口", **WRONG, "x_age": 17}
        assert set(manager.post("/api/v1/customer/", json=rest).json["errors"]) >= FAULTY - {"x_area"}
        late = manager.post("/api/v1/customer/", json={"name": "接口", "x_city": "hz", "x_area": "hs"})
        assert late.status_code == 422 and set(late.json["errors"]) == {"x_area"}
        answer = manager.post("/customer/add", data=sent | RIGHT)
        assert answer.status_code == 303
        pk = int(answer.headers["Location"].rpartition("/")[2])
        state = manager.get("/customer/form-state", query_string={"x_city": "nb"}).json
        assert state["choices"] == {"x_area": ["both", "hs", "other"]}
        # the parent alone may not leave the child behind, and both together may change
        again = fields_of(manager.get(f"/customer/edit/{pk}").text)
        assert manager.post(f"/customer/edit/{pk}", data=again | {"x_city": "nb"}).status_code == 422
        assert manager.post(f"/customer/edit/{pk}", data=again | {"x_city": "nb", "x_area": "both"}).status_code == 303
        # a filter may ask for any value
        assert manager.get(URL, query_string={"f.x_age.from": "5"}).status_code == 200
        login(manager, people.admin)
        heads = ("客户名称", "年龄", "日子", "利率", "档案号", "城市甲", "片区")
        rows = [("甲", *RIGHT.values()), *(("乙", *(RIGHT | {key: WRONG[key]}).values()) for key in sorted(FAULTY))]
        number_ = number(upload(manager, csv_bytes(heads, *rows)))
        assert mapped(manager, number_).status_code == 303
        assert manager.post(f"/import/{number_}/run").status_code == 303
        run_pending()
        done = session.get_one(Import, number_)
        assert (done.created_count, done.failed_count) == (1, len(FAULTY))


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"kind": "integer", "smallest": "x"}, "smallest"),
        ({"kind": "money", "smallest": "2", "largest": "1"}, "largest"),
        ({"kind": "text", "regex": "(a"}, "regex"), ({"kind": "text", "regex": "a", "max_length": 301}, "regex"),
        ({"kind": "text", "regex": r"\d", "default": "a"}, "default"),
        ({"kind": "integer", "smallest": "5", "default": "4"}, "default"),
        ({"kind": "choice", "choices": "a | | | | b"}, "depends_on"),
        ({"kind": "choice", "choices": "a | | | | b", "depends_on": "x_nothing"}, "depends_on"),
        ({"kind": "choice", "choices": "a | | | | mars", "depends_on": "x_city"}, "choices"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_field(app: Flask, values: dict[str, Any], where: str) -> None:
    add_fields(FIELDS[4])
    with pytest.raises(Refused) as refused:
        add_fields({"label_zh": "甲", **values})
    assert list(refused.value.errors) == [where]


def test_no_circle_of_choices(app: Flask) -> None:
    add_fields(*FIELDS[4:])
    with pytest.raises(Refused) as refused:
        change("x_city", depends_on="x_area")
    assert "depends_on" in refused.value.errors


def test_two_writers_at_once(app: Flask, people: People) -> None:
    """Both have looked for the value before either wrote it: the database lets one in, the other is told by field."""
    add_fields({"key": "x_no", "label_zh": "档案号", "kind": "text", "sole": True})
    with rebuilt(app) as new:
        owner = people.manager.employee_id
        twins = [
            {"id": 10**6 + n, "code": f"TWIN{n}", "name": "双", "search_tokens": "", "custom": {"x_no": "A1"}}
            for n in range(2)
        ]
        session.execute(insert(Customer.__table__), twins)
        session.commit()
        # they stand against the index: the field's page says so, and a plain one serves the lookups
        assert keep_indexes()["blocked"] == 1 and is_built("customer", "x_no") and not is_held("customer", "x_no")
        page = login(new.test_client(), people.admin).get(f"/custom_field/show/{field('x_no').id}").text
        assert "数据库保证唯一" in page and "已有多条记录" in page
        give(10**6, x_no="A2")
        assert keep_indexes() == {"built": 1, "dropped": 1} and is_held("customer", "x_no")

        def rival(current: Session, _context: Any, _instances: Any) -> None:
            row = {"id": 10**6 + 9, "code": "RIVAL", "name": "对手", "search_tokens": "", "custom": {"x_no": "B2"}}
            current.connection().execute(insert(Customer.__table__), row)

        event.listen(session.registry(), "before_flush", rival, once=True)
        with acting_as(SYSTEM), pytest.raises(Refused) as refused:
            create_record(entity("customer"), {"name": "乙", "owner_id": owner, "x_no": "B2"})
        assert list(refused.value.errors) == ["x_no"]
        session.rollback()
        made(owner, x_no="B2")
