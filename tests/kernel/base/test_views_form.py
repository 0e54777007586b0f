"""Adding and editing: what is saved, what is refused, and that nothing typed is lost."""

from __future__ import annotations

import re
import threading
from contextvars import Context
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.access.models import AuditEntry
from app.activities.models import Activity
from app.base.views.guard import own_path
from app.base.views.models import FormToken
from app.customers.models import Contact, Customer, CustomerShare
from app.db import now, session
from app.testing.factories import id_number, make_activity, make_contact, make_customer
from app.testing.people import Browser, People, login
from tests.kernel.base.forms import count, fetch, fields_of


def test_a_new_customer_fills_in_owner_unit_and_type(manager: Browser, people: People) -> None:
    page = manager.get("/customer/add")
    sent = fields_of(page.text)
    assert (sent["owner_id"], sent["unit_id"], sent["kind"]) == (
        str(people.manager.employee_id), str(people.manager.unit_id), "personal",
    )  # fmt: skip
    assert ">张经理</option>" in page.text
    assert 'class="form-label required" for="field-name"' in page.text
    sent |= {"name": "赵敏", "mobile": "138 0013 5678", "annual_income": "12.5万", "birth_date": "1990/1/2"}
    answer = manager.post("/customer/add", data=sent)
    assert answer.status_code == 303
    made = fetch(Customer, int(answer.headers["Location"].rpartition("/")[2]))
    assert (made.name, made.mobile, made.annual_income, str(made.birth_date)) == (
        "赵敏",
        "13800135678",
        125000,
        "1990-01-02",
    )
    assert made.owner_id == people.manager.employee_id
    after = manager.get(answer.headers["Location"])
    assert f'已新建 <a href="/customer/show/{made.id}">赵敏</a>' in after.text


def test_errors_stand_beside_the_fields_and_nothing_is_lost(manager: Browser) -> None:
    sent = fields_of(manager.get("/customer/add").text)
    sent |= {
        "name": "",
        "mobile": "12",
        "id_number": "110101198506151234",
        "birth_date": "1990-02-30",
        "remark": '<b>"话"</b>',
    }
    answer = manager.post("/customer/add", data=sent)
    assert answer.status_code == 422
    again = fields_of(answer.text)
    assert again["mobile"] == "12" and again["birth_date"] == "1990-02-30"
    assert again["remark"] == sent["remark"] and "&lt;b&gt;&#34;话&#34;&lt;/b&gt;" in answer.text
    for name in ("name", "mobile", "id_number", "birth_date"):
        assert f'href="#field-{name}"' in answer.text
        assert f'id="field-{name}-error"' in answer.text
        assert f'aria-describedby="field-{name}-error"' in answer.text
    assert count(Customer) == 0 and count(FormToken) == 0
    assert (
        manager.post(
            "/customer/add",
            data={**again, "name": "对了", "mobile": "", "id_number": "", "birth_date": "", "remark": ""},
        ).status_code
        == 303
    )


def test_a_duplicate_is_told_beside_its_field(manager: Browser, people: People) -> None:
    make_customer("别人的", people.stranger, id_number=id_number(3))
    sent = fields_of(manager.get("/customer/add").text) | {"name": "重复", "id_number": id_number(3)}
    answer = manager.post("/customer/add", data=sent)
    assert answer.status_code == 422
    assert 'id="field-id_number-error"' in answer.text
    assert "别人的" not in answer.text
    assert count(Customer) == 1


def test_the_same_form_sent_again_makes_one_record(manager: Browser) -> None:
    sent = fields_of(manager.get("/customer/add").text) | {"name": "双击"}
    first, second = manager.post("/customer/add", data=sent), manager.post("/customer/add", data=sent)
    assert first.headers["Location"] == second.headers["Location"]
    assert count(Customer) == 1
    assert "没有重复保存" in manager.get(second.headers["Location"]).text
    other = fields_of(manager.get("/customer/add").text) | {"name": "双击"}
    assert manager.post("/customer/add", data=other).headers["Location"] != first.headers["Location"]


