"""Boards: columns of a choice field within scope and the list's filters, cards moved by the same path as a form."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from app.access.actors import acting_as
from app.access.models import FieldPermission
from app.base.views import board, boards
from app.customers.models import Customer
from app.db import session, transaction
from app.testing.factories import make_customer, make_record
from app.testing.people import Browser, People, login
from app.testing.statements import heard
from plugins.loans.models import Development
from tests.kernel.fields.shaping import add_fields, rebuilt

BOARD = "/customer/board/"


def columns(page: Any) -> dict[str, tuple[str, list[int]]]:
    """{value: (the count shown, ids of its cards)}."""
    found = {}
    for part in page.text.split('data-board-column="')[1:]:
        count = re.search(r"data-board-count>([^<]*)<", part)
        assert count
        found[part.partition('"')[0]] = (count[1], [int(pk) for pk in re.findall(r'data-row="(\d+)"', part)])
    return found


def test_columns_count_and_page_within_scope_and_filters(
    manager: Browser, people: People, theirs: Customer, monkeypatch: pytest.MonkeyPatch, as_system: None
) -> None:
    monkeypatch.setattr(board, "PAGE", 2)
    monkeypatch.setattr(boards, "COUNTED", 3)
    made = [make_customer(f"客户{n}", people.manager, level="key", source="phone" if n else None) for n in range(5)]
    none = make_customer("无级别", people.manager)
    with transaction():
        none.level = None
    ids = [one.id for one in made]
    with heard() as seen:
        found = columns(manager.get(BOARD + "?by=level"))
    assert found["key"] == ("3+", [ids[4], ids[3]]) and found[""] == ("1", [none.id])
    assert found["normal"][1] == [] and len(seen) < 30
    page = manager.get(BOARD + "?by=level&f.source=phone&view=all")
    assert columns(page)["key"][0] == "3+"
    further = re.search(r'hx-get="(/customer/board/cards[^"]*)"', page.text)
    assert further
    rest = manager.get(further[1].replace("&amp;", "&"))
    assert re.findall(r'data-row="(\d+)"', rest.text) == [str(ids[2]), str(ids[1])]
    assert manager.get(BOARD + "?by=level&f.nothing=1").status_code == 400
    assert manager.get(BOARD + "?by=name").status_code == 404
    assert theirs.name not in manager.get(BOARD + "?by=kind").text


def test_a_card_moves_with_its_version_or_is_refused(manager: Browser, mine: Customer, theirs: Customer) -> None:
    address = f"/customer/cell/{mine.id}/level"
    sent = {"level": "normal", "_version": "1", "_was": "key", "_plain": "1"}
    moved = manager.post(address, data=sent)
    assert moved.status_code == 200 and moved.json["version"] == 2
    late = manager.post(address, data=sent | {"level": "important"})
    assert late.status_code == 409 and late.json["reason"]
    wrong = manager.post(address, data=sent | {"level": "no such", "_version": "2"})
    assert wrong.status_code == 422 and wrong.json["reason"]
    assert manager.post(f"/customer/cell/{theirs.id}/level", data=sent).status_code == 404
    session.refresh(mine)
    assert mine.level == "normal"


def test_a_masked_field_makes_no_board(client: Browser, people: People, mine: Customer) -> None:
    with transaction() as current:
        current.add(FieldPermission(role_id=people.manager.role_id, entity="customer", field="level", level="masked"))
    browser = login(client, people.manager)
    assert browser.get(BOARD + "?by=level").status_code == 404
    assert "data-movable" in browser.get(BOARD + "?by=source").text


def test_a_custom_choice_makes_a_board(app: Flask, people: People, mine: Customer) -> None:
    add_fields({"key": "x_job", "label_zh": "就业状态", "kind": "choice", "choices": "retired | 退休\nstudent | 学生"})
    with rebuilt(app) as new:
        browser = login(new.test_client(), people.manager)
        assert columns(browser.get(BOARD + "?by=x_job"))[""][1] == [mine.id]
        moved = browser.post(f"/customer/cell/{mine.id}/x_job", data={"x_job": "student", "_version": "1"})
        assert moved.status_code == 200
        assert columns(browser.get(BOARD + "?by=x_job"))["student"] == ("1", [mine.id])


def test_a_stage_moves_by_its_own_verb(client: Browser, people: People, mine: Customer, as_system: None) -> None:
    with acting_as(people.manager.actor):
        pk = make_record("loans_development", customer_id=mine.id, name="流动资金").id
    browser = login(client, people.manager)
    assert columns(browser.get("/loans_development/board/?by=stage"))["contact"] == ("1", [pk])
    address = f"/loans_development/cell/{pk}/stage"
    assert "refused" in browser.get(address).json  # in a list it is no cell to type into
    moved = browser.post(address, data={"stage": "need", "_version": "1", "_plain": "1"})
    assert moved.status_code == 200, moved.text
    session.expire_all()
    assert session.get_one(Development, pk).stage == "need"
    for stage in ("negotiation", "lost", "contact"):
        version = str(session.get_one(Development, pk).version)
        refused = browser.post(address, data={"stage": stage, "_version": version, "_plain": "1"})
        assert refused.status_code == 422 and refused.json["reason"]
