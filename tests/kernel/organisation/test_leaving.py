"""ORG-3: leaving ends login, posts and headships, routes everything, and can be undone as a whole."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import column, func, or_, select, table, update

from app.access.actors import acting_as, load_actor
from app.access.scope import UNSCOPED
from app.access.signin.models import LoginSession
from app.activities.models import Activity
from app.customers.models import Customer, CustomerOwnership, CustomerShare
from app.db import session, transaction
from app.jobs.models import Job
from app.organisation.handover.models import Handover, HandoverItem
from app.organisation.handover.planning import held_by, pieces_of, today
from app.organisation.handover.rules import How, Route
from app.organisation.handover.services import plan_handover, start_handover, undo_handover
from app.organisation.models import Employee, Post, Unit
from app.testing.factories import make_activity, make_customer, make_employee, make_record
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, Person, login
from app.types import SYSTEM, Refused

OPEN = {UNSCOPED: True}
_user = table("ab_user", column("id"), column("active"))


@pytest.fixture
def loaded(people: People) -> People:
    """The manager holds something of everything."""
    mine = [make_customer(owner=people.manager) for _each in range(3)]
    other = make_customer(owner=people.head)
    number = people.manager.employee_id
    make_record("customer_share", customer_id=other.id, employee_id=number)
    make_activity(mine[0], people.manager, days_ago=1, next_step="回访", next_on=today().isoformat())
    make_activity(other, people.manager, days_ago=1, next_step="见客", next_on=today().isoformat())
    make_employee(people.north, manager_id=number)
    make_record("post", employee_id=number, unit_id=people.south.id, role_id=people.manager.role_id, title="支援")
    with acting_as(SYSTEM), transaction():
        people.south.head_id = number
    return people


def every(*receivers: Person) -> list[Route]:
    """Everything there is to these people."""
    ids = tuple(each.employee_id for each in receivers)
    return [Route(name, How.PEOPLE, ids) for name in names()]


def names() -> list[str]:
    """The holdings of the rooms and modules."""
    with acting_as(SYSTEM):
        return [each.name for each in pieces_of(1)[0]]


def let_go(people: People, last_on: date | None = None, by: Person | None = None) -> Handover:
    with acting_as((by or people.city_manager).actor):
        made = start_handover(
            "leaving", people.manager.employee_id, every(people.colleague), last_on=last_on or today(), reason="离职"
        )
    run_pending()
    session.expire_all()
    return made


def orphans(number: int) -> dict[str, int]:
    """What still points to somebody, read from the tables themselves."""
    step = or_(Activity.next_for_id == number, Activity.next_for_id.is_(None) & (Activity.employee_id == number))
    counted = {
        "customers": select(func.count(Customer.id)).where(Customer.owner_id == number),
        "shares": select(func.count(CustomerShare.id)).where(CustomerShare.employee_id == number),
        "steps": select(func.count(Activity.id)).where(step, Activity.next_on.is_not(None)),
        "team": select(func.count(Employee.id)).where(Employee.manager_id == number),
        "posts": select(func.count(Post.id)).where(Post.employee_id == number),
        "heads": select(func.count(Unit.id)).where(Unit.head_id == number),
    }
    return {name: session.scalar(each.execution_options(**OPEN)) or 0 for name, each in counted.items()}


def test_nothing_is_orphaned(loaded: People) -> None:
    number = loaded.manager.employee_id
    assert all(orphans(number).values())
    with acting_as(loaded.city_manager.actor):
        lines = plan_handover("leaving", number, every(loaded.colleague), last_on=today())
    assert {line.holding.name: line.count for line in lines if line.count} == {
        "customers": 3, "customers.shares": 1, "activities.steps": 2, "organisation.team": 1,
    }  # fmt: skip
    handover = let_go(loaded)
    assert handover.status == "done"
    assert set(orphans(number).values()) == {0}
    with acting_as(SYSTEM):
        assert all(each.count == 0 for each in held_by(number))
    assert session.get_one(Employee, number, execution_options=OPEN).left_on == today()
    causes = session.scalars(
        select(CustomerOwnership.cause).where(CustomerOwnership.cause != "create").execution_options(**OPEN)
    )
    assert set(causes) == {"leaving"}


def test_the_login_ends_and_what_it_has_open(loaded: People, client: Browser) -> None:
    login(client, loaded.manager)
    assert client.get("/customer/list/").status_code == 200
    let_go(loaded)
    assert session.scalar(select(_user.c.active).where(_user.c.id == loaded.manager.user_id)) in (False, 0)
    assert load_actor(loaded.manager.user_id) is None
    kept = session.execute(select(LoginSession.reason).where(LoginSession.user_id == loaded.manager.user_id)).all()
    assert kept == [("left",)]
    answer = client.get("/customer/list/")
    assert answer.status_code == 302 and "/login" in answer.location


def test_undo_brings_the_person_back_with_everything(loaded: People, client: Browser) -> None:
    number, before = loaded.manager.employee_id, orphans(loaded.manager.employee_id)
    handover = let_go(loaded)
    with acting_as(loaded.city_manager.actor):
        undo_handover(handover.id)
    run_pending()
    session.expire_all()
    assert handover.status == "undone"
    assert orphans(number) == before
    assert session.get_one(Employee, number, execution_options=OPEN).left_on is None
    assert session.scalar(select(func.count()).where(HandoverItem.state != "back")) == 0
    post = session.scalars(select(Post).execution_options(**OPEN)).one()
    assert (post.title, post.role_id, post.unit_id) == ("支援", loaded.manager.role_id, loaded.south.id)
    assert login(client, loaded.manager).get("/customer/list/").status_code == 200


def test_a_login_that_was_off_before_stays_off(loaded: People) -> None:
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(_user).where(_user.c.id == loaded.manager.user_id).values(active=False))
    handover = let_go(loaded)
    with acting_as(loaded.city_manager.actor):
        undo_handover(handover.id)
    run_pending()
    assert session.scalar(select(_user.c.active).where(_user.c.id == loaded.manager.user_id)) in (False, 0)


def test_a_later_last_day_waits(loaded: People) -> None:
    handover = let_go(loaded, today() + timedelta(days=10))
    job = session.get_one(Job, handover.job_id, execution_options=OPEN)
    assert (handover.effective_on, handover.status, job.status) == (today() + timedelta(days=11), "planned", "queued")
    assert load_actor(loaded.manager.user_id) is not None


def test_who_may_let_whom_leave(loaded: People) -> None:
    everything = every(loaded.colleague)
    with acting_as(loaded.city_manager.actor), pytest.raises(Refused):  # not oneself
        plan_handover("leaving", loaded.city_manager.employee_id, everything, last_on=today())
    with acting_as(loaded.head.actor), pytest.raises(Refused):  # has no such right
        plan_handover("leaving", loaded.manager.employee_id, everything, last_on=today())
    with acting_as(loaded.city_manager.actor), pytest.raises(LookupError):  # works above the actor's reach
        plan_handover("leaving", loaded.admin.employee_id, everything, last_on=today())
    keeper = loaded.add("sun", "孙业务", loaded.head_office, "business_admin")
    with acting_as(keeper.actor), pytest.raises(Refused, match="管理员"):  # holds more than the actor
        plan_handover("leaving", loaded.admin.employee_id, everything, last_on=today())


def test_who_leaves_keeps_nothing_and_says_the_last_day(loaded: People) -> None:
    number, some = loaded.manager.employee_id, every(loaded.colleague)[:1]
    with acting_as(loaded.city_manager.actor):
        for routes, last_on, fields in (
            (some, today(), set(names()) - {some[0].holding}),
            (every(loaded.colleague), None, {"last_on"}),
        ):
            with pytest.raises(Refused) as refused:
                start_handover("leaving", number, routes, last_on=last_on)
            assert set(refused.value.errors) == fields
    assert load_actor(loaded.manager.user_id) is not None
