"""Bulk edits: counted, run as a job within scope and field permission, told row by row, undone as a whole."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.access.actors import acting_as
from app.access.audit import verify
from app.access.models import AuditEntry, FieldPermission
from app.access.scope import UNSCOPED
from app.base.bulk import running
from app.base.bulk.models import BulkEdit, BulkItem
from app.base.bulk.services import Asked, start_edit, undo_edit
from app.customers.models import Contact, Customer, CustomerShare
from app.db import session, transaction
from app.fields.records import create_record
from app.host.context import entity
from app.jobs.leases import JOBS
from app.jobs.services import retry_job
from app.testing.factories import make_contact, make_customer
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, Person, login
from app.types import SYSTEM, Level, Refused
from tests.kernel.fields.shaping import SAMPLES, add_fields, add_samples, rebuilt


def edit(person: Person, slug: str, asked: Asked, **texts: str) -> int:
    """Ask for a bulk edit and run it; its number."""
    with acting_as(person.actor):
        number = start_edit(slug, asked, texts).id
    run_pending()
    return number


def results(number: int) -> dict[int, tuple[str, str]]:
    """{record: (what became of it, why)}."""
    session.expire_all()
    items = session.scalars(select(BulkItem).where(BulkItem.edit_id == number)).all()
    found = {item.record_id: (item.state, item.reason) for item in items}
    assert len(found) == len(items)  # nothing twice
    return found


def stored(model: Any, name: str) -> dict[int, Any]:
    rows = select(model.id, getattr(model, name)).execution_options(**{UNSCOPED: True})
    return {row[0]: row[1] for row in session.execute(rows)}


def test_by_verb_each_row_has_its_own_result_and_undo(people: People, as_system: None) -> None:
    key, normal = (make_customer(name, people.manager, level=name) for name in ("key", "normal"))
    firm = make_customer("公司", people.manager, kind="corporate", level="key")
    shared, foreign = make_customer("共享", people.colleague), make_customer("外人", people.stranger, level="key")
    with transaction() as current:
        current.add(CustomerShare(customer_id=shared.id, employee_id=people.manager.employee_id, can_write=False))
    ids = (key.id, normal.id, firm.id, shared.id, foreign.id, 10**9)
    number = edit(people.manager, "customer", Asked(ids), level="normal", occupation="教师")
    found = results(number)
    assert {pk: state for pk, (state, _why) in found.items()} == {
        key.id: "changed", normal.id: "changed", firm.id: "refused", shared.id: "refused", foreign.id: "refused",
        10**9: "refused",
    }  # fmt: skip
    assert found[foreign.id] == found[10**9]  # nobody learns that there is such a record
    levels = stored(Customer, "level")
    assert (levels[key.id], levels[firm.id], levels[foreign.id]) == ("normal", "key", "key")
    entry = session.query(AuditEntry).filter_by(entity="customer", record_id=str(key.id), action="update").one()
    assert entry.changes == {"level": ["key", "normal"], "occupation": [None, "教师"]}
    assert entry.user_id == people.manager.user_id
    with transaction():
        session.get_one(Customer, normal.id).occupation = "医生"
    with acting_as(people.stranger.actor), pytest.raises(LookupError):
        undo_edit(number)
    with acting_as(people.manager.actor):
        undo_edit(number)
        run_pending()
        with pytest.raises(Refused):
            undo_edit(number)
    after = results(number)
    assert (after[key.id][0], after[normal.id][0]) == ("back", "kept")
    assert stored(Customer, "level")[key.id] == "key" and stored(Customer, "occupation")[normal.id] == "医生"
    assert verify(session())[1] == ""


@pytest.fixture
def contacts(people: People, as_system: None) -> list[Contact]:
    customer, other = make_customer("甲", people.manager), make_customer("乙", people.stranger)
    made = [make_contact(customer, f"联系{n}", title="经理" if n % 2 else "职员") for n in range(7)]
    return [*made, make_contact(other, "外人", title="职员")]


def test_all_that_a_list_matches_goes_on_after_it_was_called_off(
    people: People, contacts: list[Contact], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "BY_STATEMENT", 2)
    real, calls = running.change_rows, []

    def called_off(*given: Any, **more: Any) -> Any:
        calls.append(given)
        if len(calls) == 2:  # somebody presses “cancel” while the second chunk is being written
            session.execute(update(JOBS).values(cancel_requested=True))
        return real(*given, **more)

    monkeypatch.setattr(running, "change_rows", called_off)
    number = edit(people.manager, "contact", Asked(None, "f.title=职员"), name="甲乙", title="")
    made = session.get_one(BulkEdit, number)
    assert (len(results(number)), made.status) == (4, "running")
    with acting_as(people.manager.actor):
        retry_job(made.job_id or 0)
    run_pending()
    found = results(number)
    mine = [one.id for one in contacts[:7:2]]
    assert {pk for pk, (state, _why) in found.items() if state == "changed"} == set(mine) == set(found)
    names, titles = stored(Contact, "name"), stored(Contact, "title")
    assert [names[pk] for pk in mine] == ["甲乙"] * 4 and [titles[pk] for pk in mine] == [None] * 4
    assert names[contacts[7].id] == "外人" and names[contacts[1].id] == "联系1"
    entries = session.query(AuditEntry).filter_by(entity="contact", action="update").all()
    assert sorted(int(entry.record_id) for entry in entries) == sorted(mine)
    with acting_as(people.manager.actor):
        undo_edit(number)
        run_pending()
    assert [stored(Contact, "name")[pk] for pk in mine] == [f"联系{n}" for n in range(0, 7, 2)]
    assert verify(session())[1] == ""


def test_what_was_changed_after_asking_is_refused(people: People, as_system: None) -> None:
    one, other = make_customer("甲", people.manager), make_customer("乙", people.manager)
    with acting_as(people.manager.actor):
        number = start_edit("customer", Asked((one.id, other.id)), {"level": "key"}).id
    with transaction():
        session.get_one(Customer, one.id).remark = "刚改过"
    run_pending()
    assert {pk: state for pk, (state, _why) in results(number).items()} == {one.id: "refused", other.id: "changed"}


def test_field_permission_holds_when_asked_and_when_it_runs(people: People, as_system: None) -> None:
    one = make_customer("甲", people.manager, mobile="13800138000", level="normal")
    with acting_as(people.manager.actor):
        for texts in ({"owner_id": "1"}, {"code": "C1"}, {"created_at": "2024-01-01"}, {"nothing": "1"}, {}):
            with pytest.raises(Refused):
                start_edit("customer", Asked((one.id,)), texts)
        number = start_edit("customer", Asked((one.id,)), {"level": "key"}).id
    with transaction() as current:
        current.add(FieldPermission(role_id=people.manager.role_id, entity="customer", field="level", level="masked"))
    run_pending()
    assert results(number) == {} and stored(Customer, "level")[one.id] == "normal"
    job = session.execute(select(JOBS.c.status).where(JOBS.c.id == session.get_one(BulkEdit, number).job_id)).scalar()
    assert job == "failed"
    with acting_as(people.manager.actor), pytest.raises(Refused):
        start_edit("customer", Asked((one.id,)), {"level": "key"})
    assert Level.MASKED < Level.WRITE


def test_the_dialog_counts_asks_and_starts(client: Browser, people: People, contacts: list[Contact]) -> None:
    browser = login(client, people.manager)
    address = "/bulk_edit/ask/contact"
    ids = ",".join(str(one.id) for one in contacts)
    assert 'name="_field"' in browser.get(f"{address}?ids={ids}&number=8", htmx=True).text
    sent = {"ids": ids, "_fields": "title", "title": "顾问", "_step": "check"}
    asked = browser.post(address, data=sent, htmx=True)
    assert asked.status_code == 200 and "将修改 7 条记录" in asked.text and "顾问" in asked.text
    wrong = browser.post(address, data=sent | {"_fields": "mobile", "mobile": "1<2"}, htmx=True)
    assert wrong.status_code == 422 and 'value="1&lt;2"' in wrong.text
    foreign = sent | {"_fields": "customer_id", "customer_id": "1"}
    assert browser.post(address, data=foreign, htmx=True).status_code == 422
    assert browser.post(address, data=sent | {"_step": "start"}, csrf=False).status_code == 400
    started = browser.post(address, data=sent | {"_step": "start"}, htmx=True)
    page = started.headers["HX-Redirect"]
    run_pending()
    shown = browser.get(page)
    assert shown.status_code == 200 and shown.text.count("/contact/show/") == 7
    file = browser.get(page.replace("show", "refused"))
    lines = file.data.decode("utf-8-sig").splitlines()
    assert len(lines) == 2 and lines[1].startswith(str(contacts[7].id)) and "外人" not in file.text
    number = page.rpartition("/")[2]
    for path in (f"/bulk_edit/show/{number}", f"/bulk_edit/refused/{number}"):
        assert login(client, people.admin).get(path).status_code == 404  # one's own only
    assert client.post(f"/bulk_edit/undo/{number}").status_code == 404
    assert login(client, people.manager).post(f"/bulk_edit/undo/{number}").status_code == 303
    run_pending()
    assert stored(Contact, "title")[contacts[0].id] == "职员"


def test_custom_fields_of_every_kind(app: Flask, people: People) -> None:
    add_samples()
    with rebuilt(app), acting_as(SYSTEM):
        pk = make_customer("甲", people.manager).id
        texts = {sample.key: sample.typed for sample in SAMPLES}
        some = list(texts.items())
        for part in (dict(some[:9]), dict(some[9:])):
            number = edit(people.manager, "customer", Asked((pk,)), **part)
            assert results(number) == {pk: ("changed", "")}
        kept = session.get_one(Customer, pk, populate_existing=True).custom
        assert set(kept) >= set(texts)
        with acting_as(people.manager.actor):
            undo_edit(number)
            run_pending()
        session.expire_all()
        assert set(session.get_one(Customer, pk, populate_existing=True).custom) & set(texts) == set(dict(some[:9]))


def test_custom_fields_set_by_statement_leave_the_others_alone(app: Flask, people: People) -> None:
    kinds = {"text": "甲\"'\\乙", "money": "1,234.50", "date": "2024-02-29", "choices": "b;a"}
    more = {"choices": "a | 一\nb | 二"}
    add_fields(
        *({"entity": "contact", "key": f"x_{kind}", "label_zh": kind, "kind": kind}
          | ({"choices": more[kind]} if kind in more else {}) for kind in kinds),
        {"entity": "contact", "key": "x_kept", "label_zh": "留", "kind": "integer"},
    )  # fmt: skip
    with rebuilt(app), acting_as(SYSTEM):
        pk = make_contact(make_customer("甲", people.manager), "联系人", x_kept="7").id
        number = edit(people.manager, "contact", Asked((pk,)), **{f"x_{kind}": text for kind, text in kinds.items()})
        assert results(number) == {pk: ("changed", "")}
        made = session.get_one(Contact, pk, populate_existing=True)
        assert made.custom == {
            "x_kept": 7, "x_text": "甲\"'\\乙", "x_money": "1234.50", "x_date": "2024-02-29", "x_choices": ["a", "b"],
        }  # fmt: skip
        edit(people.manager, "contact", Asked((pk,)), x_text="", x_money="")
        session.expire_all()
        custom = session.get_one(Contact, pk, populate_existing=True).custom
        assert custom == {"x_kept": 7, "x_date": "2024-02-29", "x_choices": ["a", "b"]}


def test_formulas_follow_what_a_statement_changed(app: Flask, people: People, contacts: list[Contact]) -> None:
    formula = {"source": "formula", "formula": "title == '经理'"}
    with acting_as(SYSTEM):
        create_record(
            entity("custom_field"),
            {"entity": "contact", "key": "x_boss", "label_zh": "负责人", "kind": "boolean", **formula},
        )
    staff = [one.id for one in contacts[:7:2]]
    with rebuilt(app):
        edit(people.manager, "contact", Asked(tuple(staff)), title="经理")
        assert [stored(Contact, "x_boss")[pk] for pk in staff] == [True] * 4
