"""APR-5, ORG-3: who leaves holds open seats; by the screen of leaving they reach the successor, and none is stuck."""

from __future__ import annotations

import html

from sqlalchemy import select

from app.access.actors import acting_as
from app.access.scope import UNSCOPED
from app.approvals.models import Case
from app.approvals.services import verify_case
from app.approvals.services.time_outs import JOB
from app.db import session
from app.jobs.services import enqueue
from app.organisation.handover.models import Handover
from app.organisation.handover.planning import today
from app.testing.factories import make_customer
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, Person, login
from app.types import SYSTEM
from tests.kernel.approvals.flows import publish, state_of, step, submit


def asked(case_id: int) -> list[int]:
    session.expire_all()
    return [seat.employee for seat in state_of(case_id).open_seats()]


def let_go(client: Browser, by: Person, leaver: Person, to: Person) -> str:
    """Let somebody leave as the screen does it: the preview, then the start; the page of the result."""
    login(client, by)
    address = f"/handover/leave?employee={leaver.employee_id}"
    sent = {"to": str(to.employee_id), "last_on": today().isoformat()}
    preview = html.unescape(client.post(address, data={**sent, "step": "preview"}).get_data(as_text=True))
    assert 'value="start"' in preview and "待处理审批" in preview
    started = client.post(address, data={**sent, "step": "start"})
    assert started.status_code == 303
    run_pending()
    return str(client.get(started.headers["Location"], htmx=True).get_data(as_text=True))


def test_the_seats_of_who_leaves_reach_the_successor(people: People, client: Browser) -> None:
    publish(step("one", people.head), step("two", people.city_manager))
    first = submit(people.manager, make_customer("甲", people.manager)).id
    own = submit(people.colleague, make_customer("乙", people.colleague)).id
    result = let_go(client, people.city_manager, people.head, people.colleague)
    assert "待处理审批" in result
    made = session.scalars(select(Handover).execution_options(**{UNSCOPED: True})).one()
    assert made.status == "done"
    assert asked(first) == [people.colleague.employee_id]
    assert asked(own) == [people.head.employee_id], "nobody decides on their own case: the seat stays"

    login(client, people.colleague)
    inbox = client.get("/approvals/").get_data(as_text=True)
    assert f"/approvals/cases/{first}" in inbox and f"/approvals/cases/{own}/approve" not in inbox
    assert client.post(f"/approvals/cases/{first}/approve", data={"seat": 1}).status_code == 303
    assert asked(first) == [people.city_manager.employee_id]
    login(client, people.head)
    assert client.get("/approvals/").status_code == 302, "the login is switched off"

    with acting_as(SYSTEM):  # what stayed with who has left goes on by itself
        enqueue(JOB)
    run_pending()
    assert asked(own) and people.head.employee_id not in asked(own)
    assert people.colleague.employee_id not in asked(own)
    assert verify_case(first) == verify_case(own) == []


def test_the_cases_of_who_leaves_reach_the_successor(people: People, client: Browser) -> None:
    publish(step("one", people.head), step("two", people.city_manager))
    case = submit(people.manager, make_customer("甲", people.manager)).id
    login(client, people.city_manager)
    address = f"/handover/leave?employee={people.manager.employee_id}"
    sent = {"to": str(people.colleague.employee_id), "last_on": today().isoformat(), "step": "start"}
    assert client.post(address, data=sent).status_code == 303
    run_pending()
    session.expire_all()
    found = session.get_one(Case, case)
    assert (found.applicant_id, found.status) == (people.colleague.employee_id, "running")
    login(client, people.colleague)
    page = client.get(f"/approvals/cases/{case}").get_data(as_text=True)
    assert f"/approvals/cases/{case}/withdraw" in page
    assert client.post(f"/approvals/cases/{case}/withdraw").status_code == 303
    assert verify_case(case) == []
