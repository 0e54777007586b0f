"""Runs of the rules: every night and on demand, in chunks, undone as a whole; the screens, and who may do what."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.access.actors import acting_as
from app.access.models import AuditEntry, FieldPermission
from app.customers.assignment import running
from app.customers.assignment.models import AssignmentItem, AssignmentRule, AssignmentRun, AssignmentTarget
from app.customers.assignment.running import NIGHTLY_JOB, start_run
from app.customers.assignment.setup import order_rules
from app.customers.assignment.undoing import undo_run
from app.customers.models import Customer, CustomerShare
from app.customers.services import assign_customers
from app.db import session, transaction
from app.fields.records import create_record, update_record
from app.host.context import entity
from app.jobs.services import enqueue
from app.organisation.models import Post
from app.testing.factories import make_customer, make_record
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, login, narrow
from app.transfer.services.undo import start_undo
from app.types import SYSTEM, Refused
from tests.kernel.customers.assignment.cases import OPEN, ledger, make_rule, owners, person, unowned
from tests.kernel.transfer.tables import csv_bytes, imported


def the_run() -> AssignmentRun:
    session.expire_all()
    return session.scalars(select(AssignmentRun).execution_options(**OPEN)).one()


def test_a_night_in_chunks_is_undone_as_a_whole(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CHUNK", 2)
    make_rule("round_robin", person(people.manager), person(people.colleague), fallback="leave", most=3)
    customers = unowned(7, people.north)
    with acting_as(SYSTEM), transaction() as current:
        shared = CustomerShare(customer_id=customers[0].id, employee_id=people.manager.employee_id, can_write=True)
        current.add(shared)
    with acting_as(SYSTEM):
        enqueue(NIGHTLY_JOB)
    run_pending()
    made = the_run()
    assert (made.kind, made.status, made.given, made.left) == ("nightly", "done", 6, 1)
    given = owners(*customers)
    assert given == [people.manager.employee_id, people.colleague.employee_id] * 3 + [None]
    with acting_as(people.head.actor):
        assign_customers([customers[1].id], people.manager.employee_id, cause="handover")
    with acting_as(people.admin.actor):
        undo_run(made.id)
    run_pending()
    assert the_run().status == "undone"
    assert owners(*customers) == [None, people.manager.employee_id, None, None, None, None, None]
    states = session.execute(select(AssignmentItem.state, func.count()).group_by(AssignmentItem.state))
    assert dict(states.all()) == {"back": 5, "kept": 1, "left": 1}  # type: ignore[arg-type]
    assert [row.cause for row in ledger(customers[0])] == ["rule", "rule_undone"]
    shares = select(CustomerShare.employee_id, CustomerShare.can_write).execution_options(**OPEN)
    assert session.execute(shares).all() == [(people.manager.employee_id, True)]
    with acting_as(people.admin.actor), pytest.raises(Refused):
        undo_run(made.id)


def test_on_demand_takes_what_was_chosen_within_the_reach(people: People) -> None:
    make_rule("round_robin", person(people.manager))
    chosen, other = unowned(2, people.north)
    owned = make_customer(owner=people.colleague)
    beyond = make_customer(unit=people.head_office)
    with acting_as(people.city_manager.actor):
        start_run([chosen.id, owned.id, beyond.id])
    run_pending()
    assert owners(chosen, other, owned, beyond) == [
        people.manager.employee_id, None, people.colleague.employee_id, None,
    ]  # fmt: skip
    with acting_as(people.manager.actor), pytest.raises(Refused):
        start_run([other.id])


def test_nobody_makes_rules_beyond_their_own_reach(people: People) -> None:
    rule, line = entity("assignment_rule"), entity("assignment_target")
    with acting_as(people.city_manager.actor):
        own = create_record(rule, {"name": "南", "method": "round_robin", "unit_id": people.south.id})
        for wrong in ({"unit_id": people.head_office.id}, {"unit_id": None}):
            with pytest.raises(Refused):
                create_record(rule, {"name": "外", "method": "round_robin", **wrong})
        with pytest.raises(Refused):
            update_record(rule, own, {"unit_id": people.head_office.id})
        session.rollback()
        for wrong in (
            {"way": "person", "employee_id": people.manager.employee_id},
            {"way": "unit", "unit_id": people.north.id},
            {"way": "person", "employee_id": people.stranger.employee_id, "key": "33"},
            {"way": "person"},
            {"way": "person", "employee_id": people.stranger.employee_id, "weight": 0},
        ):
            with pytest.raises(Refused):
                create_record(line, {"rule_id": own.id, **wrong})
        with pytest.raises(Refused):
            update_record(rule, own, {"active": True})  # it says nobody yet
        session.rollback()
        create_record(line, {"rule_id": own.id, "way": "unit", "unit_id": people.south.id})
        update_record(rule, own, {"active": True, "condition": "f.level=key"})
        for broken in ("f.level=gold", "level=key", "f.nothing=1", "f.level=key&q=x"):
            with pytest.raises(Refused) as refused:
                update_record(rule, own, {"condition": broken})
            assert "condition" in refused.value.errors
            session.rollback()
        create_record(line, {"rule_id": own.id, "way": "person", "employee_id": people.stranger.employee_id})
        with pytest.raises(Refused):
            update_record(rule, own, {"method": "region"})
        session.rollback()
    whole = make_rule("load", person(people.stranger))
    with acting_as(people.city_manager.actor), pytest.raises(Refused):
        create_record(line, {"rule_id": whole.id, "way": "person", "employee_id": people.stranger.employee_id})
    told = select(AuditEntry.action).where(AuditEntry.entity == "assignment_rule", AuditEntry.record_id == str(own.id))
    assert list(session.scalars(told.order_by(AuditEntry.id))) == ["create", "update"]


def test_a_rule_of_a_unit_and_below_is_written_by_who_reaches_all_of_it(people: People) -> None:
    city, rule, line = people.city_manager, entity("assignment_rule"), entity("assignment_target")
    narrow(city, "unit", "assignment_rule")
    said = {"name": "分行", "method": "round_robin", "unit_id": people.branch.id}
    ours = make_rule("round_robin", person(people.manager), unit_id=people.branch.id)
    mine = {"rule_id": ours.id, "way": "person", "employee_id": people.stranger.employee_id}
    for place in (people.south, people.north):
        with acting_as(city.actor):
            for act in (
                lambda: create_record(rule, said),
                lambda: update_record(rule, session.get_one(AssignmentRule, ours.id), {"active": False}),
                lambda: create_record(line, mine),
                lambda: order_rules([ours.id]),
            ):
                with pytest.raises(Refused):
                    act()
                session.rollback()
        with acting_as(SYSTEM), transaction() as current:
            current.add(Post(employee_id=city.employee_id, unit_id=place.id, role_id=city.role_id))
    with acting_as(city.actor):  # unit by unit, the whole branch
        assert create_record(rule, said).unit_id == people.branch.id
        order_rules([ours.id])


def test_the_screens_write_explain_preview_order_switch_and_run(people: People, client: Browser) -> None:
    login(client, people.city_manager)
    page = client.get("/assignment_rule/add").get_data(as_text=True)
    token = page.split('name="_token" value="')[1].split('"')[0]
    typed = {
        "_token": token, "_condition": "1", "name": "线上轮流", "unit_id": str(people.branch.id), "active": "no",
        "on_create": "no", "on_demand": "yes", "nightly": "yes", "method": "round_robin", "fallback": "leave",
        "f.source": "online", "f.name": "", "op.name": "contains",
    }  # fmt: skip
    said = client.post("/assignment_rule/explain", data=typed).get_data(as_text=True)
    assert "分行" in said and "线上" in said and "每晚" in said
    sent = client.post("/assignment_rule/add", data=typed)
    rule = session.scalars(select(AssignmentRule).execution_options(**OPEN)).one()
    assert (sent.status_code, rule.condition, rule.active) == (303, "f.source=online", False)
    made = {"rule_id": rule.id, "way": "person", "employee_id": people.manager.employee_id}
    make_record("assignment_target", **made)
    form = client.get(f"/assignment_rule/edit/{rule.id}").get_data(as_text=True)
    assert 'value="online" checked' in form
    customers = [*unowned(2, people.north, source="online", name="<b>线上客</b>"), *unowned(1, people.north)]
    preview = client.get(f"/assignment_rule/preview?rule={rule.id}").get_data(as_text=True)
    assert "张经理" in preview and "&lt;b&gt;线上客" in preview and "<b>线上客" not in preview
    assert owners(*customers) == [None, None, None]
    assert client.post("/assignment_rule/switch", data={"ids": rule.id}).status_code == 303
    session.expire_all()
    assert rule.active
    assert client.post("/assignment_run/run", data={"all": "1"}).status_code == 303
    run_pending()
    assert owners(*customers) == [people.manager.employee_id, people.manager.employee_id, None]
    result = f"/assignment_run/show/{the_run().id}/tab/result"
    assert "张经理" in client.get(result, htmx=True).get_data(as_text=True)
    other = make_rule("load", person(people.stranger), unit_id=people.south.id)
    places = {rule.id: rule.position, other.id: other.position}
    assert client.post("/assignment_rule/order", data={"order": [other.id, rule.id]}).status_code == 303
    session.expire_all()
    assert (rule.position, other.position) == (places[other.id], places[rule.id])
    beyond = make_rule("load", person(people.stranger))
    client.post("/assignment_rule/order", data={"order": [beyond.id, rule.id]})
    session.expire_all()
    assert rule.position == places[other.id]
    for address in (f"/assignment_rule/preview?rule={beyond.id}", f"/assignment_rule/show/{beyond.id}"):
        assert client.get(address).status_code == 404
    assert client.post("/assignment_rule/switch", data={"ids": beyond.id}).status_code == 404
    login(client, people.manager)
    for address in ("/assignment_rule/list/", "/assignment_rule/preview", "/assignment_run/list/"):
        assert client.get(address).status_code == 403
    assert client.post("/assignment_run/run", data={"all": "1"}).status_code == 403


def test_nobody_makes_rules_by_what_they_may_not_read(people: People, client: Browser) -> None:
    rule = make_rule("attribute", person(people.manager, key="key"), by_field="level", unit_id=people.branch.id,
                     condition="f.level=key")  # fmt: skip
    unowned(1, people.north, level="key")
    with acting_as(SYSTEM), transaction() as current:
        hidden = {"entity": "customer", "field": "level", "level": "hidden"}
        current.add(FieldPermission(role_id=people.city_manager.role_id, **hidden))
    described = entity("assignment_rule")
    with acting_as(people.city_manager.actor):
        for wrong in ({"condition": "f.level=key"}, {"method": "attribute", "by_field": "level"}):
            with pytest.raises(Refused):
                create_record(described, {"name": "盲", "method": "load", "unit_id": people.branch.id, **wrong})
    login(client, people.city_manager)
    form = client.get(f"/assignment_rule/edit/{rule.id}").get_data(as_text=True)
    assert 'name="_condition"' not in form and "重点客户" not in form
    preview = client.get("/assignment_rule/preview").get_data(as_text=True)
    assert "张经理" in preview and "重点客户" not in preview


def test_rules_over_rest(people: People, client: Browser) -> None:
    login(client, people.city_manager)
    answer = client.post(
        "/api/v1/assignment_rule/",
        json={"name": "接口", "method": "region", "unit_id": people.branch.id, "condition": "f.kind=personal"},
    )
    assert answer.status_code == 201, answer.json
    line = {"rule_id": answer.json["id"], "key": "33", "way": "unit", "unit_id": people.north.id}
    assert client.post("/api/v1/assignment_target/", json=line).status_code == 201
    assert client.post("/api/v1/assignment_target/", json={**line, "key": "33x"}).status_code == 422
    assert session.scalar(select(func.count(AssignmentTarget.id)).execution_options(**OPEN)) == 1
    assert client.post("/api/v1/assignment_rule/", json={"name": "总行", "method": "load"}).status_code == 422


def test_an_import_is_given_by_rule_in_its_own_job_and_undone_with_it(people: People) -> None:
    make_rule("round_robin", person(people.manager), condition="f.level=key", on_create=True)
    with acting_as(SYSTEM):
        content = csv_bytes(("name", "code", "level"), ("张三", "K1", "key"), ("李四", "K2", "normal"))
        made = imported(content)
        rows = session.execute(select(Customer.code, Customer.owner_id).order_by(Customer.code)).all()
        assert rows == [("K1", people.manager.employee_id), ("K2", None)]
        start_undo(made.id)
        run_pending()
        assert session.scalar(select(func.count(Customer.id))) == 0