def test_two_sends_at_the_same_moment_make_one_record(app: Flask, client: Browser, people: People) -> None:
    login(client, people.manager)
    sent = fields_of(client.get("/customer/add").text) | {"name": "同时"}
    session.commit()
    session.remove()
    answers: list[Any] = []
    start = threading.Barrier(4)

    def send() -> None:
        browser = app.test_client()
        login(browser, people.manager)
        start.wait()
        answers.append(browser.post("/customer/add", data=sent))

    threads = [threading.Thread(target=lambda: Context().run(send)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [answer.status_code for answer in answers] == [303] * 4
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert count(Customer) == 1


def test_another_persons_token_gives_nothing_away(app: Flask, manager: Browser, people: People) -> None:
    sent = fields_of(manager.get("/customer/add").text) | {"name": "甲"}
    manager.post("/customer/add", data=sent)
    other = login(app.test_client(), people.stranger)
    assert isinstance(other, Browser)
    mine = fields_of(other.get("/customer/add").text) | {"name": "乙", "_token": sent["_token"]}
    answer = other.post("/customer/add", data=mine)
    assert answer.status_code == 422 and "甲" not in answer.text
    assert count(Customer) == 1


def test_without_a_csrf_token_nothing_happens(manager: Browser, people: People) -> None:
    mine = make_customer("我的", people.manager)
    contact = make_contact(mine)
    sent = fields_of(manager.get("/customer/add").text) | {"name": "假冒"}
    for address in (
        "/customer/add",
        f"/customer/edit/{mine.id}",
        f"/contact/delete/{contact.id}",
        "/contact/delete/",
    ):
        assert manager.post(address, data={**sent, "ids": contact.id}, csrf=False).status_code == 400, address
    assert count(Customer) == 1 and count(Contact) == 1
    assert fetch(Customer, mine.id).name == "我的"


def test_fields_the_form_does_not_have_are_refused(manager: Browser, people: People) -> None:
    mine = make_customer("我的", people.manager)
    before = mine.updated_at
    edit = f"/customer/edit/{mine.id}"
    for name, value in (
        ("owner_id", people.stranger.employee_id), ("unit_id", people.south.id), ("code", "HACK"),
        ("kind", "corporate"),
        ("version", 9), ("id", 77), ("created_at", "2000-01-01"), ("search_tokens", "x"), ("__class__", "x"),
        ("last_followed_at", "2020-01-01"), ("uscc", "91110000000000007X"),
    ):  # fmt: skip
        sent = fields_of(manager.get(edit).text) | {"name": "改了", name: value}
        answer = manager.post(edit, data=sent)
        assert answer.status_code == 422, name
        assert 'role="alert"' in answer.text
    kept = fetch(Customer, mine.id)
    assert (kept.name, kept.owner_id, kept.updated_at) == ("我的", people.manager.employee_id, before)
    for name, value in (
        ("id", 5),
        ("version", 3),
        ("closed_at", "2020-01-01"),
        ("owned_since_at", "2020-01-01"),
    ):
        sent = fields_of(manager.get("/customer/add").text) | {"name": "新的", name: value}
        assert manager.post("/customer/add", data=sent).status_code == 422, name
    assert count(Customer) == 1


def test_editing_saves_only_what_changed(manager: Browser, people: People) -> None:
    mine = make_customer("旧名", people.manager, mobile="13800135678", annual_income="5000.10", remark="一\r\n二")
    activity = make_activity(mine, people.manager, at="2024-03-01T06:30:45+00:00")
    edit = f"/customer/edit/{mine.id}"
    unchanged = manager.post(edit, data=fields_of(manager.get(edit).text))
    assert unchanged.status_code == 303
    assert "没有任何修改" in manager.get(unchanged.headers["Location"]).text
    sent = fields_of(manager.get(edit).text) | {"name": "新名"}
    saved = manager.post(edit, data=sent)
    assert saved.status_code == 303
    entry = session.scalars(
        select(AuditEntry).where(AuditEntry.entity == "customer").order_by(AuditEntry.id.desc())
    ).first()
    assert entry is not None
    assert {key for key in entry.changes if key not in ("version", "search_tokens")} <= {
        "name",
        "search_pinyin",
    }
    assert entry.changes["name"] == ["旧名", "新名"]
    # The form shows minutes: saving another field keeps the seconds.
    other = f"/activity/edit/{activity.id}"
    manager.post(other, data=fields_of(manager.get(other).text) | {"subject": "新主题"})
    kept = fetch(Activity, activity.id)
    assert (kept.subject, kept.at.second) == ("新主题", 45)
    assert manager.post(other, data=fields_of(manager.get(other).text) | {"subject": ""}).status_code == 303
    assert fetch(Activity, activity.id).subject == ""


def test_somebody_elses_change_is_shown_not_overwritten(app: Flask, manager: Browser, people: People) -> None:
    mine = make_customer("原名", people.manager, mobile="13800135678")
    edit = f"/customer/edit/{mine.id}"
    sent = fields_of(manager.get(edit).text) | {"name": "我改的"}
    boss = login(app.test_client(), people.head)
    assert isinstance(boss, Browser)
    assert boss.post(edit, data=fields_of(boss.get(edit).text) | {"name": "主管改的"}).status_code == 303
    answer = manager.post(edit, data=sent)
    assert answer.status_code == 409
    assert "主管改的" in answer.text and fields_of(answer.text)["name"] == "我改的"
    assert "其他人修改了这条记录" in answer.text
    assert fetch(Customer, mine.id).name == "主管改的"
    assert manager.post(edit, data=fields_of(answer.text)).status_code == 303
    assert fetch(Customer, mine.id).name == "我改的"


def test_ids_outside_the_scope_do_not_exist(manager: Browser, people: People) -> None:
    theirs = make_customer("别人的客户", people.stranger)
    contact = make_contact(theirs, "别人的联系人")
    activity = make_activity(theirs, people.stranger)
    sent = fields_of(manager.get("/customer/add").text) | {"name": "改"}
    for address in (
        f"/customer/show/{theirs.id}", f"/customer/show/{theirs.id}/timeline",
        f"/customer/show/{theirs.id}/tab/history",
        f"/customer/edit/{theirs.id}", f"/contact/show/{contact.id}", f"/contact/edit/{contact.id}",
        f"/contact/delete/{contact.id}", f"/activity/edit/{activity.id}", "/customer/show/99999999",
        "/customer/show/99999999999999999999999999", "/customer/show/0",
    ):  # fmt: skip
        answer = manager.get(address)
        assert answer.status_code == 404, address
        assert "别人的" not in answer.text
    for address in (
        f"/customer/edit/{theirs.id}",
        f"/contact/edit/{contact.id}",
        f"/contact/delete/{contact.id}",
    ):
        assert manager.post(address, data=sent).status_code == 404, address
    assert manager.post("/contact/delete/", data={"ids": contact.id}).status_code == 422
    assert fetch(Contact, contact.id).name == "别人的联系人" and fetch(Customer, theirs.id).name == "别人的客户"


def test_a_prefilled_link_must_be_within_scope(manager: Browser, people: People) -> None:
    mine, theirs = make_customer("我的", people.manager), make_customer("别人的", people.stranger)
    page = manager.get(f"/contact/add?customer_id={mine.id}&role=family&next=/customer/show/{mine.id}")
    assert fields_of(page.text)["customer_id"] == str(mine.id)
    assert fields_of(page.text)["role"] == "family"
    assert ">我的</option>" in page.text
    for asked in (
        f"customer_id={theirs.id}",
        "customer_id=abc",
        "customer_id=99999999999999999999",
        "customer_id=-1",
    ):
        answer = manager.get(f"/contact/add?{asked}")
        assert answer.status_code == 404 and "别人的" not in answer.text, asked
    assert manager.get("/contact/add?nosuch=1").status_code == 400
    assert manager.get("/contact/add?created_at=2020-01-01").status_code == 400
    sent = fields_of(page.text) | {"name": "新联系人", "customer_id": theirs.id}
    answer = manager.post("/contact/add", data=sent)
    assert answer.status_code == 422 and "别人的" not in answer.text
    assert count(Contact) == 0
    sent["customer_id"] = mine.id
    saved = manager.post("/contact/add", data=sent)
    assert saved.headers["Location"] == f"/customer/show/{mine.id}"


def test_pickers_give_names_within_scope_only(manager: Browser, people: People) -> None:
    mine = make_customer("张三丰", people.manager, code="ZSF1")
    make_customer("张三外", people.stranger)
    found = manager.get("/contact/pick/customer_id?q=张三").json
    assert found["items"] == [{"value": str(mine.id), "text": "张三丰", "hint": "ZSF1"}]
    assert len(manager.get("/customer/pick/owner_id").json["items"]) >= 6
    assert manager.get("/customer/pick/owner_id?q=李同").json["items"][0]["text"] == "李同事"
    for address in ("/customer/pick/name", "/customer/pick/nosuch", "/customer/pick/password"):
        assert manager.get(address).status_code == 404
    assert manager.get("/contact/pick/customer_id?q=%25").json["items"] == []
    for number in range(25):
        make_customer(f"批量{number}", people.manager)
    many = manager.get("/contact/pick/customer_id?q=批量").json
    assert len(many["items"]) == 20 and many["more"]


def test_which_fields_belong_to_the_record_is_asked_of_the_server(manager: Browser) -> None:
    text = manager.get("/customer/add").text
    assert 'data-watched="kind"' in text
    assert re.search(r'data-section="2"[^>]* hidden disabled', text)
    personal, corporate = (manager.get(f"/customer/form-state?kind={kind}").json for kind in ("personal", "corporate"))
    assert 1 in personal["sections"] and 2 not in personal["sections"] and "uscc" not in personal["fields"]
    assert 2 in corporate["sections"] and "uscc" in corporate["fields"] and "sex" not in corporate["fields"]
    sent = fields_of(text) | {"name": "公司", "kind": "corporate", "sex": "male"}
    answer = manager.post("/customer/add", data=sent)
    assert answer.status_code == 422 and 'id="field-sex-error"' in answer.text


def test_a_colleague_with_reading_share_may_not_change(client: Browser, people: People, as_system: None) -> None:
    mine = make_customer("共享的", people.manager)
    session.add(
        CustomerShare(customer_id=mine.id, employee_id=people.colleague.employee_id, can_write=False, created_at=now())
    )
    session.commit()
    login(client, people.colleague)
    page = client.get(f"/customer/show/{mine.id}")
    assert page.status_code == 200 and f"/customer/edit/{mine.id}" not in page.text
    answer = client.get(f"/customer/edit/{mine.id}")
    assert answer.status_code == 303
    assert 'data-kind="warning"' in client.get(answer.headers["Location"]).text
    answer = client.post(f"/customer/edit/{mine.id}", data={"name": "抢"})
    assert answer.status_code == 303
    assert fetch(Customer, mine.id).name == "共享的"


@pytest.mark.parametrize(
    ("target", "safe"),
    [
        ("/customer/list/?q=a", True), ("/a#b", True), ("//evil.example", False), ("/\\evil.example", False),
        ("https://evil.example", False), ("javascript:alert(1)", False), ("/\t/evil.example", False),
        ("", False),
        (None, False), ("/a\r\nSet-Cookie: x=1", False), ("/" + "a" * 3000, False), ("\\/evil", False),
        (" /a", False),
    ],
)  # fmt: skip
def test_nobody_is_sent_to_another_site(target: str | None, safe: bool) -> None:
    assert own_path(target, "/home") == (target if safe else "/home")


def test_next_is_followed_only_within_the_site(manager: Browser) -> None:
    for target, location in (("//evil.example/x", None), ("/contact/list/", "/contact/list/")):
        sent = fields_of(manager.get("/customer/add").text) | {"name": "去", "next": target}
        answer = manager.post("/customer/add", data=sent)
        assert answer.headers["Location"] == (
            location or f"/customer/show/{answer.headers['Location'].rpartition('/')[2]}"
        )
    form = manager.get("/customer/add?next=//evil.example").text
    assert "evil.example" not in form[form.index('id="entity-form"') :]


def test_both_languages_on_the_form(manager: Browser) -> None:
    assert "保存并继续新建" in manager.get("/customer/add").text
    manager.get("/language/en")
    text = manager.get("/customer/add").text
    assert "Save and add another" in text and "保存" not in text
    answer = manager.post("/customer/add", data=fields_of(text) | {"name": ""})
    assert "Nothing was saved yet" in answer.text and "This field is required" in answer.text
