"""The screens of handovers: choose, look, start, follow; nobody reaches another branch's people."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.access.actors import acting_as
from app.access.scope import UNSCOPED
from app.customers.models import Customer, CustomerOwnership
from app.customers.services import create_customers
from app.db import session
from app.jobs.models import Job
from app.organisation.handover import running
from app.organisation.handover.models import Handover, HandoverItem
from app.organisation.handover.planning import today
from app.organisation.handover.rules import Route
from app.organisation.handover.services import start_handover, undo_handover
from app.testing.factories import make_customer
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, login
from app.testing.statements import heard
from app.types import SYSTEM

OPEN = {UNSCOPED: True}


def owned(employee_id: int) -> int:
    counted = select(func.count(Customer.id)).where(Customer.owner_id == employee_id)
    return session.scalar(counted.execution_options(**OPEN)) or 0


def form(people: People, **more: str) -> dict[str, str]:
    return {"take": "customers", "to": str(people.colleague.employee_id), "step": "preview", **more}


def test_choose_look_start_follow_undo(people: People, client: Browser) -> None:
    for _each in range(3):
        make_customer(owner=people.manager)
    login(client, people.head)
    number = people.manager.employee_id
    address = f"/handover/new?employee={number}"
    tab = client.get(f"/employee/show/{number}/tab/work", htmx=True).get_data(as_text=True)
    assert address.replace("&", "&amp;") in tab and "/handover/leave" not in tab
    assert client.get(address).status_code == 200
    preview = client.post(address, data=form(people))
    assert preview.status_code == 200
    text = preview.get_data(as_text=True)
    assert 'value="start"' in text and "李同事" in text
    assert owned(number) == 3 and session.scalar(select(func.count(Handover.id)).execution_options(**OPEN)) == 0
    sent = client.post(address, data=form(people, step="start", reason="调岗"))
    made = session.scalars(select(Handover).execution_options(**OPEN)).one()
    assert (sent.status_code, sent.location) == (303, f"/handover/show/{made.id}/tab/result")
    assert "hx-get" in client.get(sent.location, htmx=True).get_data(as_text=True)
    run_pending()
    result = client.get(sent.location, htmx=True).get_data(as_text=True)
    assert "客户" in result and "李同事" in result
    assert (owned(number), owned(people.colleague.employee_id)) == (0, 3)
    assert f'href="/handover/show/{made.id}"' in client.get("/handover/list/").get_data(as_text=True)
    assert client.post("/handover/undo", data={"ids": str(made.id)}).status_code == 303
    run_pending()
    assert owned(number) == 3


def test_what_is_wrong_is_said_and_nothing_is_kept(people: People, client: Browser) -> None:
    make_customer(owner=people.manager)
    login(client, people.head)
    address = f"/handover/new?employee={people.manager.employee_id}"
    for wrong in (
        {"take": ""},
        {"to": str(people.stranger.employee_id)},
        {"to": "1 or 1"},
        {"to": ""},
        {"effective_on": "morgen"},
        {"effective_on": "2020-01-01"},
        {"how:customers": "nobody"},
        {"how:customers": "place:pools.999"},
        {"narrow:customers:kind": "x' or 1=1"},
        {"reason": "很" * 301},
    ):
        answer = client.post(address, data=form(people, **{"step": "start", **wrong}))
        assert answer.status_code == 422, wrong
        text = answer.get_data(as_text=True)
        assert "invalid-feedback" in text or "alert-danger" in text, wrong
    assert session.scalar(select(func.count(Handover.id)).execution_options(**OPEN)) == 0


def test_permission_and_reach_on_every_route(people: People, client: Browser) -> None:
    make_customer(owner=people.manager)
    with acting_as(people.head.actor):
        made = start_handover(
            "handover", people.manager.employee_id, [Route("customers", receivers=(people.colleague.employee_id,))]
        )
    stranger = people.add("sun", "孙主管", people.south, "city_manager")
    number = people.manager.employee_id
    addresses = (f"/handover/new?employee={number}", f"/handover/leave?employee={number}")
    for address in addresses:
        login(client, people.manager)
        assert client.get(address).status_code == 403
        assert client.post(address, data=form(people, step="start")).status_code == 403
        login(client, stranger)
        assert client.get(address).status_code == 404
        assert client.post(address, data=form(people, step="start")).status_code == 404
        login(client, None)
        assert client.get(address).status_code == 302
    login(client, people.head)
    assert client.get(addresses[1]).status_code == 403
    for number_in in ("0", "x", "99999999999999", "999999"):
        assert client.get(f"/handover/new?employee={number_in}").status_code == 404
    login(client, stranger)
    assert client.get(f"/handover/show/{made.id}").status_code == 404
    assert client.get(f"/handover/show/{made.id}/tab/result").status_code == 404
    for act in ("undo", "cancel"):
        assert client.post(f"/handover/{act}", data={"ids": str(made.id)}).status_code == 404
    work = client.get(f"/employee/show/{number}/tab/work", htmx=True).get_data(as_text=True)
    assert "/handover/new" not in work
    people_found = client.get("/handover/receivers?q=").get_json()["items"]
    assert [one["value"] for one in people_found] == [str(each.employee_id) for each in (stranger, people.stranger)]
    login(client, people.manager)
    for address in ("/handover/receivers?q=", "/handover/start", "/handover/list/", f"/handover/show/{made.id}"):
        assert client.get(address).status_code == 403


def test_leaving_on_screen(people: People, client: Browser) -> None:
    make_customer(owner=people.manager)
    login(client, people.city_manager)
    address = f"/handover/leave?employee={people.manager.employee_id}"
    assert client.get(address).status_code == 200
    sent = {"to": str(people.colleague.employee_id), "last_on": today().isoformat()}
    assert 'value="start"' in client.post(address, data={**sent, "step": "preview"}).get_data(as_text=True)
    assert client.post(address, data={**sent, "step": "start", "last_on": ""}).status_code == 422
    assert client.post(address, data={**sent, "step": "start"}).status_code == 303
    run_pending()
    assert (owned(people.manager.employee_id), owned(people.colleague.employee_id)) == (0, 1)
    again = client.post(address, data={**sent, "step": "start"})
    assert again.status_code == 422
    own = client.get(f"/handover/leave?employee={people.city_manager.employee_id}").get_data(as_text=True)
    assert "alert-danger" in own


@pytest.mark.parametrize("size", [3000])
def test_thousands_move_in_sets(people: People, size: int) -> None:
    with acting_as(SYSTEM):
        create_customers([{"name": f"客户{n}", "owner_id": people.manager.employee_id} for n in range(size)])
    to = (people.colleague.employee_id, people.head.employee_id)
    with acting_as(people.head.actor):
        made = start_handover("handover", people.manager.employee_id, [Route("customers", receivers=to)])
    with heard() as statements:
        run_pending()
    session.expire_all()
    chunks = -(-size // running.CHUNK)
    assert [owned(number) for number in (people.manager.employee_id, *to)] == [0, size // 2, size // 2]
    # about thirty per chunk and receiver, however many records are in it
    assert len(statements) < 150 + chunks * len(to) * 40, len(statements)
    items = select(func.count(HandoverItem.id)).where(HandoverItem.handover_id == made.id)
    assert session.scalar(items) == size
    ledger = select(func.count(CustomerOwnership.id)).where(CustomerOwnership.cause == "handover")
    assert session.scalar(ledger.execution_options(**OPEN)) == size
    with acting_as(people.head.actor):
        undo_handover(made.id)
    run_pending()
    session.expire_all()
    assert owned(people.manager.employee_id) == size
    job = session.get_one(Job, made.undo_job_id, execution_options=OPEN)
    assert job.result == {"back": size, "kept": 0}
