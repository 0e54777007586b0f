"""The fixtures every other test stands on."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app.access.actors import acting_as
from app.customers.models import Customer
from app.db import session
from app.testing.factories import make_activity, make_contact, make_customer
from app.testing.people import Browser, People, login
from app.types import Scope


def test_people_hold_their_roles_and_scopes(people: People) -> None:
    assert people.manager.actor.widest("customer") is Scope.SHARED
    assert people.head.actor.widest("customer") is Scope.UNIT
    assert people.city_manager.actor.widest("customer") is Scope.UNIT_AND_BELOW
    assert people.admin.actor.widest("customer") is Scope.ALL
    assert people.manager.actor.can("can_list", "CustomerView")
    assert not people.manager.actor.can("can_list", "RoleView")


def test_each_sees_their_customers(people: People) -> None:
    mine = make_customer("我的", people.manager)
    theirs = make_customer("南边的", people.stranger)
    make_contact(mine)
    make_activity(theirs, people.stranger, days_ago=3)
    seen = {}
    for who in ("admin", "city_manager", "head", "manager", "colleague", "stranger"):
        with acting_as(getattr(people, who).actor):
            seen[who] = set(session.scalars(select(Customer.name)))
    everything = {"我的", "南边的"}
    assert seen == {
        "admin": everything,
        "city_manager": everything,
        "head": {"我的"},
        "manager": {"我的"},
        "colleague": set(),
        "stranger": {"南边的"},
    }


@pytest.mark.own_app
def test_a_browser_knows_who_is_logged_in(app: Flask, client: Browser, people: People) -> None:
    from app.access.actors import current_actor

    app.add_url_rule("/who", "who", lambda: actor.name if (actor := current_actor()) else "")
    assert client.get("/who").status_code == 302
    login(client, people.manager)
    assert client.get("/who").text == "张经理"
    login(client, None)
    assert client.get("/who").status_code == 302


@pytest.mark.own_app
def test_a_post_without_its_token_is_refused(app: Flask, client: Browser, people: People) -> None:
    app.add_url_rule("/change", "change", lambda: "changed", methods=["POST"])
    login(client, people.manager)
    assert client.post("/change", csrf=False).status_code == 400
    assert client.post("/change").text == "changed"
