"""APR-7: doors that lead to a record under approval later or by another way: refused with the reason, nothing half."""

from __future__ import annotations

from sqlalchemy import select

from app.access.actors import acting_as
from app.access.scope import UNSCOPED
from app.approvals.models import Case
from app.approvals.rules.document import Starts
from app.base.bulk.services import Asked, undo_edit
from app.customers.models import Customer
from app.db import session
from app.testing.factories import make_customer, make_record
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, login
from app.transfer.models import Import
from app.transfer.services.undo import start_undo
from plugins.loans.models import Development
from plugins.pools.services import mark_invalid
from tests.kernel.approvals.flows import publish, step, submit
from tests.kernel.base.resources import CUSTOMERS
from tests.kernel.base.test_bulk import edit, results
from tests.kernel.transfer.tables import again, csv_bytes, imported


def stored() -> dict[str, tuple[str | None, str | None]]:
    """{name: (level, address)} of customers."""
    columns = select(Customer.name, Customer.level, Customer.address).execution_options(**{UNSCOPED: True})
    return {row.name: (row.level, row.address) for row in session.execute(columns)}


def test_one_locked_field_refuses_all_that_is_written_with_it(client: Browser, people: People) -> None:
    publish(step("one", people.head), locked=("level",))
    held, free = (make_customer(name, people.manager, level="key") for name in ("在审", "不在审"))
    numbers = held.id, free.id
    submit(people.manager, held)
    login(client, people.manager)
    sent = {"level": "normal", "_version": str(held.version), "_was": "key", "_plain": "1"}
    for extra in ({}, {"_plain": "1"}):  # a cell of a list, a card of a board
        answer = client.post(f"/customer/cell/{numbers[0]}/level", data={**sent, **extra})
        assert answer.status_code == 403 and "正在审批" in answer.get_json()["refused"]
    both = {"level": "normal", "address": "城东"}
    answer = client.patch(f"{CUSTOMERS}{numbers[0]}", json=both)
    assert answer.status_code == 422 and "正在审批" in answer.get_json()["message"]
    page = client.post(f"/customer/edit/{numbers[0]}", data={"name": "在审", **both})
    assert page.status_code == 422 and "正在审批" in page.get_data(as_text=True)
    found = results(edit(people.manager, "customer", Asked(numbers), **both))
    assert (found[numbers[0]][0], found[numbers[1]][0]) == ("refused", "changed")
    assert stored() == {"在审": ("key", None), "不在审": ("normal", "城东")}


def test_a_customer_under_approval_is_not_marked_invalid(people: People) -> None:
    publish(step("one", people.head))
    held, free = (make_customer(name, people.manager) for name in ("在审", "不在审"))
    numbers = held.id, free.id
    submit(people.manager, held)
    with acting_as(people.head.actor):
        answer = mark_invalid(numbers, "失联")
    assert answer.done == [numbers[1]]
    assert "正在审批" in answer.refused[numbers[0]]


def test_an_undone_bulk_edit_leaves_what_is_under_approval_by_now(people: People) -> None:
    publish(step("one", people.head))
    held, free = (make_customer(name, people.manager, level="key") for name in ("在审", "不在审"))
    numbers = held.id, free.id
    number = edit(people.manager, "customer", Asked(numbers), level="normal")
    submit(people.manager, session.get_one(Customer, numbers[0]))
    with acting_as(people.manager.actor):
        undo_edit(number)
    run_pending()
    found = results(number)
    assert (found[numbers[0]][0], found[numbers[1]][0]) == ("kept", "back")
    assert "正在审批" in found[numbers[0]][1]
    assert stored() == {"在审": ("normal", None), "不在审": ("key", None)}


def test_an_undone_import_leaves_what_is_under_approval_and_names_it(people: People) -> None:
    publish(step("one", people.head), code="made")
    with acting_as(people.admin.actor):
        imported(csv_bytes(("name", "code", "level"), ("旧一", "K1", "key"), ("旧二", "K2", "key")))
        rows = (("旧一", "K1", "normal"), ("旧二", "K2", "normal"), ("新三", "K3", "key"), ("新四", "K4", "key"))
        made = imported(csv_bytes(("name", "code", "level"), *rows), duplicates="update")
    for name in ("旧一", "新三"):
        record = session.scalars(select(Customer).filter_by(name=name).execution_options(**{UNSCOPED: True})).one()
        submit(people.admin, record, "made")
    assert undone(people, made) == ({"deleted": 1, "restored": 1, "kept": 2}, {
        "旧一": "under_approval", "新三": "under_approval"
    })  # fmt: skip
    assert stored() == {"旧一": ("normal", None), "旧二": ("key", None), "新三": ("key", None)}


def test_an_undone_import_asks_where_deleting_takes_an_approval(people: People) -> None:
    publish(step("one", people.head), starts=Starts(button=False, delete=True))
    with acting_as(people.admin.actor):
        made = imported(csv_bytes(("name", "code"), ("新三", "K3"), ("新四", "K4")))
    assert undone(people, made) == ({"deleted": 0, "restored": 0, "kept": 2}, {"新三": "sent", "新四": "sent"})
    assert len(stored()) == 2
    assert session.scalars(select(Case.asked)).all() == ["delete", "delete"]


def undone(people: People, made: Import) -> tuple[dict[str, int], dict[str, str]]:
    """Undo an import: how many went which way, and why each that stayed did."""
    with acting_as(people.admin.actor):
        start_undo(made.id)
    run_pending()
    answer = again(made).undone
    assert answer is not None
    counts = {key: answer[key] for key in ("deleted", "restored", "kept")}
    return counts, {one["label"]: one["code"] for one in answer["list"]}


def test_a_stage_that_moves_by_its_own_verb_is_locked_too(client: Browser, people: People) -> None:
    publish(step("one", people.head), entity="loans_development")
    customer = make_customer("甲", people.manager)
    with acting_as(people.manager.actor):
        record = make_record("loans_development", customer_id=customer.id, name="流动资金")
    number, stage = record.id, record.stage
    submit(people.manager, record, entity="loans_development")
    login(client, people.manager)
    moved = client.post(
        f"/loans_development/cell/{number}/stage", data={"stage": "need", "_version": "1", "_plain": "1"}
    )
    assert moved.status_code == 422 and "正在审批" in moved.get_json()["reason"]
    wanted = select(Development.stage).where(Development.id == number).execution_options(**{UNSCOPED: True})
    assert session.scalar(wanted) == stage
