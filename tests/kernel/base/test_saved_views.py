"""Saved views: whom they are for, what a colleague sees of one, who may change it, what opens by itself, REST."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.access.models import AuditEntry, FieldPermission
from app.base.saved import services
from app.base.saved.models import SavedView
from app.customers.models import Customer
from app.db import session
from app.testing.people import Browser, People, Person, login
from app.testing.statements import heard
from tests.kernel.base.lists import URL, names, rows
from tests.kernel.fields.shaping import add_fields, rebuilt

TAB = re.compile(r'<a href="([^"]+)" hx-get="[^"]+"( aria-current="page")?[^>]*>(?:<svg.*?</svg> )?([^<]+)', re.S)
STATE = {"where": "or(level:in:normal,kind:in:corporate)", "sort": "name", "columns": "name,level,owner_id"}
FOUND = ["北京瑞丰贸易有限公司"]


def keep(client: Browser, name: str = "我的视图", audience: str = "private", *, state: Any = None, **more: str) -> Any:
    """Save what the list shows as a view; the answer."""
    asked = STATE if state is None else state
    return client.post("/desk/customer/save", query_string=asked, data={"name": name, "audience": audience, **more})


def kept(answer: Any) -> int:
    """The id of the view that was saved."""
    assert answer.status_code == 303, answer.text
    return int(str(answer.headers["Location"]).rpartition("=")[2])


def tabs(answer: Any) -> dict[str, bool]:
    """The views above the list, and which of them is open."""
    shown = re.search(r'<nav class="record-tabs view-tabs".*?</nav>', answer.text, re.S)
    return {name.strip(): bool(current) for _url, current, name in TAB.findall(shown[0])} if shown else {}


def saved(number: int) -> SavedView:
    session.expire_all()
    found = session.get(SavedView, number)
    assert found is not None
    return found


def test_a_private_view_opens_for_its_owner_only(client: Browser, people: People, customers: list[Customer]) -> None:
    login(client, people.manager)
    assert tabs(client.get(URL)) == {}
    number = kept(keep(client))
    answer = client.get(URL, query_string={"view": number})
    assert names(answer) == FOUND and tabs(answer) == {"全部": False, "我的视图": True}
    assert 'data-field="owner_id"' in answer.text and 'data-field="mobile"' not in answer.text
    # every address from here spells it out, and still belongs to the view; a change of it shows
    assert f"from={number}&amp;where=" in answer.text and f'data-spelled="{URL}?from={number}&amp;where=' in answer.text
    assert "•" not in answer.text
    changed = client.get(URL, query_string={"from": number, **STATE, "sort": "-name"})
    assert tabs(changed)["我的视图"] and "•" in changed.text and f"/desk/view/{number}/keep?" in changed.text
    assert tabs(client.get(URL)) == {"全部": True, "我的视图": False}
    for person in (people.colleague, people.admin):
        login(client, person)
        assert "我的视图" not in client.get(URL).text
        answer = client.get(URL, query_string={"view": number})
        assert answer.status_code == 400 and rows(answer) == [] and "没有共享给您" in answer.text
        assert client.get(f"/desk/view/{number}/edit").status_code == 404
        assert client.post(f"/desk/view/{number}/delete").status_code == 404
        # the spelled address works for whoever has it, within their own scope
        answer = client.get(URL, query_string={"from": number, **STATE})
        assert answer.status_code == 200 and set(names(answer)) <= {"李秀英", *FOUND}


def test_whom_a_view_is_for(client: Browser, people: People, customers: list[Customer]) -> None:
    def sees(person: Person) -> set[str]:
        login(client, person)
        return set(tabs(client.get(URL))) - {"全部"}

    login(client, people.manager)
    assert "optgroup" not in client.get("/desk/customer/save").text
    for audience in ("unit:1", f"unit:{people.north.id}", f"role:{people.manager.role_id}", "everyone", "x"):
        assert keep(client, audience=audience).status_code == 422, audience
    assert keep(client, is_default="1").status_code == 422
    login(client, people.head)
    for audience in (f"unit:{people.south.id}", f"unit:{people.branch.id}", f"role:{people.manager.role_id}", "unit:"):
        assert keep(client, audience=audience).status_code == 422, audience
    unit = kept(keep(client, "支行视图", f"unit:{people.north.id}"))
    login(client, people.city_manager)
    kept(keep(client, "分行视图", f"unit:{people.branch.id}"))
    login(client, people.admin)
    kept(keep(client, "经理视图", f"role:{people.manager.role_id}"))
    kept(keep(client, "大家的视图", "everyone"))
    assert sees(people.manager) == {"支行视图", "分行视图", "经理视图", "大家的视图"}
    assert sees(people.stranger) == {"分行视图", "经理视图", "大家的视图"}
    assert sees(people.head) == {"支行视图", "分行视图", "大家的视图"}
    # a colleague opens it within their own scope, and cannot change it
    login(client, people.manager)
    answer = client.get(URL, query_string={"view": unit})
    assert names(answer) == FOUND and f"?view={unit}&amp;page=" not in answer.text
    assert "data-spelled" not in answer.text and "data-view-edit" not in answer.text
    form = {"name": "别的", "audience": "private", "_version": "1"}
    assert client.post(f"/desk/view/{unit}/edit", data=form).status_code == 422
    assert client.post(f"/desk/view/{unit}/delete").status_code == 422
    client.post(f"/desk/view/{unit}/keep", query_string={"from": unit})
    assert (saved(unit).name, saved(unit).version) == ("支行视图", 1) and "where=" in saved(unit).query


def test_of_two_who_change_it_one_is_told(client: Browser, people: People, customers: list[Customer]) -> None:
    login(client, people.head)
    number = kept(keep(client, "支行视图", f"unit:{people.north.id}"))
    state = {"from": number, "f.level": "key"}
    answer = client.post(f"/desk/view/{number}/keep", query_string=state, data={"_version": "1"})
    assert answer.headers["Location"] == f"{URL}?view={number}"
    assert (saved(number).query, saved(number).version) == ("f.level=key", 2)
    login(client, people.admin)
    client.post(f"/desk/view/{number}/keep", query_string={"from": number}, data={"_version": "1"})
    assert "刚被他人修改" in client.get(URL).text
    form = {"name": "改名", "audience": f"unit:{people.north.id}", "_version": "1"}
    answer = client.post(f"/desk/view/{number}/edit", data=form)
    assert answer.status_code == 422 and "刚被他人修改" in answer.text
    assert (saved(number).query, saved(number).name) == ("f.level=key", "支行视图")
    assert client.post(f"/desk/view/{number}/edit", data={**form, "_version": "2"}).status_code == 303
    assert client.post(f"/desk/view/{number}/delete", data={"_version": "2"}).status_code == 422
    assert client.post(f"/desk/view/{number}/delete", data={"_version": "3"}).status_code == 303
    acts = session.scalars(
        select(AuditEntry.action).where(AuditEntry.entity == "saved_view").order_by(AuditEntry.id)
    )
    assert list(acts) == ["create", "update", "update", "delete"]


def test_what_opens_by_itself(client: Browser, people: People, customers: list[Customer]) -> None:
    def opens(person: Person) -> dict[str, bool]:
        login(client, person)
        return {name: True for name, current in tabs(client.get(URL)).items() if current}

    login(client, people.admin)
    first = kept(keep(client, "甲视图", is_default="1"))
    assert opens(people.manager) == {"甲视图": True}
    second = kept(keep(client, "乙视图", own_default="1", state={"f.kind": "personal"}))
    assert opens(people.manager) == {"乙视图": True} and opens(people.colleague) == {"甲视图": True}
    answer = client.get(URL, query_string={"view": "all"})
    assert tabs(answer)["全部"] and len(rows(answer)) == 1 and "view=all&amp;page=" not in answer.text
    # an address that asks for anything is what it is
    assert tabs(client.get(URL, query_string={"f.level": "key"}))["全部"]
    # without a wish it says that it is none, so that no view comes back by itself
    assert f'href="{URL}?view=all"' in client.get(URL, query_string={"f.level": "key"}).text
    client.post("/desk/customer/default", data={"view": "all"})
    assert opens(people.colleague) == {"全部": True}
    login(client, people.colleague)
    client.post("/desk/customer/default", data={"view": ""})
    assert opens(people.colleague) == {"甲视图": True}
    assert client.post("/desk/customer/default", data={"view": second}).status_code == 404
    # another one takes its place; removed, nothing opens by itself
    login(client, people.admin)
    third = kept(keep(client, "丙视图", is_default="1"))
    assert not saved(first).is_default and opens(people.colleague) == {"丙视图": True}
    login(client, people.admin)
    client.post(f"/desk/view/{third}/delete", data={})
    assert opens(people.colleague) == {"全部": True}


def test_what_is_not_for_a_colleague_is_left_out_and_not_named(
    client: Browser, people: People, customers: list[Customer]
) -> None:
    login(client, people.admin)
    state = {"where": "or(annual_income:range:350000|,level:in:normal)", "columns": "name,annual_income",
             "sort": "-annual_income", "f.mobile": "13800135", "f.owner_id": people.stranger.employee_id}  # fmt: skip
    number = kept(keep(client, "大家的视图", "everyone", state=state))
    for name, level in (("annual_income", "hidden"), ("mobile", "masked")):
        session.add(FieldPermission(role_id=people.manager.role_id, entity="customer", field=name, level=level))
    session.commit()
    login(client, people.manager)
    answer = client.get(URL, query_string={"view": number})
    assert answer.status_code == 200 and tabs(answer)["大家的视图"]
    text = answer.text
    assert "350000" not in text and "annual_income" not in text and "年收入" not in text and "13800135" not in text
    assert "已略去：手机号" in text and "有 3 项条件或列对您不可用" in text
    assert client.get("/api/v1/saved_view/").json["result"] == []
    # whoever may change it, but does not see all of it, does not save over it
    saved(number).user_id = people.manager.user_id
    session.commit()
    client.post(f"/desk/view/{number}/keep", query_string={"from": number}, data={"_version": "1"})
    assert "annual_income" in saved(number).query


def test_a_field_out_of_use_is_named(app: Flask, client: Browser, people: People, customers: list[Customer]) -> None:
    add_fields({"key": "x_hobby", "label_zh": "爱好", "label_en": "Hobby", "kind": "text"})
    with rebuilt(app) as new:
        browser = login(new.test_client(), people.admin)
        number = kept(keep(browser, state={"f.x_hobby": "棋", "f.level": "key", "columns": "name,x_hobby"}))
        assert rows(browser.get(URL, query_string={"view": number})) == []
        field = browser.get("/api/v1/custom_field/").json["result"][0]["id"]
        assert browser.put(f"/api/v1/custom_field/{field}", json={"active": False}).status_code == 200
        with rebuilt(new) as newer:
            browser = login(newer.test_client(), people.admin)
            answer = browser.get(URL, query_string={"view": number})
            assert len(rows(answer)) == 2 and "已略去：爱好" in answer.text


def test_limits(client: Browser, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    login(client, people.manager)
    assert keep(client, "").status_code == keep(client, "长" * 41).status_code == 422
    kept(keep(client, "甲"))
    assert "同名" in keep(client, "甲").text
    monkeypatch.setattr(services, "MOST_OWN", 1)
    assert keep(client, "乙").status_code == 422
    monkeypatch.setattr(services, "LONGEST_QUERY", 10)
    monkeypatch.setattr(services, "MOST_OWN", 9)
    assert keep(client, "乙").status_code == 422
    assert client.post("/desk/nothing/save", data={"name": "x"}).status_code == 404
    assert client.post("/desk/custom_field/save", data={"name": "x"}).status_code == 404


def test_own_views_over_rest(client: Browser, people: People, customers: list[Customer]) -> None:
    login(client, people.head)
    mine = {"name": "接口视图", "entity": "customer", "query": "sort=name&f.level=key&page=3"}
    made = client.post("/api/v1/saved_view/", json=mine)
    assert made.status_code == 201 and made.json["result"]["query"] == "f.level=key&sort=name"
    number = made.json["id"]
    for wrong in ({"query": "f.nothing=1"}, {"query": "columns=nothing"}, {"entity": "nothing"}, {"name": "接口视图"},
                  {"audience": "everyone"}, {"is_default": True}):  # fmt: skip
        assert client.post("/api/v1/saved_view/", json={**mine, "name": "二", **wrong}).status_code == 422, wrong
    shared = {"audience": "unit", "unit_id": people.north.id, "query": "f.level=normal"}
    assert client.put(f"/api/v1/saved_view/{number}", json=shared).status_code == 200
    login(client, people.manager)
    assert tabs(client.get(URL, query_string={"view": number}))["接口视图"]
    assert client.get("/api/v1/saved_view/").json["count"] == 0
    assert client.get(f"/api/v1/saved_view/{number}").status_code == 404
    assert client.delete(f"/api/v1/saved_view/{number}").status_code == 404
    login(client, people.head)
    assert client.get("/saved_view/list/").status_code == 200
    assert client.delete(f"/api/v1/saved_view/{number}").status_code == 204


def test_a_list_reads_all_of_it_in_one_statement(client: Browser, people: People, customers: list[Customer]) -> None:
    login(client, people.admin)
    number = kept(keep(client, "甲", "everyone"))
    kept(keep(client, "乙", "everyone", own_default="1"))
    client.get(URL)
    for address in (URL, f"{URL}?view=all", f"{URL}?view={number}"):
        with heard() as seen:
            assert client.get(address).status_code == 200
        assert len([one for one in seen if "base_saved_view" in one]) == 1, address
        assert len([one for one in seen if "access_preference" in one and "ab_user" not in one]) == 1, address
