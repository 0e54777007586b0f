"""CUS-7, WSP-5: one box over everything: what each person finds, what nobody guesses, how it is written."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask import current_app
from flask_appbuilder.security.sqla.models import Role

from app.access.models import FieldPermission
from app.customers.models import Customer
from app.db import session, transaction
from app.testing.factories import id_number, make_contact, make_customer, make_employee, make_unit
from app.testing.people import Browser, People, login
from app.testing.statements import heard
from app.types import Level

NUMBER = id_number(7)


@pytest.fixture
def mine(people: People, as_system: None) -> Customer:
    made = make_customer("曾瑞禾", people.manager, mobile="13871125678", id_number=NUMBER)
    make_contact(made, "仇秀英", mobile="13900004321")
    make_customer("曾瑞丰", people.stranger, mobile="13871995678")
    return made


def answer(client: Browser, words: str) -> str:
    got = client.get("/search/suggest", query_string={"q": words}, htmx=True)
    assert got.status_code == 200 and got.headers["Cache-Control"] == "no-store"
    assert "<html" not in got.text
    return got.text


def names(html: str) -> list[str]:
    """The lines of the palette as they are read, without those that lead to lists."""
    lines = re.findall(r'<a class="palette-option" .*?<span class="palette-name">(.*?)</span>', html, re.DOTALL)
    return [unescape(re.sub(r"</?mark>", "", line)) for line in lines]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("瑞禾", ["曾瑞禾"]),
        ("zengrui", ["曾瑞禾"]),
        ("cengr", ["曾瑞禾"]),
        ("ZRH", ["曾瑞禾"]),
        ("ｚｒｈ", ["曾瑞禾"]),
        ("5678", ["曾瑞禾"]),
        ("138 7112 5678", ["曾瑞禾"]),
        ("１３８７１１２５６７８", ["曾瑞禾"]),
        (NUMBER[-4:].lower(), ["曾瑞禾"]),
        (NUMBER, ["曾瑞禾"]),
        ("4321", ["仇秀英"]),
        ("qiuxy", ["仇秀英"]),
        ("瑞丰", []),
        ("z", []),
        ("%", []),
    ],
)
def test_one_box_finds_records_of_every_entity_within_the_scope(
    client: Browser, people: People, mine: Customer, words: str, found: list[str]
) -> None:
    login(client, people.manager)
    assert names(answer(client, words)) == found
    page = client.get("/search/", query_string={"q": words})
    assert page.status_code == 200 and "曾瑞丰" not in page.text
    assert all(name in re.sub(r"</?mark>", "", page.text) for name in found)


def test_it_says_by_what_something_was_found_and_marks_it(client: Browser, people: People, mine: Customer) -> None:
    login(client, people.manager)
    assert "曾<mark>瑞禾</mark>" in answer(client, "瑞禾")
    assert "<mark>曾瑞</mark>禾" in answer(client, "zengrui")
    assert "1387112<mark>5678</mark>" in answer(client, "5678")
    assert f'href="/customer/show/{mine.id}"' in answer(client, "5678")


def test_a_number_kept_from_somebody_is_neither_found_nor_shown(
    client: Browser, people: People, mine: Customer
) -> None:
    kept = {"customer": {"mobile": Level.MASKED, "id_number": Level.HIDDEN}, "contact": {"mobile": Level.MASKED}}
    with transaction() as current:
        for slug, levels in kept.items():
            for name, level in levels.items():
                current.add(FieldPermission(role_id=people.manager.role_id, entity=slug, field=name, level=level.word))
    login(client, people.manager)
    for words in ("5678", "138 7112 5678", NUMBER[-4:], NUMBER, "4321"):
        assert names(answer(client, words)) == []
    found = answer(client, "瑞禾")
    assert names(found) == ["曾瑞禾"] and "5678" not in found and NUMBER not in found


def test_a_name_kept_from_somebody_cannot_be_found_out(client: Browser, people: People, mine: Customer) -> None:
    with transaction() as current:
        current.add(
            FieldPermission(role_id=people.manager.role_id, entity="customer", field="name", level=Level.MASKED.word)
        )
    login(client, people.manager)
    for words in ("瑞禾", "曾", "zengrui", "zrh"):
        assert names(answer(client, words)) == []
    shown = answer(client, "5678")
    assert len(names(shown)) == 1 and "瑞禾" not in shown


def test_what_is_not_open_to_somebody_is_not_searched(client: Browser, people: People, as_system: None) -> None:
    make_employee(make_unit("瑞禾支行", people.branch), "曾瑞禾")
    login(client, people.admin)
    assert names(answer(client, "瑞禾")) == ["瑞禾支行", "曾瑞禾"]  # as they stand in the menu
    refuse(people.admin.role_id, "UnitView")
    assert names(answer(client, "瑞禾")) == ["曾瑞禾"]
    guest = client.application.test_client().get("/search/suggest?q=瑞禾")
    assert guest.status_code == 302 and "瑞禾支行" not in guest.text


def refuse(role_id: int, view: str) -> None:
    manager = current_app.appbuilder.sm  # type: ignore[attr-defined]
    manager.del_permission_role(session.get(Role, role_id), manager.find_permission_view_menu("can_show", view))


def test_pages_of_the_menu_are_found_by_whoever_may_open_them(client: Browser, people: People) -> None:
    login(client, people.admin)
    assert "角色与权限" in names(answer(client, "jsqx")) + names(answer(client, "角色"))
    login(client, people.manager)
    assert names(answer(client, "角色")) == []
    assert names(answer(client, "kehu"))[:1] == ["客户"]


def test_the_nearest_comes_first_and_the_rest_is_in_the_list(client: Browser, people: People, as_system: None) -> None:
    for name in ("李瑞禾", *(f"瑞禾{n}" for n in "甲乙丙丁戊己"), "瑞禾"):
        make_customer(name, people.manager)
    login(client, people.manager)
    found = answer(client, "瑞禾")
    assert names(found)[0] == "瑞禾" and len(names(found)) == 5 and "李瑞禾" not in names(found)
    link = re.search(r'palette-more" [^>]*href="([^"]+)"', found)
    assert link is not None
    listed = client.get(unescape(link[1]))
    assert listed.status_code == 200 and all(name in listed.text for name in ("李瑞禾", "瑞禾甲"))


def test_without_a_word_it_offers_what_was_opened_last(client: Browser, people: People, mine: Customer) -> None:
    login(client, people.manager)
    assert names(answer(client, "  ")) == []
    client.get(f"/customer/show/{mine.id}")
    assert names(answer(client, "")) == ["曾瑞禾"]


@pytest.mark.parametrize(
    "words", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7919 * 104729 }}"]
)
def test_nothing_typed_or_kept_is_ever_code(client: Browser, people: People, words: str) -> None:
    make_customer(f"瑞禾{words}", people.manager)
    login(client, people.manager)
    for asked in (words, f"瑞禾{words}", "瑞禾"):
        for address in ("/search/suggest", "/search/"):
            got = client.get(address, query_string={"q": asked}).text
            assert words not in got.replace("{{ 7919 * 104729 }}", "") and str(7 * 7919) not in got
            assert "<img src=x" not in got


@pytest.mark.parametrize(
    "words", ["'; DROP TABLE customer; --", "a" * 5000, "\\", "霍*", "NEAR(a b)", "&|!:*", "@contact.name"]
)
def test_hostile_words_are_only_words(client: Browser, people: People, mine: Customer, words: str) -> None:
    login(client, people.admin)
    assert names(answer(client, words)) == []
    assert names(answer(client, "瑞禾")) == ["曾瑞禾"]


def test_more_records_take_no_more_statements(client: Browser, people: People, mine: Customer) -> None:
    login(client, people.admin)
    counts = []
    for number in range(2):
        answer(client, "瑞")
        with heard() as seen:
            answer(client, "瑞")
        counts.append(len(seen))
        for extra in range(4 * (1 - number)):
            make_customer(f"瑞{extra}", people.manager)
    assert counts[1] <= counts[0]
