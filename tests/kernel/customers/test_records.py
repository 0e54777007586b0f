"""CUS-1, 8: creating and changing customers, one and many."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from app.access.actors import acting_as
from app.access.audit import verify
from app.access.scope import UNSCOPED
from app.customers.models import Customer, CustomerOwnership
from app.customers.services import create_customers
from app.db import session
from app.fields.records import create_record, update_record
from app.host.context import entity
from app.testing.factories import id_number, make_customer, uscc
from app.testing.people import People
from app.types import SYSTEM, Refused


def every(statement):
    return session.execute(statement.execution_options(**{UNSCOPED: True})).all()


def test_owner_unit_number_and_facts_are_filled_in(people: People) -> None:
    number = id_number(3, born=date(1990, 2, 28), female=True)
    with acting_as(people.manager.actor):
        made = create_record(entity("customer"), {"name": "王小桥", "mobile": "+86 138-0013-8765", "id_number": number})
    assert made.owner_id == people.manager.employee_id
    assert made.unit_id == people.north.id
    assert made.owned_since_at is not None
    assert made.code == f"C{made.id:08d}"
    assert (made.mobile, made.mobile_tail) == ("13800138765", "8765")
    assert (made.birth_date, made.sex) == (date(1990, 2, 28), "female")
    assert made.created_by == people.manager.user_id
    ledger = every(select(CustomerOwnership.from_employee_id, CustomerOwnership.to_employee_id))
    assert ledger == [(None, people.manager.employee_id)]


@pytest.mark.usefixtures("as_system")
def test_a_number_typed_by_somebody_is_not_given_twice() -> None:
    first = make_customer("甲")
    make_customer("乙", code=f"C{first.id + 2:08d}")
    third = create_record(entity("customer"), {"name": "丙"})
    assert third.code != f"C{first.id + 2:08d}" or third.id != first.id + 2
    assert len({code for (code,) in every(select(Customer.code))}) == 3


@pytest.mark.usefixtures("as_system")
@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("corporate", "id_number", id_number(1)),
        ("corporate", "sex", "male"),
        ("personal", "uscc", uscc(1)),
        ("agent", "staff_count", "12"),
        ("channel", "annual_income", "1"),
    ],
)
def test_a_customer_has_only_the_fields_of_its_kind(kind: str, field: str, value: str) -> None:
    with pytest.raises(Refused) as refused:
        create_record(entity("customer"), {"name": "某", "kind": kind, field: value})
    assert list(refused.value.errors) == [field]
    assert every(select(func.count(Customer.id))) == [(0,)]


@pytest.mark.usefixtures("as_system")
@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [("id_number", id_number(1), "personal"), ("uscc", uscc(1), "corporate"), ("code", "K1", "personal")],
)
def test_an_exact_duplicate_names_its_field(field: str, value: str, kind: str) -> None:
    create_record(entity("customer"), {"name": "甲", "kind": kind, field: value})
    with pytest.raises(Refused) as refused:
        create_record(entity("customer"), {"name": "乙", "kind": kind, field: f" {value} "})
    assert field in refused.value.errors
    with pytest.raises(Refused) as refused:
        create_customers([{"name": "丙", "kind": kind}, {"name": "丁", "kind": kind, field: value}])
    assert value in refused.value.errors[field]
    assert every(select(func.count(Customer.id))) == [(1,)]


@pytest.mark.usefixtures("as_system")
def test_a_duplicate_among_the_rows_themselves_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        create_customers([{"name": "甲", "id_number": id_number(7)}, {"name": "乙", "id_number": id_number(7)}])
    assert id_number(7) in refused.value.errors["id_number"]
    assert every(select(func.count(Customer.id))) == [(0,)]


def test_many_customers_in_one_pass(people: People) -> None:
    rows = [{"name": f"桥江{n}", "mobile": f"138{n:08d}", "owner_id": people.manager.employee_id} for n in range(500)]
    rows[7]["id_number"] = id_number(9, born=date(2000, 1, 2))
    rows[8].update(kind="corporate", uscc=uscc(8), code="FIRM-8")
    with acting_as(people.manager.actor):
        ids = create_customers(rows)
    assert len(ids) == 500
    found = {row.id: row for (row,) in every(select(Customer))}
    for number, row in zip(ids, rows, strict=True):
        assert found[number].name == row["name"]
        assert found[number].mobile_tail == row["mobile"][-4:]
        assert found[number].unit_id == people.north.id
        assert row["name"] in found[number].search_tokens.split()
    assert found[ids[7]].birth_date == date(2000, 1, 2)
    assert found[ids[8]].code == "FIRM-8"
    assert found[ids[9]].code == f"C{ids[9]:08d}"
    assert found[ids[9]].version == 1
    assert every(select(func.count()).select_from(CustomerOwnership)) == [(500,)]
    assert verify(session)[1] == ""


@pytest.mark.usefixtures("as_system")
def test_ids_are_never_used_again() -> None:
    first = make_customer("甲")
    last = first.id
    session.delete(first)
    session.commit()
    assert make_customer("乙").id > last
    assert create_customers([{"name": "丙"}])[0] > last + 1


def test_nobody_creates_customers_out_of_reach(people: People) -> None:
    values = {"name": "塞给别人的", "owner_id": people.stranger.employee_id}
    for act in (lambda: create_record(entity("customer"), values), lambda: create_customers([values])):
        with acting_as(people.manager.actor), pytest.raises(Refused) as refused:
            act()
        assert "owner_id" in refused.value.errors
    assert every(select(func.count(Customer.id))) == [(0,)]
    assert every(select(func.count(CustomerOwnership.id))) == [(0,)]
    with acting_as(people.head.actor):
        made = create_record(entity("customer"), {"name": "分给下属", "owner_id": people.manager.employee_id})
    assert made.owner_id == people.manager.employee_id


def test_changes_keep_what_is_derived(people: People) -> None:
    made = make_customer("张三", owner=people.manager, mobile="13800001111")
    with acting_as(people.manager.actor):
        update_record(entity("customer"), made, {"name": "欧阳锋", "mobile": "13900002222"})
    session.refresh(made, ["search_tokens"])
    assert made.mobile_tail == "2222"
    assert "欧阳" in made.search_tokens and "张三" not in made.search_tokens
    with acting_as(people.manager.actor), pytest.raises(Refused) as refused:
        update_record(entity("customer"), made, {"uscc": uscc(4)})
    assert "uscc" in refused.value.errors
    with acting_as(people.manager.actor), pytest.raises(Refused):
        update_record(entity("customer"), made, {"owner_id": people.colleague.employee_id})


@pytest.mark.usefixtures("as_system")
def test_a_company_is_not_its_own_parent() -> None:
    top = make_customer("母公司", kind="corporate")
    middle = make_customer("子公司", kind="corporate", parent_id=top.id)
    with pytest.raises(Refused) as refused:
        update_record(entity("customer"), top, {"parent_id": middle.id})
    assert "parent_id" in refused.value.errors


def test_nobody_without_an_actor(people: People) -> None:
    with pytest.raises(PermissionError):
        create_customers([{"name": "无主"}])
    with acting_as(SYSTEM):
        assert create_customers([]) == []
