"""Deciding again on what was refused: only that, once at a time, beside what was refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.api import Customer, acting_as, session, transaction
from app.testing.factories import make_customer
from app.testing.people import Browser, People, login
from app.types import SYSTEM, Refused
from plugins.loans.models import Application
from plugins.loans.services import change_state, differences
from plugins.loans.tests.conftest import apply_for


def refused_one(people: People, customer: Customer) -> Application:
    """An application the head has refused."""
    made = apply_for(people.manager, customer, purpose="设备购置")
    with acting_as(people.manager.actor):
        change_state(made, "submitted")
    with acting_as(people.head.actor):
        change_state(made, "refused", "负债率过高")
    return made


def test_once_at_a_time_and_only_what_was_refused(people: People, customer: Customer) -> None:
    refused, draft = refused_one(people, customer), apply_for(people.manager, customer)
    with pytest.raises(Refused) as wrong:
        apply_for(people.manager, customer, reconsiders_id=draft.id)
    assert "reconsiders_id" in wrong.value.errors
    other = make_customer("另一家公司", owner=people.manager, kind="corporate")
    with pytest.raises(Refused) as wrong:
        apply_for(people.manager, other, reconsiders_id=refused.id)
    assert "reconsiders_id" in wrong.value.errors
    again = apply_for(people.manager, customer, reconsiders_id=refused.id, amount=Decimal(80_000))
    with pytest.raises(Refused, match=again.number):
        apply_for(people.manager, customer, reconsiders_id=refused.id)
    with acting_as(people.manager.actor):
        change_state(again, "withdrawn")
    third = apply_for(people.manager, customer, reconsiders_id=refused.id, amount=Decimal(90_000))
    assert third.reconsiders_id == refused.id
    with pytest.raises(IntegrityError), acting_as(SYSTEM), transaction() as current:
        current.execute(update(Application).where(Application.id == draft.id).values(reconsiders_id=refused.id))


def test_what_differs_is_told_to_who_sees_both(people: People, customer: Customer) -> None:
    refused = refused_one(people, customer)
    again = apply_for(people.manager, customer, reconsiders_id=refused.id, amount=Decimal(80_000), purpose="设备购置")
    with acting_as(people.manager.actor):
        found = differences(again)
        assert found is not None
        assert found[0].number == refused.number
        assert {one.field.name: (one.before, one.after) for one in found[1] if one.changed} == {
            "amount": (Decimal(120_000), Decimal(80_000))
        }
        assert differences(refused) is None
    with acting_as(people.stranger.actor):
        assert differences(again) is None


def test_the_form_is_filled_in_and_both_pages_are_linked(people: People, customer: Customer, client: Browser) -> None:
    refused = refused_one(people, customer)
    refused_id, refused_number = refused.id, refused.number
    login(client, people.manager)
    assert "/loans_application/reconsider" in client.get(f"/loans_application/show/{refused_id}").text
    begun = client.post("/loans_application/reconsider", data={"ids": refused_id})
    assert begun.status_code == 303
    form = client.get(begun.headers["Location"]).text
    for text in (refused_number, "桥江商贸有限公司", "设备购置", "120000"):
        assert text in form.replace(",", ""), text
    session.rollback()
    again = apply_for(people.manager, customer, reconsiders_id=refused_id, amount=Decimal(80_000))
    again_id, again_number = again.id, again.number
    shown = client.get(f"/loans_application/show/{again_id}/tab/loans_reconsidered", htmx=True).text
    for text in (refused_number, "负债率过高", "120,000.00", "80,000.00", "有变化"):
        assert text in shown, text
    shown = client.get(f"/loans_application/show/{refused_id}/tab/loans_reconsidered", htmx=True).text
    assert again_number in shown
    assert "/loans_application/reconsider" not in client.get(f"/loans_application/show/{refused_id}").text
    login(client, people.stranger)
    assert client.post("/loans_application/reconsider", data={"ids": refused_id}).status_code == 404
