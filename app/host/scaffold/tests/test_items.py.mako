"""Items: their rule, and closing them within scope."""

from __future__ import annotations

from datetime import date

import pytest

from app.api import acting_as, session
from app.testing.factories import make_customer, make_record
from app.testing.people import Browser, People, login
from app.types import Refused
from ${package}.models import ${cls}Item
from ${package}.rules import is_overdue
from ${package}.services import close_items


@pytest.mark.parametrize(
    ("today", "grace_days", "late"),
    [
        (date(2026, 3, 1), 0, False),
        (date(2026, 3, 2), 0, True),
        (date(2026, 3, 3), 2, False),
        (date(2026, 3, 4), 2, True),
    ],
)
def test_an_item_is_late_after_its_day_and_the_grace(today: date, grace_days: int, late: bool) -> None:
    assert is_overdue(date(2026, 3, 1), today, grace_days=grace_days) is late


def add(people: People) -> tuple[${cls}Item, ${cls}Item]:
    """An item of a customer of the manager, and one of the stranger's."""
    mine, theirs = make_customer(owner=people.manager), make_customer(owner=people.stranger)
    values = {"title": "Call back", "due_on": "2026-03-01"}
    return (
        make_record("${slug}_item", customer_id=mine.id, **values),
        make_record("${slug}_item", customer_id=theirs.id, **values),
    )


def test_items_are_closed_within_scope(people: People) -> None:
    mine, theirs = add(people)
    with acting_as(people.manager.actor):
        assert close_items([mine.id, theirs.id]) == 1
        with pytest.raises(Refused):
            close_items([theirs.id])
    session.expire_all()
    assert mine.closed_at is not None
    assert theirs.closed_at is None


def test_the_screens_show_and_close_items(client: Browser, people: People) -> None:
    mine, _theirs = add(people)
    login(client, people.manager)
    assert "Call back" in client.get("/${slug}_item/list/").text
    assert client.post("/${slug}_item/close", data={"ids": str(mine.id)}).status_code in (302, 303)
    assert mine.closed_at is not None
