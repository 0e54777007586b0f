"""The list of every entity: order, filters, search, pages, scope, bulk acts, number of statements."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from flask import Flask

from app.customers.models import Customer
from app.db import session
from app.hookspecs import hookimpl
from app.host.context import context
from app.testing.factories import make_activity
from app.testing.people import Browser, People, login
from app.types import Action, Actor
from tests.kernel.base.lists import URL, names, rows


def test_it_shows_the_rows_of_the_scope_only(client: Browser, people: People, customers: list[Customer]) -> None:
    assert names(login(client, people.manager).get(URL)) == ["北京瑞丰贸易有限公司", "张伟"]
    assert names(login(client, people.stranger).get(URL)) == ["王外"]
    assert len(rows(login(client, people.admin).get(URL))) == 4
    answer = client.get(URL)
    assert 'id="list-count">4<' in answer.text
    assert "138" in answer.text and "--" in answer.text


def test_links_show_titles_and_the_name_is_a_link(seen_all: Browser, customers: list[Customer]) -> None:
    text = seen_all.get(URL).text
    assert f'href="/customer/show/{customers[0].id}"' in text
    assert f'href="/employee/show/{customers[0].owner_id}"' in text
    assert ">张经理</a>" in text and ">支行南</a>" in text


def test_every_order_is_total_and_turns_round(seen_all: Browser) -> None:
    for sort in ("name", "level", "owner_id", "last_followed_at", "kind", "id"):
        rising = rows(seen_all.get(URL, query_string={"sort": sort}))
        falling = rows(seen_all.get(URL, query_string={"sort": f"-{sort}"}))
        assert len(rising) == 4, sort
        assert rising == falling[::-1], sort


def test_choices_are_ordered_as_they_are_named(seen_all: Browser, customers: list[Customer]) -> None:
    found = [session.get_one(Customer, pk).level for pk in rows(seen_all.get(URL, query_string={"sort": "level"}))]
    assert found == ["key", "key", "important", "normal"]


def test_an_order_by_anything_else_is_refused(seen_all: Browser) -> None:
    for sort in (
        "password",
        "-search_tokens",
        "id_number desc",
        "owner",
        "remark",
        "__class__",
        "mobile_tail",
    ):
        answer = seen_all.get(URL, query_string={"sort": sort})
        assert answer.status_code == 400, sort
        assert rows(answer) == []
        assert "不能按" in answer.text


#: What is asked for, and the names found (None: all four).
ASKED: list[tuple[dict[str, Any], list[str] | None]] = [
    ({"f.name": "伟"}, ["张伟"]),
    ({"f.name": "瑞丰", "op.name": "contains"}, ["北京瑞丰贸易有限公司"]),
    ({"f.name": "张", "op.name": "equals"}, []),
    ({"f.name": "张伟", "op.name": "equals"}, ["张伟"]),
    ({"op.mobile": "empty"}, ["李秀英", "北京瑞丰贸易有限公司"]),
    ({"op.mobile": "filled"}, ["王外", "张伟"]),
    ({"f.remark": "100%"}, ["北京瑞丰贸易有限公司"]),
    ({"f.remark": "%"}, ["北京瑞丰贸易有限公司"]),
    ({"f.name": "_"}, []),
    ({"f.kind": "corporate"}, ["北京瑞丰贸易有限公司"]),
    ({"f.level": ["key", "normal"]}, ["王外", "李秀英", "张伟"]),
    ({"f.annual_income.from": "80000", "f.annual_income.to": "10万"}, ["李秀英"]),
    ({"f.annual_income.from": "80,001"}, ["张伟"]),
    ({"f.registered_capital.to": "0.5亿"}, ["北京瑞丰贸易有限公司"]),
    ({"f.birth_date.from": "1985-06-15", "f.birth_date.to": "1985年6月15日"}, ["张伟"]),
    ({"op.birth_date": "empty", "f.level": "normal"}, ["李秀英"]),
    ({"f.founded_on.from": "2010-01-01"}, []),
    ({"f.created_at.from": "2000-01-01", "f.level": "normal"}, ["李秀英"]),
    ({"f.created_at.to": "2000-01-01 12:30"}, []),
    ({"f.staff_count.from": "1"}, []),
    ({"f.name": "", "op.name": "contains", "f.kind": "", "f.birth_date.from": ""}, None),
    ({"q": "秀英"}, ["李秀英"]),
]


def test_each_kind_of_filter(seen_all: Browser) -> None:
    for asked, found in ASKED:
        answer = seen_all.get(URL, query_string=asked)
        assert answer.status_code == 200, asked
        assert (names(answer) == found) if found is not None else (len(rows(answer)) == 4), asked


def test_filters_by_link_and_yes_no(seen_all: Browser, people: People, customers: list[Customer]) -> None:
    asked = {"f.owner_id": [people.colleague.employee_id, people.stranger.employee_id]}
    answer = seen_all.get(URL, query_string=asked)
    assert names(answer) == ["王外", "李秀英"]
    assert "李同事 或 王外人" in answer.text
    make_activity(customers[0], people.manager, effective=False, subject="无效")
    make_activity(customers[0], people.manager, effective=True, subject="有效")
    assert len(rows(seen_all.get("/activity/list/?f.effective=no"))) == 1
    assert len(rows(seen_all.get("/activity/list/", query_string={"f.effective": "是"}))) == 1
    assert len(rows(seen_all.get("/activity/list/?op.employee_id=filled"))) == 2


def test_a_day_is_the_persons_day(seen_all: Browser, people: People, customers: list[Customer]) -> None:
    # 2024-03-01 23:30 in Shanghai is still 15:30 UTC; 2024-03-02 00:30 is the day before in UTC.
    make_activity(customers[0], people.manager, at="2024-03-01T15:30:00+00:00", subject="晚")
    make_activity(customers[0], people.manager, at="2024-03-01T16:30:00+00:00", subject="隔天办")
    answer = seen_all.get("/activity/list/?f.at.from=2024-03-01&f.at.to=2024-03-01")
    assert len(rows(answer)) == 1
    assert "2024-03-01 23:30" in answer.text and "隔天办" not in answer.text


def test_chips_read_as_sentences_and_lead_to_the_list_without_them(seen_all: Browser) -> None:
    answer = seen_all.get(URL, query_string={"f.name": "张", "f.kind": ["personal", "corporate"], "q": "x"})
    chips = answer.text[answer.text.index('class="chips"') : answer.text.index("chip-clear")]
    assert "包含“张”" in chips and " 或 " in chips and "搜索：“x”" in chips
    without_name = re.search(r'href="([^"]+)"[^>]*aria-label="移除：[^"]*包含', chips)
    assert without_name is not None
    assert without_name[1].replace("&amp;", "&") == "/customer/list/?f.kind=personal&f.kind=corporate&q=x"


NOT_UNDERSTOOD = (
    "_flt_0_name=x", "f.nosuch=1", "f.search_tokens=a", "f.password=a", "name=x", "f.name.from=1",
    "f.kind.to=1",
    "f.kind=nosuch", "f.annual_income.from=abc", "f.annual_income=5", "f.birth_date.from=2019-13-40",
    "f.last_followed_at.from=yesterday", "f.owner_id=abc", "f.owner_id=1%20OR%201", "f.owner_id=999999",
    "f.owner_id=9999999999999999999999", "op.name=regex", "op.nosuch=empty", "f.name=a&f.name=b",
    "f.annual_income.from=5&f.annual_income.to=1", "f.staff_count.from=1.5", "page=0", "page=-1",
    "page=x",
    "page=99999999999", "size=7", "size=1000000", "after=xyz", "after=W251bGwsMV0&before=W251bGwsMV0",
    "f.name=" + "a" * 201, "op.=empty", "f.=1", "f.staff_count.from=NaN",
    "f.annual_income.to=1e400", "export=1",
)  # fmt: skip


def test_what_is_not_understood_shows_no_rows(seen_all: Browser) -> None:
    for asked in NOT_UNDERSTOOD:
        answer = seen_all.get(f"{URL}?{asked}")
        assert answer.status_code == 400, asked
        assert rows(answer) == [], asked
        assert "无法按所给条件显示列表" in answer.text, asked
        assert seen_all.get(f"/customer/ids/?{asked}").status_code == 400, asked


def test_the_refusal_speaks_english_too(seen_all: Browser) -> None:
    seen_all.get("/language/en")
    answer = seen_all.get(f"{URL}?f.nosuch=1")
    assert "There is no filter “f.nosuch” here" in answer.text
    assert "This list cannot be shown as asked" in answer.text


def test_what_is_typed_is_never_markup(seen_all: Browser) -> None:
    attack = '"><script>alert(1)</script>'
    for asked in ({"q": attack}, {"f.name": attack}, {"f." + attack: "1"}, {"sort": attack}):
        assert "<script>alert" not in seen_all.get(URL, query_string=asked).text


def test_empty_lists_offer_one_act(client: Browser, people: People) -> None:
    text = login(client, people.manager).get(URL).text
    assert "暂无记录" in text and 'href="/customer/add"' in text
    narrowed = client.get(f"{URL}?q=nobody").text
    assert "没有符合条件的记录" in narrowed and "清除条件" in narrowed


def test_htmx_gets_the_changing_part_only(seen_all: Browser) -> None:
    whole, part = seen_all.get(URL), seen_all.get(URL, htmx=True)
    assert "<!doctype html>" in whole.text and "<!doctype html>" not in part.text
    assert part.text.lstrip().startswith("<section")
    assert 'id="list-count" hx-swap-oob="true"' in part.text
    assert "HX-Request" in part.headers["Vary"]
    restored = seen_all.get(URL, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<!doctype html>" in restored.text
    assert seen_all.get(f"{URL}?f.x=1", htmx=True).status_code == 400


def test_permissions_guard_the_list_and_its_buttons(client: Browser, people: People, customers: list[Customer]) -> None:
    assert client.get(URL).status_code == 302
    assert "/login/" in client.get(URL).headers["Location"]
    assert client.get(URL, htmx=True).headers["HX-Redirect"].startswith("/login/")
    login(client, people.manager)
    text = client.get(URL).text
    assert "/customer/add" in text and "/customer/delete/" not in text
    assert client.get("/role/list/").status_code in (403, 404)
    nobody = people.add("noroles", "无角色", people.north, "Public")
    assert login(client, nobody).get(URL).status_code == 403
    assert client.get("/customer/ids/").status_code == 403
    assert client.get("/customer/pick/owner_id").status_code == 403


def test_export_and_import_only_where_they_may(client: Browser, people: People, customers: list[Customer]) -> None:
    asked = {"f.level": "key"}
    text = login(client, people.head).get(URL, query_string=asked).text
    views = client.application.view_functions
    assert ("文件导出" in text or "导出" in text) is ("ExportView.start" in views)
    assert "导出" not in login(client, people.manager).get(URL).text


class Offers:
    """A module that offers an act on customers."""

    @staticmethod
    @hookimpl
    def record_actions(entity: str, actor: Actor) -> Sequence[Action]:
        offered = [
            Action("mark", "标记", "CustomerView.delete_many", "CustomerView", "can_edit", confirm="确定？"),
            Action(
                "ask",
                "询问",
                "CustomerView.ids",
                "CustomerView",
                "can_edit",
                dialog_endpoint="CustomerView.ids",
            ),
            Action("never", "无权", "CustomerView.ids", "CustomerView", "can_delete"),
            Action("gone", "无此地址", "NobodyView.act", "CustomerView", "can_edit"),
            Action("single", "单条", "CustomerView.ids", "CustomerView", "can_edit", bulk=False),
        ]
        return offered if entity == "customer" else []


def test_acts_of_modules_appear_for_those_who_may(
    app: Flask, client: Browser, people: People, customers: list[Customer]
) -> None:
    hooks = context().hooks
    hooks.modules["offers"] = Offers  # type: ignore[assignment]
    hooks.manager.register(Offers, name="offers")
    app.view_functions.setdefault("CustomerView.delete_many", lambda: "")
    text = login(client, people.manager).get(URL).text
    bar = text[text.index('id="bulk"') : text.index("</form>", text.index('id="bulk"'))]
    assert "标记" in bar and "询问" in bar and 'data-confirm-text="确定？"' in bar
    assert "无权" not in text and "无此地址" not in text and "单条" not in bar
    page = client.get(f"/customer/show/{customers[0].id}").text
    assert "单条" in page and "标记" in page and "无权" not in page
    assert f'name="ids" value="{customers[0].id}"' in page


def test_all_matching_are_offered_by_id_within_scope(
    client: Browser, people: People, customers: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert login(client, people.manager).get("/customer/ids/").json == {"ids": [customers[1].id, customers[0].id]}
    assert client.get("/customer/ids/?f.kind=corporate").json == {"ids": [customers[1].id]}
    monkeypatch.setattr("app.base.views.lists.BULK_LIMIT", 1)
    refused = client.get("/customer/ids/")
    assert refused.status_code == 400 and "缩小列表范围" in refused.json["error"]


def test_money_and_dates_stand_as_in_the_trade(seen_all: Browser, people: People, customers: list[Customer]) -> None:
    make_activity(customers[0], people.manager, amount="1234567.5", result="deal", at="2024-03-01T06:30:00+00:00")
    page = seen_all.get("/activity/list/").text
    assert "2024-03-01 14:30" in page
    shown = seen_all.get(f"/customer/show/{customers[1].id}").text
    assert 'title="50,000,000.00 元"' in shown and "5,000.00万元" in shown
    assert date(2009, 3, 12).isoformat() in shown
