"""ORG-2: employees with manager and dates, second posts and the roles one may give."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.access.actors import acting_as, load_actor
from app.db import session
from app.fields.records import create_record, find_record, update_record
from app.host.context import entity
from app.organisation.models import Employee, Post
from app.testing.factories import make_employee, make_unit
from app.testing.people import Browser, People, login
from app.types import SYSTEM, Refused


@pytest.mark.usefixtures("as_system")
def test_managers_make_no_circle() -> None:
    unit = make_unit()
    chief = make_employee(unit)
    middle = make_employee(unit, manager_id=chief.id)
    worker = make_employee(unit, manager_id=middle.id)
    for person, manager in ((chief, chief), (chief, middle), (chief, worker), (middle, worker)):
        with pytest.raises(Refused) as refused:
            update_record(entity("employee"), person, {"manager_id": manager.id})
        assert list(refused.value.errors) == ["manager_id"]
    update_record(entity("employee"), worker, {"manager_id": chief.id})
    assert worker.manager_id == chief.id


@pytest.mark.usefixtures("as_system")
def test_dates_and_units_make_sense() -> None:
    unit, closed = make_unit(), make_unit()
    update_record(entity("unit"), closed, {"active": "no"})
    values = {"code": "E", "name": "某", "unit_id": unit.id}
    for wrong, field in (
        ({"joined_on": "2026-05-01", "left_on": "2026-04-30"}, "left_on"),
        ({"unit_id": closed.id}, "unit_id"),
    ):
        with pytest.raises(Refused) as refused:
            create_record(entity("employee"), {**values, **wrong})
        assert list(refused.value.errors) == [field]
    person = create_record(entity("employee"), {**values, "joined_on": "2026-05-01"})
    with pytest.raises(Refused):
        update_record(entity("employee"), person, {"left_on": "2026-04-01"})
    with pytest.raises(Refused):
        update_record(entity("employee"), person, {"unit_id": closed.id})
    assert session.scalar(select(func.count(Employee.id))) == 1


def test_nobody_gives_a_role_they_do_not_hold(people: People) -> None:
    colleague = people.colleague.employee_id
    values = {"employee_id": colleague, "unit_id": people.south.id}
    with acting_as(people.head.actor), pytest.raises(Refused) as refused:
        create_record(entity("post"), {**values, "role_id": people.admin.role_id})
    assert "role_id" in refused.value.errors
    with acting_as(people.head.actor):
        create_record(entity("post"), {**values, "role_id": people.head.role_id})
        with pytest.raises(Refused):
            create_record(entity("post"), {**values, "role_id": people.head.role_id})
    with acting_as(SYSTEM):
        post = session.scalars(select(Post)).one()
        assert post.role_name == "department_head"
    with acting_as(people.head.actor), pytest.raises(Refused):
        update_record(entity("post"), post, {"role_id": people.admin.role_id})
    actor = load_actor(people.colleague.user_id)
    assert {(grant.role, grant.unit_id) for grant in actor.grants} >= {("department_head", people.south.id)}


def test_a_second_post_from_the_employees_page(people: People, client: Browser) -> None:
    login(client, people.admin)
    number = people.colleague.employee_id
    dialog = client.get(f"/employee/add-post?ids={number}", htmx=True).get_data(True)
    assert 'name="role_id"' in dialog
    data = {"ids": number, "unit_id": people.south.id, "role_id": people.head.role_id, "title": "兼任"}
    assert client.post("/employee/add-post", data=data, htmx=True).status_code == 204
    twice = client.post("/employee/add-post", data=data, htmx=True)
    assert twice.status_code == 422
    shown = client.get(f"/employee/show/{number}/tab/posts", htmx=True).get_data(True)
    assert "支行南" in shown and "兼任" in shown
    bad = client.post("/employee/add-post", data={**data, "role_id": "9999"}, htmx=True)
    assert bad.status_code == 422
    with acting_as(SYSTEM):
        assert session.scalar(select(func.count(Post.id))) == 1
        assert find_record(entity("employee"), number) is not None
    login(client, people.manager)
    assert client.post("/employee/add-post", data=data, htmx=True).status_code == 403
