"""APR-7, SEC-1: rights and blueprints with four eyes: held by every door, shown, carried out as they were shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import Role, assoc_user_role
from sqlalchemy import func, select, update

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.access.scope import UNSCOPED
from app.approvals.models import Case, CaseEvent
from app.approvals.rules.document import Deadline, Kind, Starts, Step, Then
from app.approvals.services import (
    decide,
    decide_many,
    definitions,
    read_case,
    start_case,
    switch_flow,
    verify_case,
    withdraw,
)
from app.approvals.services.ending import end_again
from app.approvals.views.held import sheet_of
from app.base.entities.granting import set_roles as set_roles_of
from app.base.security.accounts import open_account, read_account, set_roles
from app.base.security.roles import create_role, field_sheet, read_role, save_fields, save_role
from app.base.security.roles.delegation import delegated, save_delegation
from app.base.security.roles.grants import holdings, role_labels
from app.base.security.roles.matrix import matrix, shown_pairs
from app.db import session, transaction
from app.fields.gate import act_held
from app.fields.records import create_record
from app.host.context import context, entity
from app.organisation.models import Post
from app.organisation.services.second_posts import ask_post
from app.testing.factories import make_employee
from app.testing.people import Browser, People, Person, login
from app.types import SYSTEM, Held, Level, Refused, Scope
from tests.kernel.approvals.flows import publish, seat_of, state_of, step
from tests.kernel.base.forms import fields_of
from tests.kernel.fields.shaping import rebuilt

#: What the other database has no part in.
SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
GRANT = Starts(button=False, grant=True)


@pytest.fixture
def flow(people: People) -> int:
    """Rights need the yes of the department head."""
    return publish(step("two", people.head), code="rights", entity="role", starts=GRANT)


def case_held(answer: Any) -> int:
    assert isinstance(answer, Held), answer
    assert answer.number is not None
    return answer.number


def approve(case_id: int, person: Person, act: str = "approve") -> list[str]:
    """Decide, and what the history says at its end."""
    with acting_as(person.actor):
        decide(case_id, seat_of(case_id, person), act, "看过了")
        assert verify_case(case_id) == []
    session.expire_all()
    statement = select(CaseEvent.kind).where(CaseEvent.case_id == case_id).order_by(CaseEvent.number)
    return list(session.scalars(statement))[-2:]


def widened(person: Person, role_id: int) -> Any:
    """Ask to let a role export customers and see all of them."""
    role = read_role(role_id)
    assert role is not None
    with acting_as(person.actor):
        return save_role(role_id, role.pairs | {("can_export", "CustomerView")}, {"customer": "all"}, role.seen)


def shown(case_id: int) -> str:
    """Everything the page says a case holds."""
    sheet = sheet_of(session.get_one(Case, case_id))
    assert sheet is not None
    rows = [row for group in sheet.groups for item in group.items for row in item.rows]
    told = (f"{r.label}: {r.before}>{r.after} -{[*map(str, r.gone)]} +{[*map(str, r.come)]}" for r in rows)
    return " | ".join([str(sheet.lead), *told])


def test_a_role_changes_when_somebody_else_agrees(people: People, flow: int) -> None:
    role_id = people.manager.role_id
    before = read_role(role_id)
    assert before is not None and ("can_export", "CustomerView") not in before.pairs
    case_id = case_held(widened(people.admin, role_id))
    assert read_role(role_id) == before  # nothing yet
    case = session.get_one(Case, case_id)
    assert (case.entity, case.record_id, case.asked, case.title) == ("role", role_id, "grant", "角色与授权：客户经理")
    assert "+['导出']" in shown(case_id) and "本人及共享>全部" in shown(case_id)
    with pytest.raises(Refused, match="正在审批"):  # one change of a role at a time
        widened(people.admin, role_id)
    with acting_as(people.admin.actor), pytest.raises(Refused):
        decide(case_id, seat_of(case_id, people.head), "approve")  # never one's own
    with acting_as(people.head.actor):  # nor unseen, among many
        assert decide_many([(case_id, seat_of(case_id, people.head))], "approve")[0].problem
    assert approve(case_id, people.head) == ["ended", "finished"]
    after = read_role(role_id)
    assert after is not None and after.pairs == before.pairs | {("can_export", "CustomerView")}
    assert after.scopes == {**before.scopes, "customer": Scope.ALL}
    log = session.execute(
        select(AuditEntry.action, AuditEntry.user_id, AuditEntry.changes)
        .where(AuditEntry.entity == "role", AuditEntry.record_id == str(role_id))
        .order_by(AuditEntry.id)
    ).all()
    assert [row.action for row in log][-3:] == ["update", "approval.carry_out", "approval.approve"]
    assert {row.user_id for row in log[-3:]} == {people.head.user_id}  # who decided last commits it
    assert log[-2].changes == {"case": [None, case_id], "applicant": [None, "管理员"]}


@SQLITE
def test_refused_and_withdrawn_change_nothing(people: People, flow: int) -> None:
    before = read_role(people.manager.role_id)
    approve(case_held(widened(people.admin, people.manager.role_id)), people.head, "refuse")
    case_id = case_held(widened(people.admin, people.manager.role_id))
    with acting_as(people.admin.actor):
        withdraw(case_id)
    assert read_role(people.manager.role_id) == before


def test_every_door_that_gives_rights_is_held(people: People, flow: int) -> None:
    boss, role_id = people.admin.actor, people.manager.role_id
    newcomer = make_employee(people.north, "新来的", code="E-new")
    with acting_as(boss):
        sheet = field_sheet(role_id, "customer")
        assert sheet is not None
        found = [case_held(save_fields(role_id, "customer", {"mobile": "masked"}, sheet.seen))]
        found.append(case_held(save_delegation(people.city_manager.role_id, {role_id}, set())))
        found.append(case_held(set_roles(people.stranger.user_id, {people.head.role_id})))
        user_id, _password = open_account(newcomer.id, "xinlai", {role_id})
        found.append(case_held(act_held("role")))
        copy_id = create_role("客户经理二", "Second manager", f"role:{role_id}")
        found.append(case_held(act_held("role")))
        found.append(
            case_held(
                ask_post(session.merge(newcomer), {"unit_id": people.south.id, "role_id": role_id, "title": None})
            )
        )
        with pytest.raises(Refused, match="审批"):  # REST, import: doors that do not wait
            create_record(entity("post"), {"employee_id": newcomer.id, "unit_id": people.north.id, "role_id": role_id})
    account, copy, source = read_account(user_id=user_id), read_role(copy_id), read_role(role_id)
    assert account is not None and account.role_ids == () and copy is not None and not copy.pairs
    assert source is not None and not source.fields
    texts = [shown(case_id) for case_id in found]
    assert "读写>掩码" in texts[0] and "+['客户经理']" in texts[1] and "-['客户经理']" in texts[2]
    assert "+['客户经理']" in texts[3] and "客户经理二" in texts[4] and "支行南" in texts[5]
    for case_id in found[1:]:
        assert approve(case_id, people.head) == ["ended", "finished"]
    made, account = read_role(copy_id), read_account(user_id=user_id)
    assert made is not None and made.pairs == source.pairs and made.scopes == source.scopes
    assert account is not None and account.role_ids == (role_id,)
    assert delegated(people.city_manager.role_id) == {role_id}
    assert read_account(user_id=people.stranger.user_id).role_ids == (people.head.role_id,)  # type: ignore[union-attr]
    posts = select(Post.role_id).where(Post.employee_id == newcomer.id).execution_options(**{UNSCOPED: True})
    assert list(session.scalars(posts)) == [role_id]
    assert approve(found[0], people.head) == ["ended", "finished"]
    changed = read_role(role_id)
    assert changed is not None and changed.fields == {"customer": {"mobile": Level.MASKED}}


def test_what_changed_meanwhile_refuses_the_end_which_is_tried_again(people: People, flow: int) -> None:
    role_id = people.manager.role_id
    case_id = case_held(widened(people.admin, role_id))
    before = read_role(role_id)
    assert before is not None
    with acting_as(SYSTEM):  # the command line: nobody asks the product itself
        assert save_role(role_id, before.pairs - {("can_add", "CustomerView")}, {}, before.seen) is None
    between = read_role(role_id)
    assert approve(case_id, people.head) == ["ended", "unfinished"]
    assert read_role(role_id) == between  # the scope has not been given either: all or nothing
    with acting_as(SYSTEM):
        assert save_role(role_id, before.pairs, {}, between.seen) is None  # type: ignore[union-attr]
        assert end_again(None, case_id) == {"done": True}  # type: ignore[arg-type]
    after = read_role(role_id)
    assert after is not None and after.scopes["customer"] is Scope.ALL


def test_who_asked_must_still_be_able_to_give_it(people: People, flow: int) -> None:
    chief = people.add("mi", "米安全", people.north, "security_admin")
    given = select(assoc_user_role.c.role_id).where(assoc_user_role.c.user_id == chief.user_id)
    with acting_as(SYSTEM):
        set_roles(chief.user_id, {chief.role_id, people.manager.role_id})
    asked = {people.manager.role_id, people.stranger.role_id}
    newcomer = people.add("new", "新同事", people.north, "finance")
    with acting_as(SYSTEM):
        set_roles(newcomer.user_id, ())
    with acting_as(chief.actor):
        case_id = case_held(set_roles(newcomer.user_id, asked))
    with acting_as(SYSTEM):
        set_roles(chief.user_id, {chief.role_id})  # holds the role no more: nothing to give
    assert list(session.scalars(given)) == [chief.role_id]
    assert approve(case_id, people.head) == ["ended", "unfinished"]
    assert read_account(user_id=newcomer.user_id).role_ids == ()  # type: ignore[union-attr]
    with acting_as(SYSTEM):
        set_roles(chief.user_id, {people.manager.role_id})  # may give it again, but changes no logins any more
        with pytest.raises(Refused, match="无权"):
            end_again(None, case_id)  # type: ignore[arg-type]
        set_roles(chief.user_id, {chief.role_id, people.manager.role_id})
        assert end_again(None, case_id) == {"done": True}  # type: ignore[arg-type]
    assert set(read_account(user_id=newcomer.user_id).role_ids) == asked  # type: ignore[union-attr]


@SQLITE
def test_whose_rights_they_are_is_not_asked(people: People) -> None:
    publish(step("two", people.stranger, people.head), code="rights", entity="role", starts=GRANT)
    with acting_as(people.admin.actor):
        case_id = case_held(set_roles(people.stranger.user_id, {people.head.role_id}))
    assert [seat.employee for seat in state_of(case_id).open_seats()] == [people.head.employee_id]
    with acting_as(people.stranger.actor):
        assert read_case(case_id) is None


@SQLITE
def test_no_case_about_rights_begins_by_hand_or_for_another_role(people: People, flow: int) -> None:
    with acting_as(people.manager.actor):
        for asked in ("button", "change"):
            with pytest.raises(Refused):
                start_case("rights", "role", people.manager.role_id, asked=asked)
    case_id = case_held(widened(people.admin, people.manager.role_id))
    with acting_as(SYSTEM), transaction() as current:  # the role is gone, and another has its number
        current.execute(update(Role.__table__).where(Role.id == people.manager.role_id).values(name="another"))
    assert approve(case_id, people.head) == ["ended", "unfinished"]


@SQLITE
def test_without_a_flow_in_force_nothing_is_asked(people: People, flow: int) -> None:
    with acting_as(SYSTEM):
        assert switch_flow("rights", False)
    assert widened(people.admin, people.manager.role_id) is None
    assert session.scalar(select(func.count()).select_from(Case)) == 0


@SQLITE
def test_the_screens_say_that_it_waits_and_what_it_is(client: Browser, people: People, flow: int) -> None:
    role_id = people.stranger.role_id
    login(client, people.admin)
    role = read_role(role_id)
    assert role is not None
    ticked = role.pairs & shown_pairs(matrix()) | {("can_export", "CustomerView")}
    data = {"p": [f"{act}|{view}" for act, view in ticked], "seen": role.seen}
    answer = client.post(f"/roles/{role_id}/save", data=data, follow_redirects=True)
    assert answer.status_code == 200
    case_id = session.scalars(select(Case.id)).one()
    assert f"/approvals/cases/{case_id}" in answer.text
    assert read_role(role_id) == role
    page = client.get(f"/approvals/cases/{case_id}").text
    assert 'id="case-held"' in page and "+ 导出" in page
    answer = client.post(
        f"/accounts/login/{people.colleague.user_id}/roles", data={"roles": [str(people.head.role_id)]}
    )
    assert answer.status_code == 302
    login(client, people.stranger)
    assert client.get(f"/approvals/cases/{case_id}").status_code == 404
    login(client, people.head)
    assert "+ 导出" in client.get(f"/approvals/cases/{case_id}").text


@SQLITE
def test_a_new_kind_of_record_is_given_to_others_by_approval(app: Flask, people: People, flow: int) -> None:
    browser = login(app.test_client(), people.admin)
    sent = fields_of(browser.get("/custom_entity/add").text) | {
        "label_zh": "走访",
        "slug": "x_visit",
        "icon": "map-pin",
    }
    answer = browser.post("/custom_entity/add", data=sent, follow_redirects=True)
    case_id = session.scalars(select(Case.id)).one()
    assert f"/approvals/cases/{case_id}" in answer.text and "客户经理" in shown(case_id)
    pair = ("can_list", "XVisitView")
    assert [held.name for held in holdings(role_labels()) if pair in held.pairs] == ["Admin"]
    with rebuilt(app):
        assert approve(case_id, people.head) == ["ended", "finished"]
        given = {held.role_id for held in holdings(role_labels()) if pair in held.pairs}
        assert {people.manager.role_id, people.head.role_id} <= given
        made = context().entities["x_visit"]
        having = given - {people.admin.role_id}
        with acting_as(people.admin.actor):
            case_held(set_roles_of(made, having - {people.manager.role_id}, having))
            assert {held.role_id for held in holdings(role_labels()) if pair in held.pairs} == given


@SQLITE
def test_the_designer_makes_such_a_flow_and_lets_nobody_publish_one_without_four_eyes(people: People) -> None:
    with acting_as(people.admin.actor):
        made = definitions.create("授权复核", "Rights", "role")
        document = definitions.working(made)
        assert document.starts == GRANT
        for deadline in (None, Deadline(1, "days", Then.APPROVE)):
            steps = () if deadline is None else (step("two", people.head, deadline=deadline),)
            notice = Step("n", Kind.NOTIFY, name="知会", assignees=step("x", people.head).assignees)
            version = definitions.save_draft(made.id, replace(document, steps=(*steps, notice)), made.version)
            with pytest.raises(Refused):
                definitions.publish(made.id, version)
        version = definitions.save_draft(made.id, replace(document, steps=(step("two", people.head),)), version)
        assert definitions.publish(made.id, version) == 1
    case_held(widened(people.admin, people.manager.role_id))
