"""The home page: whose cards, in which order, each by itself (WSP-1)."""

from __future__ import annotations

import doctest
from datetime import timedelta
from types import ModuleType
from typing import Any

from flask import Flask
from markupsafe import Markup
from sqlalchemy import text, update

from app.access.actors import acting_as
from app.access.preferences import preference, set_preference
from app.customers.models import Customer
from app.db import session
from app.hookspecs import hookimpl
from app.host.context import context
from app.testing.factories import make_activity, make_customer
from app.testing.people import Browser, People, login
from app.testing.statements import heard
from app.types import Actor, Card
from app.workspace import cards, rules
from app.workspace.services import KEY, arrange_home, home_of

TABLE = Customer.__table__


def test_the_worked_examples_hold() -> None:
    assert doctest.testmod(rules).failed == 0


def test_an_arrangement_keeps_known_names_once() -> None:
    kept = rules.cleaned(["b", "x", "a", "b"], ["b"], ["a", "b", "c"])
    assert kept == {"order": ["b", "a"], "hidden": ["a"]}


def offer(*offered: Card) -> None:
    """Let a module offer these cards."""
    module = ModuleType("offering")

    @hookimpl
    def home_cards(actor: Actor) -> list[Card]:
        return list(offered)

    module.home_cards = home_cards  # type: ignore[attr-defined]
    context().hooks.register("offering", module)


def card(name: str, render: Any = None, **kwargs: Any) -> Card:
    return Card(name, f"Card {name}", render or (lambda: Markup(f"<p>body of {name}</p>")), **kwargs)


def test_a_failing_card_is_left_out_and_the_rest_stands(client: Browser, people: People, caplog: Any) -> None:
    def broken() -> Markup:
        session.execute(text("SELECT * FROM no_such_table"))
        return Markup()

    offer(card("a", broken, order=1), card("b", order=2))
    page = login(client, people.manager).get("/").text
    assert "body of b" in page
    assert "Card a" not in page
    assert "我的客户" in page, "the cards after the failure still read the database"
    assert "home card a left out" in caplog.text


def test_cards_go_by_permission(client: Browser, people: People) -> None:
    offer(card("open"), card("closed", view="UnitView", permission="can_delete"))
    assert "body of closed" in login(client, people.admin).get("/").text
    page = login(client, people.manager).get("/").text
    assert "body of open" in page
    assert "body of closed" not in page


def test_everybody_arranges_the_own_page(client: Browser, people: People) -> None:
    offer(card("a", order=1), card("b", order=2), card("c", order=3))
    login(client, people.manager)
    dialog = client.get("/home/arrange", htmx=True).text
    assert dialog.index('value="a"') < dialog.index('value="b"')
    answer = client.post(
        "/home/arrange", data={"order": ["c", "a", "b", "evil"], "shown": ["c", "b"]}, htmx=True
    )
    assert answer.headers["HX-Redirect"] == "/"
    page = client.get("/").text
    assert page.index("body of c") < page.index("body of b")
    assert "body of a" not in page
    assert "body of a" in login(client, people.colleague).get("/").text
    kept = preference(KEY, user_id=people.manager.user_id)
    assert kept == {"order": ["c", "a", "b"], "hidden": ["a"]}
    login(client, people.manager).post("/home/arrange", data={"reset": "1"})
    assert "body of a" in client.get("/").text


def test_a_broken_preference_does_not_break_the_page(app: Flask, people: People) -> None:
    for value in ("text", [1], {"order": "abc", "hidden": 5}, {"order": [None], "hidden": [["x"]]}):
        set_preference(KEY, value, user_id=people.manager.user_id)
        with acting_as(people.manager.actor), app.test_request_context("/"):
            assert home_of(people.manager.actor)


def test_my_customers_are_counted_in_one_statement(app: Flask, people: People) -> None:
    for lifecycle in ("active", "active", "dormant"):
        make_customer(owner=people.manager, lifecycle=lifecycle)
    make_customer(owner=people.colleague, lifecycle="lost")
    actor = people.manager.actor
    with acting_as(actor), app.test_request_context("/"), heard() as statements:
        html = cards.my_customers()
    assert len([one for one in statements if "GROUP BY" in one]) == 1
    assert len(statements) <= 2, "one more for the scope, once per request"
    assert ">3<" in html
    assert html.count("<progress") == 2
    assert f"f.owner_id={people.manager.employee_id}" in html
    assert "f.lifecycle=active" in html


def test_follow_ups_due(app: Flask, people: People) -> None:
    with acting_as(people.manager.actor):
        day = cards.today()
    first, second, third, fourth = (make_customer(f"客户{n}", owner=people.manager) for n in "甲乙丙丁")
    make_activity(first, people.manager, days_ago=9, next_on=day - timedelta(days=2), next_step="寄合同")
    make_activity(second, people.manager, days_ago=9, next_on=day + timedelta(days=3), next_step="回访")
    make_activity(third, people.manager, days_ago=9, next_on=day + timedelta(days=1), next_step="已做过")
    make_activity(third, people.manager, days_ago=1)
    make_activity(fourth, people.manager, days_ago=9, next_on=day + timedelta(days=30), next_step="还早")
    with acting_as(people.manager.actor), app.test_request_context("/"), heard() as statements:
        html = cards.due()
    assert html.index("寄合同") < html.index("回访")
    assert "已做过" not in html and "还早" not in html
    assert html.count("app-badge-red") == 1
    assert len(statements) <= 2
    with acting_as(people.colleague.actor), app.test_request_context("/"):
        assert "寄合同" not in cards.due()


def test_records_opened_come_back_within_scope(client: Browser, people: People) -> None:
    mine, other = make_customer("王小明", owner=people.manager), make_customer("赵大海", owner=people.manager)
    login(client, people.manager)
    assert client.get(f"/customer/show/{mine.id}").status_code == 200
    client.get(f"/customer/show/{other.id}")
    client.get(f"/customer/show/{mine.id}")
    page = client.get("/").text
    assert page.count(f"/customer/show/{mine.id}") == 1
    assert page.index("王小明") < page.index("赵大海")
    moved = {"owner_id": people.stranger.employee_id, "unit_id": people.south.id}
    session.execute(update(TABLE).where(TABLE.c.id == mine.id).values(**moved))
    session.commit()
    page = client.get("/").text
    assert "王小明" not in page
    assert "赵大海" in page


def test_first_steps_leave_with_the_first_customer(client: Browser, people: People) -> None:
    login(client, people.manager)
    assert "开始使用" in client.get("/").text
    make_customer(owner=people.manager)
    assert "开始使用" not in client.get("/").text


def test_somebody_without_any_role_gets_a_friendly_page(client: Browser, people: People) -> None:
    nobody = people.add("nobody", "无角色", people.north, "Public")
    page = login(client, nobody).get("/")
    assert page.status_code == 200
    assert "我的客户" not in page.text


def test_the_whole_page_is_a_few_statements(app: Flask, client: Browser, people: People) -> None:
    for _ in range(5):
        make_activity(make_customer(owner=people.manager), people.manager, next_on=cards_day(people))
    login(client, people.manager)
    client.get("/")
    with heard() as statements:
        assert client.get("/").status_code == 200
    assert len(statements) <= 14, "\n".join(statements)


def cards_day(people: People) -> Any:
    with acting_as(people.manager.actor):
        return cards.today()


def test_arranging_without_a_card_known_keeps_nothing(app: Flask, people: People) -> None:
    with acting_as(people.manager.actor), app.test_request_context("/"):
        arrange_home(["x"], ["y"])
        assert preference(KEY) == {"order": [], "hidden": []}
