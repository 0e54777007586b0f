"""CUS-7: the index of texts follows every record in its transaction, and knows whose field a text is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from app.access.actors import acting_as, load_actor
from app.access.models import FieldPermission
from app.base.views.listing import search_condition
from app.cli import qiao
from app.customers.models import Contact, Customer
from app.db import session, transaction
from app.fields.records import delete_record, update_record
from app.host.context import context, entity
from app.search.models import SearchMark, SearchTerm
from app.search.terms import bring_in_step, forget_terms, index_entity, index_rows, index_terms
from app.testing.factories import id_number, make_contact, make_customer, make_employee, make_unit
from app.testing.people import People
from app.types import Field, Level, Refused
from config import settings


def found(slug: str, term: str) -> list[str]:
    described = entity(slug)
    title = getattr(described.model, described.title)
    return list(session.scalars(select(title).where(search_condition(described, term)).order_by(described.model.id)))


def kept(slug: str) -> int:
    return session.scalar(select(func.count()).select_from(SearchTerm).where(SearchTerm.entity == slug)) or 0


@pytest.fixture
def nicknamed(as_system: None) -> Iterator[Customer]:
    """A customer of a site whose customers have a searchable field that is no column."""
    known, described = context().entities, entity("customer")
    nick = Field("nick", "Nickname")
    known["customer"] = replace(
        described, fields=(*described.fields, nick), search_fields=(*described.search_fields, "nick")
    )
    yield make_customer("张三", mobile="13871125678")
    known["customer"] = described


@pytest.mark.usefixtures("as_system")
@pytest.mark.parametrize(
    ("term", "names"),
    [
        ("秀英", ["李秀英"]),
        ("lxy", ["李秀英"]),
        ("lixiu", ["李秀英"]),
        ("138 7112 5678", ["李秀英"]),
        ("5678", ["李秀英"]),
        ("7112", []),
        (id_number(7)[-5:].lower(), ["李秀英"]),
        ("秀英 王", []),
        ("%", []),
    ],
)
def test_contacts_are_found_by_name_pinyin_and_the_ends_of_numbers(term: str, names: list[str]) -> None:
    make_contact(make_customer("客户"), "李秀英", mobile="13871125678", id_number=id_number(7))
    make_contact(make_customer("另一客户"), "赵六", mobile="13900001111")
    assert found("contact", term) == names


@pytest.mark.usefixtures("as_system")
def test_the_index_follows_every_change_and_goes_with_the_record() -> None:
    customer = make_customer("客户")
    one = make_contact(customer, "李秀英", mobile="13871125678")
    update_record(entity("contact"), one, {"name": "曾国藩"})
    assert (found("contact", "秀英"), found("contact", "zengguo"), found("contact", "5678")) == (
        [],
        ["曾国藩"],
        ["曾国藩"],
    )
    update_record(entity("contact"), one, {"mobile": None})
    assert found("contact", "5678") == []
    other = make_contact(customer, "赵六")
    delete_record(entity("contact"), other)
    assert (found("contact", "赵六"), kept("contact")) == ([], 1)
    delete_record(entity("customer"), customer)
    assert kept("contact") == 0


@pytest.mark.usefixtures("as_system")
def test_a_change_taken_back_was_never_found() -> None:
    with pytest.raises(Refused), transaction():
        make_unit("瑞禾支行")
        assert found("unit", "rhzh") == ["瑞禾支行"]
        raise Refused("no")
    assert (found("unit", "rhzh"), found("unit", "瑞禾")) == ([], [])


@pytest.mark.usefixtures("as_system")
def test_a_new_record_with_the_number_of_a_former_one_inherits_nothing() -> None:
    one = make_contact(make_customer("客户"), "李秀英")
    number, customer_id = one.id, one.customer_id
    session.execute(delete(Contact).where(Contact.id == number))
    session.add(Contact(id=number, customer_id=customer_id, name="赵六"))
    session.commit()
    assert (found("contact", "秀英"), found("contact", "赵六")) == ([], ["赵六"])


def test_text_that_is_no_column_is_found_until_it_is_taken_out(nicknamed: Customer) -> None:
    other = make_customer("李四")
    index_terms("customer", nicknamed.id, {"nick": "小老虎"})
    index_rows("customer", [(other.id, {"nick": "大象"})])
    assert (found("customer", "老虎"), found("customer", "xlh"), found("customer", "daxiang")) == (
        ["张三"],
        ["张三"],
        ["李四"],
    )
    assert (found("customer", "zhangs"), found("customer", "5678")) == (["张三"], ["张三"])
    index_terms("customer", nicknamed.id, {"nick": "狮子"})
    assert (found("customer", "老虎"), found("customer", "狮子")) == ([], ["张三"])
    index_terms("customer", nicknamed.id, {"nick": None})
    assert found("customer", "狮子") == []
    forget_terms("customer", "nick")
    assert (found("customer", "大象"), kept("customer")) == ([], 0)


def test_a_field_kept_from_a_role_is_not_found_by(nicknamed: Customer, people: People) -> None:
    session.get_one(Customer, nicknamed.id).owner_id = people.manager.employee_id
    contact = make_contact(nicknamed, "李秀英", mobile="13871125678")
    index_terms("customer", nicknamed.id, {"nick": "小老虎"})
    hidden = {"customer": {"nick": Level.HIDDEN}, "contact": {"mobile": Level.MASKED}}
    session.commit()
    with acting_as(people.manager.actor):
        assert (found("customer", "老虎"), found("contact", "5678")) == (["张三"], [contact.name])
    with transaction() as current:
        for slug, levels in hidden.items():
            for name, level in levels.items():
                current.add(FieldPermission(role_id=people.manager.role_id, entity=slug, field=name, level=level.word))
    with acting_as(load_actor(people.manager.user_id)):
        assert (found("customer", "老虎"), found("contact", "5678")) == ([], [])
        assert (found("customer", "张三"), found("contact", "李秀")) == (["张三"], [contact.name])


@pytest.mark.usefixtures("as_system")
def test_rows_written_past_the_session_are_found_once_they_are_brought_in() -> None:
    customer = make_customer("客户")
    session.execute(insert(Contact), [{"customer_id": customer.id, "name": "李秀英"}])
    session.commit()
    assert found("contact", "秀英") == []
    index_entity("contact")
    assert found("contact", "秀英") == ["李秀英"]


@pytest.mark.usefixtures("as_system")
def test_an_entity_searched_in_another_way_is_cut_again_and_only_then() -> None:
    customer = make_customer("张三")
    session.execute(text("UPDATE customer SET search_tokens = 'old'"))
    session.execute(delete(SearchMark).where(SearchMark.entity == "customer"))
    session.commit()
    assert found("customer", "zhangsan") == []
    current: Session = session()
    assert bring_in_step(current) == ["customer"]
    assert bring_in_step(current) == []
    session.commit()
    assert found("customer", "zhangsan") == [customer.name]


def test_the_index_can_be_made_anew_from_the_command_line(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "instance", tmp_path / "instance")
    session.rollback()

    def run(name: str) -> Result:
        return CliRunner().invoke(qiao, ["search", "rebuild", name, "--site", "test"])

    assert run("contact").output == "contact: indexed\n"
    refused = run("nothing")
    assert refused.exit_code == 1 and "not searched: nothing" in refused.output


@pytest.mark.usefixtures("as_system")
def test_employees_and_units_are_found_like_customers() -> None:
    unit = make_unit("桥江支行")
    make_employee(unit, "单雄信")
    assert (found("unit", "qjzh"), found("employee", "shanxiong"), found("employee", "dxx")) == (
        ["桥江支行"],
        ["单雄信"],
        ["单雄信"],
    )
