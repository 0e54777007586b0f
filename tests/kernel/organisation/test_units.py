"""ORG-1: closing, deleting and moving units, two moves at once, and the screen of the tree."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest
from flask import Flask
from sqlalchemy import select

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.db import session
from app.fields.records import create_record, delete_record, update_record
from app.host.context import entity
from app.organisation.models import Unit
from app.organisation.services import branch_size, move_unit
from app.organisation.tree import children_of, search_units
from app.testing.factories import make_customer, make_employee, make_unit
from app.testing.people import Browser, People, login
from app.types import SYSTEM, Refused, Scope


@pytest.mark.usefixtures("as_system")
def test_a_unit_that_is_still_needed_is_neither_closed_nor_deleted() -> None:
    top = make_unit("总行")
    below = make_unit("支行", top)
    person = make_employee(below)
    for act in (
        lambda: update_record(entity("unit"), top, {"active": "no"}),
        lambda: update_record(entity("unit"), below, {"active": "no"}),
        lambda: delete_record(entity("unit"), top),
        lambda: delete_record(entity("unit"), below),
    ):
        with pytest.raises(Refused):
            act()
    update_record(entity("employee"), person, {"left_on": "2026-01-31"})
    update_record(entity("unit"), below, {"active": "no"})
    assert not below.active
    with pytest.raises(Refused) as refused:
        create_record(entity("unit"), {"code": "X", "name": "新支行", "parent_id": below.id})
    assert "parent_id" in refused.value.errors
    empty = make_unit("空机构", top)
    number = empty.id
    delete_record(entity("unit"), empty)
    assert session.get(Unit, number) is None


@pytest.mark.usefixtures("as_system")
def test_a_move_counts_logs_and_refuses_what_makes_no_sense() -> None:
    top = make_unit("总行")
    east, west = make_unit("东区", top), make_unit("西区", top)
    leaf = make_unit("支行", east)
    make_employee(leaf)
    assert branch_size(east) == (2, 1)
    assert move_unit(east.id, top.id) == 0
    assert move_unit(east.id, west.id) == 2
    assert leaf.path == f"/{top.id}/{west.id}/{east.id}/{leaf.id}/"
    session.commit()
    logged = session.scalars(select(AuditEntry).where(AuditEntry.action == "move")).all()
    assert [entry.changes for entry in logged] == [{"parent_id": [top.id, west.id]}]
    for target in (east.id, leaf.id, 999_999):
        with pytest.raises(Refused):
            move_unit(east.id, target)
    update_record(entity("unit"), make_unit("旧区", top), {"active": "no"})
    closed = session.scalar(select(Unit).where(Unit.name == "旧区"))
    with pytest.raises(Refused):
        move_unit(east.id, closed.id)


def test_two_moves_at_once_tie_no_knot(app: Flask) -> None:
    with acting_as(SYSTEM):
        top = make_unit("总行")
        one, two = make_unit("甲", top), make_unit("乙", top)
        ids = (one.id, two.id)
    session.commit()
    session.remove()
    start, refused, failed = threading.Barrier(2, timeout=20), [], []

    def move(unit_id: int, parent_id: int) -> None:
        with app.app_context(), acting_as(SYSTEM), ExitStack() as ending:
            ending.callback(session.remove)
            start.wait()
            try:
                move_unit(unit_id, parent_id)
            except Refused as error:
                refused.append(error)
            except Exception as error:
                failed.append(error)

    threads = [threading.Thread(target=move, args=pair) for pair in (ids, ids[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(refused), failed) == (1, [])
    with acting_as(SYSTEM):
        found = {unit.id: unit for unit in session.scalars(select(Unit))}
        for unit in found.values():
            parent = found.get(unit.parent_id)
            assert unit.path == f"{parent.path if parent else '/'}{unit.id}/"


def test_the_tree_counts_people_below(people: People) -> None:
    with acting_as(people.manager.actor):
        (root,) = children_of(None)
        assert (root.name, root.children, root.staff) == ("总行", 1, 6)
        (branch,) = children_of(root.id)
        assert (branch.children, branch.staff) == (2, 5)
        (found,) = search_units("行北")
        assert found.above == ("总行", "分行")
        assert search_units("%") == []


def test_the_screen_opens_searches_and_moves(people: People, client: Browser) -> None:
    login(client, people.admin)
    page = client.get("/unit/tree/").get_data(True)
    assert "总行" in page and "分行" in page and "支行北" not in page
    below = client.get(f"/unit/tree/{people.branch.id}", htmx=True).get_data(True)
    assert "支行北" in below and "支行南" in below and "<html" not in below
    assert "总行 › 分行" in client.get("/unit/tree/?q=支行北", htmx=True).get_data(True)
    dialog = client.get(f"/unit/move?ids={people.south.id}", htmx=True).get_data(True)
    assert "支行南" in dialog
    answer = client.post("/unit/move", data={"ids": people.south.id, "parent_id": people.north.id}, htmx=True)
    assert answer.status_code == 204
    assert session.get(Unit, people.south.id).parent_id == people.north.id
    again = client.post("/unit/move", data={"ids": people.north.id, "parent_id": people.south.id}, htmx=True)
    assert again.status_code == 422
    assert session.get(Unit, people.north.id).parent_id == people.branch.id
    assert client.get("/unit/move?ids=99999").status_code == 404
    assert client.get(f"/unit/tree/{2**40}").status_code == 404


def test_a_move_says_who_would_see_more_and_asks_once_more(people: People, client: Browser) -> None:
    east = make_unit("东区", people.head_office)
    east_head = people.add("dong", "东区长", east, "city_manager")
    make_customer("北客", people.manager)
    login(client, people.admin)
    posted = {"ids": people.branch.id, "parent_id": east.id}
    asked = client.post("/unit/move", data=posted, htmx=True)
    assert asked.status_code == 200 and f'name="confirmed" value="{east.id}"' in asked.text
    assert "东区长 将多看到至多 1 条客户" in asked.text
    assert people.city_manager.name not in asked.text  # sees the branch from within, before and after
    assert session.get(Unit, people.branch.id).parent_id == people.head_office.id
    assert client.post("/unit/move", data={**posted, "confirmed": "0"}, htmx=True).status_code == 200
    assert client.post("/unit/move", data={**posted, "confirmed": str(east.id)}, htmx=True).status_code == 204
    assert session.get(Unit, people.branch.id).parent_id == east.id
    back = {"ids": people.branch.id, "parent_id": people.head_office.id}
    assert "东区长 将少看到至多 1 条客户" in client.post("/unit/move", data=back, htmx=True).text
    assert east_head.actor.widest("customer") is Scope.UNIT_AND_BELOW


def test_nobody_opens_a_branch_to_themselves_or_beyond_what_they_may_give(people: People) -> None:
    with acting_as(SYSTEM):
        east = make_unit("东区", people.head_office)
    mover = people.add("dong", "东区长", east, "city_manager")
    make_customer("北客", people.manager)
    own, others = mover.actor, people.manager.actor
    for actor in (own, others):
        with acting_as(actor), pytest.raises(Refused):
            move_unit(people.branch.id, east.id)
    assert session.get(Unit, people.branch.id).parent_id == people.head_office.id
    keeper = people.add("ye", "业管理", people.head_office, "business_admin")
    with acting_as(keeper.actor):
        assert move_unit(people.branch.id, east.id) == 3
        assert move_unit(people.branch.id, people.head_office.id) == 3


def test_only_who_may_edit_moves(people: People, client: Browser) -> None:
    login(client, people.manager)
    page = client.get("/unit/tree/").get_data(True)
    assert "/unit/move" not in page
    for answer in (
        client.get(f"/unit/move?ids={people.south.id}"),
        client.post("/unit/move", data={"ids": people.south.id, "parent_id": people.north.id}),
    ):
        assert answer.status_code == 403
    assert session.get(Unit, people.south.id).parent_id == people.branch.id
    login(client, None)
    assert client.get("/unit/tree/").status_code == 302


def test_a_unit_with_customers_is_kept(people: People, client: Browser) -> None:
    with acting_as(SYSTEM):
        spare = make_unit("备用", people.branch)
    make_customer("散户", unit=spare.id)
    login(client, people.admin)
    answer = client.post(f"/unit/delete/{spare.id}")
    assert answer.status_code == 422
    assert session.get(Unit, spare.id) is not None
