"""Layouts in force: what each role and type sees, what never changes by them, who may arrange, and two at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.customers.models import Customer
from app.db import session
from app.fields.layouts.describing import extend_layouts, layout_of, page_plan
from app.fields.layouts.models import LayoutVersion
from app.fields.layouts.rules import EMPTY, read_layout
from app.fields.layouts.services import Stale, bring_back, discard_draft, publish, save_draft, standing
from app.host.boot import enabled_modules
from app.host.context import context, entity
from app.testing.factories import make_contact, make_customer
from app.testing.people import Browser, People, Person, login
from app.types import SYSTEM, FieldLevels, Level, Refused
from tests.kernel.base.forms import fields_of
from tests.kernel.fields.shaping import add_fields, rebuilt

SITE: dict[str, Any] = {
    "sections": [
        {"of": "Basic data", "zh": "要点", "en": "Essentials", "columns": 1, "fields": ["mobile", "name", "kind"]},
        {"zh": "其他事项", "en": "Other matters", "collapsed": True, "fields": ["industry", "remark"]},
        {"zh": "资金", "en": "Money", "tab": "money", "fields": ["annual_income", "annual_revenue"]},
    ],
    "hidden": ["email", "owner_id", "unit_id", "level"],
    "tabs": [{"name": "history"}, {"name": "money", "own": True, "zh": "资金面", "en": "Money side"}],
    "hidden_tabs": ["contacts"],
}
FIRM = {
    "value": "corporate",
    "sections": [{"zh": "公司速记", "en": "Firm in brief", "fields": ["name", "kind", "uscc"]}],
}


def arrange(people: People, *pages: dict[str, Any], lists: Sequence[dict[str, Any]] = (), by: str = "kind") -> int:
    """Put a layout of customers in force; returns its number."""
    with acting_as(people.admin.actor):
        layout = read_layout({"by": by, "pages": list(pages), "lists": list(lists)})
        save_draft("customer", layout, standing("customer").version)
        return publish("customer", standing("customer").version)


@contextmanager
def in_force(app: Flask) -> Iterator[Flask]:
    """The app with the layouts an app built now would have."""
    session.commit()
    context(app).layouts.clear()
    extend_layouts(app)
    yield app


@contextmanager
def seen_as(new: Flask, person: Person) -> Iterator[Browser]:
    client = new.test_client()
    login(client, person)
    yield client  # type: ignore[misc]


def role_of(person: Person) -> str:
    return person.actor.grants[0].role


def headings(text: str) -> list[str]:
    return re.findall(r'class="card-title"(?: id="section-\d+")?>([^<]+)</h2>', text)


def test_form_and_page_follow_role_and_type(app: Flask, people: People) -> None:
    person, firm = (
        make_customer("甲", people.manager, annual_income="5"),
        make_customer("乙", people.manager, kind="corporate"),
    )
    make_contact(person, "联系人")
    seller = {"role": role_of(people.manager), "sections": [{"zh": "客户经理看的", "fields": ["name", "remark"]}]}
    arrange(people, SITE, FIRM, seller)
    with in_force(app) as new:
        with seen_as(new, people.manager) as client:
            page = client.get(f"/customer/show/{person.id}").text
            assert headings(page)[:1] == ["客户经理看的"] and "要点" not in page
        with seen_as(new, people.head) as client:
            page = client.get(f"/customer/show/{person.id}").text
            # industry belongs to firms wherever it stands; what nobody placed follows in its own section
            assert headings(page) == ["要点", "其他事项", "个人信息", "地址与备注", "归属", "客户池"]
            assert page.index("手机") < page.index(">客户名称<") and "行业" not in page and "年收入" not in page
            assert "电子邮箱" not in page and '<details class="folded">' in page and "one-wide" in page
            tabs = re.findall(r'data-tab="([^"]*)"', page)
            assert tabs[:3] == ["", "history", "own.money"] and "contacts" not in tabs and len(tabs) > 3
            money = client.get(f"/customer/show/{person.id}/tab/own.money", htmx=True).text
            assert "年收入" in money and "年营业收入" not in money
            assert client.get(f"/customer/show/{person.id}/tab/own.other").status_code == 404
            assert client.get(f"/customer/show/{person.id}/tab/contacts").status_code == 200
            assert headings(client.get(f"/customer/show/{firm.id}").text)[0] == "公司速记"
            form = client.get(f"/customer/edit/{firm.id}").text
            assert headings(form)[0] == "公司速记" and 'data-shaped-by="kind"' in form
            state = client.get("/customer/form-state?kind=personal").json
            assert state is not None and "annual_income" in state["fields"]
    # an arrangement by type would tell the type to whoever may not read it
    layout, described, head = layout_of("customer"), entity("customer"), people.head.actor
    kept_back = replace(head, fields=FieldLevels({"customer": {"kind": Level.MASKED}}))
    for actor, value in ((head, "corporate"), (kept_back, None)):
        plan = page_plan(layout, described, actor, "corporate")
        assert plan is not None and plan.value == value


def test_a_new_record_is_made_by_an_arranged_form(app: Flask, people: People) -> None:
    arrange(people, SITE, FIRM)
    with in_force(app) as new, seen_as(new, people.head) as client:
        sent = fields_of(client.get("/customer/add").text)
        assert "owner_id" not in sent and "email" not in sent
        other = client.post("/customer/add", data=sent | {"name": "丙", "kind": "corporate", "_shape": "1"}).text
        assert headings(other)[0] == "公司速记" and 'value="丙"' in other
        assert session.scalar(select(Customer.id).where(Customer.name == "丙")) is None
        sent |= {"name": "丙", "mobile": "13800138000"}
        assert "没有" in client.post("/customer/add", data=sent | {"email": "a@b.cn"}).text
        assert client.post("/customer/add", data=sent).status_code == 303
        with acting_as(SYSTEM):
            made = session.scalars(select(Customer).where(Customer.name == "丙")).one()
        # what a form fills in by itself is filled in though it is not shown
        assert (made.owner_id, made.unit_id) == (people.head.employee_id, people.head.unit_id)
        # files and REST know nothing of layouts
        answer = client.post("/api/v1/customer/", json={"name": "丁", "email": "d@b.cn"})
        assert answer.status_code == 201, answer.text


def test_the_list_opens_as_arranged_for_the_role_unless_the_document_broke(app: Flask, people: People) -> None:
    make_customer("个人甲", people.manager), make_customer("公司乙", people.manager, kind="corporate")
    mine = {
        "role": role_of(people.manager),
        "columns": ["code", "gone", "name"],
        "filter": [["f.kind", "corporate"], ["f.gone", "x"]],
    }
    arrange(people, lists=[mine])
    with in_force(app) as new:
        with seen_as(new, people.manager) as client:
            page = client.get("/customer/list/").text
            assert "公司乙" in page and "个人甲" not in page
            head = page.split("<thead", 1)[1].split("</thead", 1)[0]
            assert head.index("客户编号") < head.index("客户名称") and "客户级别" not in head
            assert 'href="/customer/list/?view=all"' in page
            assert "个人甲" in client.get("/customer/list/?view=all").text
        with seen_as(new, people.head) as client:
            assert "个人甲" in client.get("/customer/list/").text
    with acting_as(SYSTEM):
        session.scalars(select(LayoutVersion)).one().document = '{"pages": 7}'
    with in_force(app) as new, seen_as(new, people.manager) as client:
        assert "个人甲" in client.get("/customer/list/").text


def test_a_field_added_later_is_shown_and_one_that_must_be_given_stays(app: Flask, people: People) -> None:
    arrange(people, SITE)
    add_fields({"label_zh": "渠道来源", "kind": "text", "section": "要点"}, {"label_zh": "评级", "kind": "text"})
    with rebuilt(app) as new, seen_as(new, people.head) as client:
        form = client.get("/customer/add").text
        assert form.index("要点") < form.index("渠道来源") < form.index("其他事项") < form.index("评级")
    hiding = {"sections": SITE["sections"][:0], "hidden": ["name"]}
    with acting_as(people.admin.actor), pytest.raises(Refused, match="客户名称"):
        save_draft("customer", read_layout({"pages": [hiding]}), standing("customer").version)


def test_drafts_versions_and_the_way_back(app: Flask, people: People) -> None:
    with acting_as(people.admin.actor):
        before, layout = enabled_modules()[0], read_layout({"pages": [SITE]})
        version = save_draft("customer", layout, 0)
        assert enabled_modules()[0] == before and standing("customer").published == EMPTY
        with pytest.raises(Stale):
            save_draft("customer", EMPTY, 0)
        with pytest.raises(Stale):
            publish("customer", version - 1)
        assert standing("customer").draft == layout
        assert publish("customer", version) == 1 and enabled_modules()[0] == before + 1
        with pytest.raises(Refused):
            publish("customer", standing("customer").version)
        save_draft("customer", EMPTY, standing("customer").version)
        discard_draft("customer", standing("customer").version)
        assert standing("customer").working == layout
        assert bring_back("customer", 0, standing("customer").version) == 2
        assert standing("customer").published == EMPTY
        assert bring_back("customer", 1, standing("customer").version) == 3
        assert standing("customer").published == layout
        with pytest.raises(Refused):
            bring_back("customer", 9, standing("customer").version)
        with pytest.raises(Refused):
            save_draft("nothing", EMPTY, 0)
        noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "publish")).all()
        assert [entry.record_id for entry in noted] == ["customer"] * 3
    arranger = replace(people.manager.actor, permissions=frozenset({("can_edit", "LayoutView")}))
    with acting_as(people.manager.actor), pytest.raises(Refused):
        save_draft("customer", EMPTY, standing("customer").version)
    with acting_as(arranger), pytest.raises(Refused):
        bring_back("customer", 1, standing("customer").version)


def test_the_editor_keeps_what_was_arranged_and_shows_it_as_a_role(app: Flask, people: People, client: Browser) -> None:
    mine = make_customer("我的客户", people.manager, remark="<script>alert(2)</script>")
    shaper = people.add("shaper", "业管", people.head_office, "business_admin")
    login(client, people.manager)
    for path in ("/layouts/", "/layouts/customer/", "/layouts/customer/versions"):
        assert client.get(path).status_code in (302, 403)
    assert client.post("/layouts/customer/save", data={"document": "{}"}).status_code in (302, 403)
    login(client, shaper)
    assert "/layouts/customer/" in client.get("/layouts/").text
    assert client.get("/layouts/nothing/").status_code == 404
    editor = client.get("/layouts/customer/").text
    version = re.search(r'name="version" value="(\d+)"', editor)
    assert version is not None and 'data-of="Basic data"' in editor
    role = role_of(people.manager)
    sent = {"version": version[1], "area": "page", "role": role, "document": json.dumps(SITE)}
    shown = client.post("/layouts/customer/preview", data=sent | {"as_role": role, "on": "page"}).text
    assert "要点" in shown and "资金面" in shown and "inert" in shown
    add = client.post("/layouts/customer/preview", data=sent | {"as_role": role, "on": "add"}).text
    assert 'data-field="mobile"' in add and 'data-field="email"' not in add
    assert client.post("/layouts/customer/preview", data=sent | {"document": "{"}).status_code == 200
    with acting_as(shaper.actor):
        assert standing("customer").version == 0  # looking keeps nothing
    real = client.post("/layouts/customer/preview", data=sent | {"on": "page", "record": mine.id}).text
    assert "我的客户" in real and "<script>alert(2)" not in real
    bad = client.post("/layouts/customer/save", data=sent | {"document": json.dumps({"hidden": ["name"]})})
    assert bad.status_code == 422 and "客户名称" in bad.text
    assert client.post("/layouts/customer/save", data=sent).status_code == 303
    late = client.post("/layouts/customer/save", data=sent | {"document": json.dumps({"hidden": ["remark"]})})
    assert late.status_code == 409 and "业管" in late.text
    again = re.search(r'name="version" value="(\d+)"', late.text)
    assert again is not None
    address = f"/layouts/customer/?area=list&role={role}"
    assert "data-column-list" in client.get(address).text
    listed = {"version": again[1], "area": "list", "role": role, "column": ["name", "code"], "f.kind": "corporate"}
    table = client.post("/layouts/customer/preview", data=listed | {"as_role": role, "on": "list"}).text
    assert re.findall(r"<th [^>]*>([^<]*)", table) == ["客户名称", "客户编号"] and "类型" in table
    assert client.post("/layouts/customer/save", data=listed | {"_then": "publish"}).status_code == 303
    with acting_as(shaper.actor):
        layout = standing("customer").published
        assert [(one.role, one.columns, one.filter) for one in layout.lists] == [
            (role, ("name", "code"), (("f.kind", "corporate"),))
        ]
        assert layout.pages[0].hidden == tuple(SITE["hidden"]) and layout.by == ""
