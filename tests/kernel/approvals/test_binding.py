"""APR-7: records under approval are kept from every door; changes wait; ends write what was approved."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.access.scope import UNSCOPED
from app.approvals.models import Case, CaseEvent
from app.approvals.rules.document import End, Kind, Starts, Step
from app.approvals.services import decide, give_back, verify_case
from app.approvals.services.ending import fill_in
from app.approvals.services.gating import EXPORT_PERSONAL, EXPORT_ROWS, gate
from app.base.bulk.services import Asked
from app.customers.models import Customer
from app.db import now, session, transaction
from app.fields.gate import passing
from app.fields.records import create_record, delete_record, find_record, update_record
from app.host.context import context, entity
from app.jobs.models import Job
from app.testing.factories import make_customer, make_setting
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, Person, login
from app.testing.statements import heard
from app.transfer.models import Export
from app.types import SYSTEM, ApprovalAct, Held, Refused
from tests.kernel.approvals.flows import publish, seat_of, step, submit
from tests.kernel.base.resources import CUSTOMERS
from tests.kernel.base.test_bulk import edit, results
from tests.kernel.fields.shaping import rebuilt
from tests.kernel.transfer.tables import csv_bytes, imported


def value(customer: Any, name: str) -> Any:
    column = select(getattr(Customer, name)).where(Customer.id == customer.id)
    return session.scalar(column.execution_options(**{UNSCOPED: True}))


def change(person: Person, customer: Any, **values: Any) -> Held | None:
    with acting_as(person.actor):
        return update_record(entity("customer"), find_record(entity("customer"), customer.id), values)


def approve(case_id: int, person: Person, act: str = "approve") -> Case:
    with acting_as(person.actor):
        decide(case_id, seat_of(case_id, person), act, "看过了")
        assert verify_case(case_id) == []
    session.expire_all()
    return session.get_one(Case, case_id)


def cases() -> list[Case]:
    session.expire_all()
    return list(session.scalars(select(Case).order_by(Case.id).execution_options(**{UNSCOPED: True})))


def kinds(case_id: int) -> list[str]:
    statement = select(CaseEvent.kind).where(CaseEvent.case_id == case_id).order_by(CaseEvent.number)
    return list(session.scalars(statement))


def test_locked_fields_refuse_by_every_door(client: Browser, people: People) -> None:
    publish(step("one", people.head), locked=("level",))
    held, free = (make_customer(name, people.manager, level="key") for name in ("在审", "不在审"))
    case_id = submit(people.manager, held).id
    with pytest.raises(Refused, match="正在审批"):
        change(people.manager, held, level="normal")
    assert change(people.manager, held, level="key", address="城东") is None  # as it was; and a field nobody locks
    with acting_as(people.manager.actor), pytest.raises(Refused, match="正在审批"):
        delete_record(entity("customer"), find_record(entity("customer"), held.id))

    found = results(edit(people.manager, "customer", Asked((held.id, free.id)), level="normal"))
    assert (found[held.id][0], found[free.id][0]) == ("refused", "changed")
    assert "撤回" in found[held.id][1]
    with acting_as(people.admin.actor):
        rows = csv_bytes(("code", "level"), (held.code, "normal"), (free.code, "key"))
        made = imported(rows, duplicates="update", fields={"code": "code", "level": "level"})
    assert (made.updated_count, made.failed_count) == (1, 1)

    login(client, people.manager)
    answer = client.patch(f"{CUSTOMERS}{held.id}", json={"level": "normal"})
    assert answer.status_code == 422
    cell = client.get(f"/customer/cell/{held.id}/level")
    assert cell.json and cell.json["refused"] and "editor" not in cell.json
    page = client.get(f"/customer/edit/{held.id}").text
    assert 'id="form-lock"' in page and f"/approvals/cases/{case_id}" in page
    assert 'name="level"' not in page and 'name="address"' in page
    assert client.post(f"/customer/edit/{held.id}", data={"level": "normal"}).status_code == 422
    assert value(held, "level") == "key"

    approve(case_id, people.head)
    assert change(people.manager, held, level="normal") is None and value(held, "level") == "normal"


def test_a_returned_case_lets_its_applicant_alone_correct_the_record(people: People) -> None:
    publish(step("one", people.head), starts=Starts(change=("level",)))
    customer = make_customer("甲", people.manager, level="key")
    case = submit(people.manager, customer)
    with acting_as(people.head.actor):
        give_back(case.id, 1, "applicant", "补充地址")
    with pytest.raises(Refused):
        change(people.head, customer, address="城西")
    with pytest.raises(Refused):  # what takes an approval by itself is not slipped in
        change(people.manager, customer, level="normal")
    assert change(people.manager, customer, address="城西") is None and value(customer, "address") == "城西"


def test_a_held_change_is_written_when_approved_and_told_by_every_door(client: Browser, people: People) -> None:
    publish(step("one", people.head), starts=Starts(change=("level",), delete=True))
    made = [make_customer(name, people.manager, level="key") for name in "甲乙丙丁"]
    first, second, third, fourth = (SimpleNamespace(id=one.id, code=one.code) for one in made)
    held = change(people.manager, first, level="normal", address="城东")
    assert held is not None and value(first, "level") == "key" and value(first, "address") is None
    case = cases()[0]
    assert (case.asked, case.record_id, held.number) == ("change", first.id, case.id)
    assert case.payload == {
        "values": {"level": "normal", "address": "城东"}, "before": {"level": "key", "address": None}
    }  # fmt: skip
    assert approve(case.id, people.head).status == "approved" and kinds(case.id)[-1] == "finished"
    assert (value(first, "level"), value(first, "address")) == ("normal", "城东")
    entry = session.query(AuditEntry).filter_by(entity="customer", record_id=str(first.id), action="update").one()
    assert entry.changes == {"level": ["key", "normal"], "address": [None, "城东"]}

    found = results(edit(people.manager, "customer", Asked((first.id, second.id)), level="normal"))
    assert (found[first.id][0], found[second.id][0]) == ("unchanged", "held")
    with acting_as(people.admin.actor):
        rows = csv_bytes(("code", "name", "level"), (third.code, "丙", "normal"), ("NEW", "新", "normal"))
        file = imported(rows, duplicates="update")
    assert (file.created_count, file.skipped_count, file.failed_count) == (1, 1, 0)
    login(client, people.admin)
    listed, waiting = f"/approvals/imports/{file.id}", cases()[-1].id
    assert listed in client.get(f"/import/{file.id}/").text
    for address, shown in ((listed, True), (f"{listed}?state=running", True), (f"{listed}?state=approved", False)):
        assert (f"/approvals/cases/{waiting}" in client.get(address).text) is shown, address
    assert "审批中" in client.get(listed).text

    login(client, people.manager)
    assert client.get(listed).status_code == 404, "somebody else's import"
    address = f"{CUSTOMERS}{fourth.id}"
    answer = client.patch(address, json={"level": "normal"})
    number = cases()[-1].id
    assert (answer.status_code, answer.headers["Location"]) == (202, f"/approvals/cases/{number}")
    assert answer.json and answer.json["held"]["case"] == number
    login(client, people.admin)
    assert client.delete(address).status_code == 422  # one flow at a time
    assert [value(one, "level") for one in (second, third, fourth)] == ["key"] * 3
    assert approve(number, people.head, "refuse").status == "refused" and value(fourth, "level") == "key"

    assert client.delete(address).status_code == 202
    approve(cases()[-1].id, people.head)
    assert value(fourth, "id") is None


def test_asking_takes_the_rights_of_the_applicant(client: Browser, people: People) -> None:
    publish(step("one", people.head), starts=Starts(change=("*",)))
    theirs = make_customer("外人", people.stranger, level="key")
    login(client, people.manager)
    assert client.patch(f"{CUSTOMERS}{theirs.id}", json={"level": "normal"}).status_code == 404
    mine = make_customer("我的", people.manager, level="key")
    wrong: dict[str, Any] = {"unit_id": people.south.id, "x_none": 1, "payload": {"values": {}}, "level": "no such"}
    for name, given in wrong.items():
        assert client.patch(f"{CUSTOMERS}{mine.id}", json={name: given}).status_code == 422
    assert cases() == []


@pytest.mark.parametrize("by_hand", [True, False])
def test_an_end_that_cannot_be_carried_out_leaves_the_decision_and_is_tried_again(
    people: People, client: Browser, by_hand: bool
) -> None:
    publish(step("one", people.head), starts=Starts(change=("level",)), locked=())
    customer = make_customer("甲", people.manager, level="key")
    change(people.manager, customer, level="normal")
    with acting_as(SYSTEM), passing():  # the product itself changed it meanwhile
        update_record(entity("customer"), session.get_one(Customer, customer.id), {"level": "important"})
    case = approve(cases()[0].id, people.head)
    assert case.status == "approved" and kinds(case.id)[-1] == "unfinished" and value(customer, "level") == "important"
    told = session.scalar(select(CaseEvent.data).where(CaseEvent.case_id == case.id, CaseEvent.kind == "unfinished"))
    assert told is not None and told["reason"]
    base = f"/approvals/cases/{case.id}"
    login(client, people.manager)
    page = client.get(base).text
    assert "后续处理尚未完成" in page and f"{base}/finish" not in page
    assert client.post(f"{base}/finish").status_code == 422
    login(client, people.admin)
    assert f"{base}/finish" in client.get(base).text
    answer = client.post(f"{base}/finish")
    assert answer.status_code == 422 and told["reason"] in answer.text and kinds(case.id)[-1] == "unfinished"
    with acting_as(SYSTEM), passing():
        update_record(entity("customer"), session.get_one(Customer, customer.id), {"level": "key"})
    if by_hand:
        assert client.post(f"{base}/finish").status_code == 303 and "后续处理已完成" in client.get(base).text
        assert client.post(f"{base}/finish").status_code == 422
    else:
        with acting_as(SYSTEM), transaction() as current:
            current.execute(update(Job).values(run_after=now()))
        run_pending()
    assert kinds(case.id)[-1] == "finished" and value(customer, "level") == "normal"


def test_made_records_go_under_approval_with_condition_steps_and_ends(app: Any, people: People) -> None:
    def grant(case: Any, record: Any) -> None:
        if record.remark == "坏":
            raise Refused("granting failed")
        update_record(entity("customer"), record, {"remark": f"case {case.asked}"})

    context().approval_acts["test.grant"] = ApprovalAct("test.grant", "Grant", grant, "customer")
    publish(
        step("one", people.head, fields={"occupation": "write"}),
        Step("auto", Kind.AUTOMATIC, values={"source": "referral"}),
        starts=Starts(create=True, when='level == "key"'),
        ends={"approved": End({"annual_income": "1234.50"}, "test.grant"), "refused": End({"remark": "拒绝"})},
    )
    customer = entity("customer")
    with acting_as(people.manager.actor):
        create_record(customer, {"name": "普通", "code": "N1", "level": "normal"})
        made = create_record(customer, {"name": "重点", "code": "N2", "level": "key"})
        with pytest.raises(Refused):
            update_record(customer, made, {"level": "normal"})
    case = cases()[0]
    assert (len(cases()), case.record_id, case.asked) == (1, made.id, "create")
    with acting_as(people.head.actor):
        with pytest.raises(Refused):
            fill_in(case.id, 1, {"level": "normal"})
        fill_in(case.id, 1, {"occupation": "教师"})
    with acting_as(people.colleague.actor), pytest.raises(Refused):
        fill_in(case.id, 1, {"occupation": "医生"})
    approve(case.id, people.head)
    found = [str(value(made, name)) for name in ("occupation", "source", "annual_income", "remark")]
    assert found == ["教师", "referral", "1234.50", "case create"]


def test_exports_wait_for_an_approval(client: Browser, people: People) -> None:
    publish(step("one", people.head), starts=Starts(button=False, export=True))
    make_customer("甲", people.admin, mobile="13800138000")
    login(client, people.admin)
    make_setting(EXPORT_ROWS, 2)
    asked = {"format": "csv", "column": ["code", "name"], "reason": "季度核对 & 对账"}
    make_setting(EXPORT_PERSONAL, "no")
    assert "/file" in client.post("/export/start/customer", data=asked).headers["Location"]  # one row, nothing personal
    make_setting(EXPORT_PERSONAL, "yes")
    for act in ("refuse", "approve"):
        count = session.scalar(select(func.count(Export.id))) or 0
        answer = client.post("/export/start/customer", data={**asked, "column": ["code", "mobile"]})
        assert answer.headers["Location"] == "/export/" and session.scalar(select(func.count(Export.id))) == count
        case = cases()[-1]
        assert (case.asked, case.record_id, case.payload["personal"]) == ("export", None, ["mobile"])
        approve(case.id, people.head, act)
        run_pending()
        assert session.scalar(select(func.count(Export.id))) == count + (act == "approve")
    made = session.scalars(select(Export).order_by(Export.id.desc())).first()
    assert made is not None and (made.status, made.created_by) == ("done", people.admin.user_id)
    assert "13800138000" in client.get(f"/export/{made.id}/file", buffered=True).text


def test_kinds_of_records_made_on_screen_go_under_approval(app: Flask, people: People) -> None:
    visit = {"label_zh": "走访计划", "label_en": "Visit plan", "scoping": "own", "icon": "map-pin"}
    with acting_as(people.admin.actor):
        create_record(entity("custom_entity"), visit)
    with rebuilt(app):
        publish(
            step("one", people.head), entity="x_visit_plan",
            starts=Starts(create=True, delete=True), ends={"approved": End({"name": "已批准的走访"})},
        )  # fmt: skip
        described = entity("x_visit_plan")
        with acting_as(people.admin.actor):
            made = create_record(described, {"name": "走访"})
            with pytest.raises(Refused, match="正在审批"):
                update_record(described, made, {"name": "改"})
        number = made.id
        approve(cases()[0].id, people.head)
        with acting_as(people.admin.actor):
            record = find_record(described, number)
            assert record.name == "已批准的走访"
            assert delete_record(described, record) is not None and find_record(described, number) is not None
        approve(cases()[1].id, people.head)
        with acting_as(people.admin.actor):
            assert find_record(described, number) is None


@pytest.mark.parametrize("slug", ["contact", "customer"])
def test_the_page_of_a_record_asks_for_its_case_only_where_a_flow_is(
    people: People, client: Browser, slug: str
) -> None:
    customer = make_customer("甲", people.manager)
    publish(step("one", people.head), entity=slug)
    login(client, people.manager)
    address = f"/customer/show/{customer.id}"
    client.get(address)
    with heard() as statements:
        page = client.get(address).text
    asked = [statement for statement in statements if "approvals_" in statement]
    # the flows of the button, and the open case
    assert ("tab/approval" in page, len(asked)) == ((True, 2) if slug == "customer" else (False, 0)), asked


def test_a_site_without_flows_asks_nothing_of_the_database(people: People) -> None:
    customer = make_customer("甲", people.manager)
    publish(step("one", people.head), entity="contact", code="other", starts=Starts(change=("*",)))
    with acting_as(people.manager.actor):
        gate("customer", "update", [])
        before = context().approvals
        assert before is not None and "customer" not in before.entities
        assert change(people.manager, customer, level="key") is None
    assert session.scalar(select(func.count(Case.id))) == 0
