"""CUS-7, the index part: finding customers by two characters, one, Latin words, the end of a phone."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, text, update

from app.access.actors import acting_as
from app.customers.models import Customer
from app.customers.search import name_contains, search_customers
from app.customers.services import create_customers
from app.db import session
from app.fields.records import update_record
from app.host.context import entity
from app.search.ddl import create_search_index, drop_search_index
from app.testing.factories import id_number, make_customer
from app.testing.people import People

NAMES = (
    "张三",
    "张三丰",
    "李四",
    "欧阳锋",
    "桥江瑞禾商贸有限公司",
    "Acme Trading Ltd",
    "100%棉纺织",
    "O'Neil",
)


@pytest.fixture
def crowd(as_system: None) -> None:
    create_customers(
        [{"name": name, "mobile": f"1380013{8000 + n}"} for n, name in enumerate(NAMES)]
        + [{"name": "有证件", "id_number": id_number(5)}]
    )


def found(term: str, by=search_customers) -> list[str]:
    return list(session.scalars(select(Customer.name).where(by(term)).order_by(Customer.id)))


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize(
    ("term", "names"),
    [
        ("张三", ["张三", "张三丰"]),
        ("张", ["张三", "张三丰"]),
        ("三丰", ["张三丰"]),
        ("三张", []),
        ("瑞禾商贸", ["桥江瑞禾商贸有限公司"]),
        ("瑞禾有限", []),
        ("瑞禾 有限", ["桥江瑞禾商贸有限公司"]),
        ("acme", ["Acme Trading Ltd"]),
        ("radin", ["Acme Trading Ltd"]),
        ("ＡＣＭＥ", ["Acme Trading Ltd"]),
        ("a", ["Acme Trading Ltd"]),
        ("o'neil", ["O'Neil"]),
        ("100%", ["100%棉纺织"]),
        ("8003", ["欧阳锋"]),
        ("13800138003", ["欧阳锋"]),
        ("0138003", ["欧阳锋"]),
        ("9138003", []),
        (id_number(5).lower(), ["有证件"]),
        ("C00000002", ["张三丰"]),
    ],
)
def test_what_is_found(term: str, names: list[str]) -> None:
    assert found(term) == names


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize(
    "term",
    [
        *("' OR 1=1 --", '" OR "', "张三 OR 李四", "NOT 张三", "张*", "NEAR(张 三)", "name:张三", "{a,b}"),
        *("张三\\", "^张", "-- ", "); DROP TABLE customer; --", "张三' AND 'x", "\x00张三", "[1,2]"),
        *("%(x)s", ":x", "a" * 5000),
    ],
)
def test_operators_are_only_characters(term: str) -> None:
    assert set(found(term)) <= {"张三", "张三丰"}
    assert len(found("张三")) == 2


@pytest.mark.usefixtures("crowd")
def test_wildcards_do_not_match_everything() -> None:
    assert found("%", by=name_contains) == ["100%棉纺织"]
    assert found("_", by=name_contains) == []


@pytest.mark.usefixtures("as_system")
def test_the_index_follows_every_change() -> None:
    one = make_customer("张三")
    update_record(entity("customer"), one, {"name": "李逍遥"})
    assert (found("张三"), found("逍遥")) == ([], ["李逍遥"])
    session.execute(update(Customer).where(Customer.id == one.id).values(remark="x"))
    assert found("逍遥") == ["李逍遥"]
    session.execute(delete(Customer).where(Customer.id == one.id))
    session.commit()
    assert found("逍遥") == []


@pytest.mark.usefixtures("crowd")
def test_the_index_can_be_dropped_and_made_again() -> None:
    session.commit()
    drop_search_index(session.connection(), "customer")
    create_search_index(session.connection(), "customer")
    session.commit()
    assert found("欧阳") == ["欧阳锋"]


@pytest.mark.usefixtures("as_system")
def test_a_failed_import_leaves_the_index_as_it_was() -> None:
    create_customers([{"name": "张三", "code": "A"}])
    with pytest.raises(Exception, match="A"):
        create_customers([{"name": "张三丰", "code": "B"}, {"name": "张无忌", "code": "A"}])
    make_customer("李四")
    assert (found("张"), found("李四")) == (["张三"], ["李四"])


@pytest.mark.usefixtures("as_system")
def test_the_index_is_used() -> None:
    create_customers([{"name": f"客{n}户", "mobile": f"138{n:08d}"} for n in range(3000)])
    session.execute(text("ANALYZE"))
    session.commit()
    for term in ("客142户", "0042"):
        statement = select(Customer.id).where(search_customers(term))
        compiled = statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SET LOCAL enable_seqscan = off"))
            plan = "EXPLAIN "
        else:
            plan = "EXPLAIN QUERY PLAN "
        raw = session.connection().exec_driver_sql(plan + str(compiled).replace("%", "%%")).all()
        said = "\n".join(str(row) for row in raw)
        assert "ix_customer_search" in said or "customer_search VIRTUAL TABLE" in said
        assert "Seq Scan" not in said and "SCAN customer\n" not in said


def test_searching_stays_within_the_scope(people: People) -> None:
    make_customer("张三", owner=people.manager)
    make_customer("张三丰", owner=people.stranger)
    with acting_as(people.manager.actor):
        assert found("张三") == ["张三"]
    with acting_as(None):
        assert found("张三") == []
