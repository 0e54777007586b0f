"""SEC-2: no way of writing a statement reaches a row outside the scope."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from sqlalchemy import CTE, case, delete, exists, func, insert, literal, select, union_all, update
from sqlalchemy.orm import aliased, joinedload, selectinload, subqueryload, with_loader_criteria

from app.access.actors import acting_as
from app.access.scope import UNSCOPED, UnscopedStatement, scope_condition
from app.activities.models import Activity
from app.customers.models import Contact, Customer
from app.db import session, transaction
from app.fields.records import find_record
from app.host.context import context, entity
from app.organisation.models import Employee
from app.testing.people import People
from app.types import SYSTEM, Actor, Scope
from tests.kernel.access.scoping import EVERYTHING, scoped


def statements() -> dict[str, Any]:
    """Ways of asking for customers' names or numbers; each answers nothing about a customer out of scope."""
    other, told, said = aliased(Customer), aliased(Activity), aliased(Activity)
    rows = select(Customer.id, Customer.name).subquery()
    owned = Customer.owner_id == Employee.id
    common: CTE = select(Customer.name).where(Customer.id > 0).cte()
    return {
        "entity": select(Customer),
        "column": select(Customer.name),
        "alias": select(other.name),
        "both aliases": select(other.name).join(Customer, Customer.id == other.id),
        "function": select(func.upper(Customer.name)),
        "case": select(case((Customer.id > 0, Customer.name))),
        "sub-query": select(rows.c.name),
        "alias of sub-query": select(aliased(Customer, select(Customer).subquery()).name),
        "cte": select(common.c.name),
        "union": union_all(select(Customer.name), select(other.name)),
        "union below": select(union_all(select(Customer.name)).subquery().c.name),
        "from statement": select(Customer).from_statement(union_all(select(Customer))),
        "scalar sub-query": select(Employee.id, select(func.max(Customer.name)).scalar_subquery()),
        "correlated": select(Employee.id, select(func.max(Customer.name)).where(owned).scalar_subquery()),
        "join": select(Employee.name, Customer.name).join(Customer, owned),
        "outer join": select(Employee.id, Customer.name).outerjoin(Customer, owned),
        "join of an alias": select(Customer.name, other.name).outerjoin(other, other.id != Customer.id),
        "inner join of an alias": select(Customer.name, other.name).join(other, other.id > 0),
        "aliases of what follows": select(told.subject, said.subject).outerjoin(said, said.id != told.id),
        "related join": select(Contact.name).join(Contact.customer),
        "through the parent": select(Activity.subject),
    }


def test_a_customer_out_of_scope_appears_in_no_way_of_asking(bank: People) -> None:
    for how, statement in statements().items():
        with acting_as(bank.manager.actor):
            shown = str([tuple(map(str, row)) for row in session.execute(statement)])
        assert "本人" in shown, how
        assert not [name for name in EVERYTHING - {"本人"} if name in shown], how


def test_counting_and_existence_answer_within_scope(bank: People) -> None:
    with acting_as(SYSTEM):
        foreign = session.scalar(select(Customer.id).where(Customer.name == "南边"))
    with acting_as(bank.manager.actor):
        assert session.scalar(select(func.count()).select_from(Customer)) == 1
        assert session.scalar(select(func.count(Customer.id))) == 1
        assert session.scalar(select(func.count()).where(Customer.id > 0)) == 1
        assert session.query(Customer).count() == 1
        assert session.scalars(select(literal(1)).where(Customer.id == foreign)).all() == []
        assert session.scalar(select(exists(select(Customer.id).where(Customer.id == foreign)))) is False
        assert session.scalars(select(Employee).where(Employee.id.in_(select(Customer.owner_id)))).all() != []
        owners = select(Employee.name).where(exists().where(Customer.owner_id == Employee.id))
        assert session.scalars(owners).all() == ["张经理"]


@pytest.mark.parametrize(
    "statement",
    [
        lambda: select(exists().where(Customer.name == "南边")),
        lambda: select(func.row_number().over(order_by=Customer.id)),
        lambda: select(func.count().filter(Customer.id > 0)),
    ],
)
def test_a_statement_the_criteria_cannot_reach_is_refused(bank: People, statement: Any) -> None:
    """SQLAlchemy does not count these as ORM statements, so they would run over all rows."""
    with acting_as(bank.manager.actor), pytest.raises(UnscopedStatement, match="select_from"):
        session.execute(statement())


def test_getting_a_foreign_id_gives_nothing(bank: People) -> None:
    with acting_as(SYSTEM):
        foreign = session.scalar(select(Customer.id).where(Customer.name == "南边"))
    session.expunge_all()
    with acting_as(bank.manager.actor):
        assert session.get(Customer, foreign) is None
        assert find_record(entity("customer"), foreign) is None
    with acting_as(bank.stranger.actor):
        assert session.get(Customer, foreign).name == "南边"


def test_loading_along_a_relationship_does_not_bring_foreign_rows(bank: People) -> None:
    """A customer whose parent company belongs to somebody else shows no parent, however it is loaded."""
    with acting_as(SYSTEM), transaction() as current:
        parent = current.scalar(select(Customer).where(Customer.name == "南边"))
        child = current.scalar(select(Customer).where(Customer.name == "本人"))
        child.parent_id = parent.id
    session.expunge_all()
    ways = (joinedload, selectinload, subqueryload, None)
    for load, (person, seen) in product(ways, ((bank.manager, None), (bank.city_manager, "南边"))):
        with acting_as(person.actor):
            statement = select(Customer).where(Customer.name == "本人")
            record = session.scalars(statement.options(load(Customer.parent)) if load else statement).one()
            assert (record.parent and record.parent.name) == seen
        session.expunge_all()


def test_bulk_changes_stay_within_scope(bank: People) -> None:
    with acting_as(bank.manager.actor):
        assert session.execute(update(Customer).values(remark="改")).rowcount == 1
        assert session.execute(update(Contact).values(remark="改")).rowcount == 1
        assert session.execute(delete(Activity)).rowcount == 1
        chosen = update(Contact).where(Contact.customer_id.in_(select(Customer.id))).values(title="改")
        assert session.execute(chosen.execution_options(synchronize_session=False)).rowcount == 1
        session.commit()
    with acting_as(SYSTEM):
        assert session.scalars(select(Customer.name).where(Customer.remark == "改")).all() == ["本人"]
        assert session.scalar(select(func.count()).select_from(Activity)) == 4


def test_a_bulk_change_by_primary_keys_is_refused(bank: People) -> None:
    with acting_as(SYSTEM):
        foreign = session.scalar(select(Customer.id).where(Customer.name == "南边"))
    with acting_as(bank.manager.actor), pytest.raises(UnscopedStatement):
        session.execute(update(Customer), [{"id": foreign, "remark": "改"}])


def test_core_statements_ask_for_the_same_condition(bank: People) -> None:
    actor = bank.manager.actor
    table = Customer.__table__
    condition = scope_condition(entity("customer"), actor)
    assert session.scalars(select(table.c.name).where(condition)).all() == ["本人"]
    alias = table.alias()
    moved = scope_condition(entity("customer"), actor, target=alias)
    assert session.scalars(select(alias.c.name).where(moved)).all() == ["本人"]
    assert scope_condition(entity("customer"), actor) is condition


def test_what_is_marked_unscoped_is(bank: People) -> None:
    with acting_as(bank.manager.actor):
        seen = session.scalars(select(Customer.name).execution_options(**{UNSCOPED: True}))
        assert set(seen) == EVERYTHING


def test_inserts_and_own_criteria_are_left_alone(bank: People) -> None:
    with acting_as(bank.manager.actor):
        session.execute(insert(Contact), [{"customer_id": 1, "name": "新"}])
        mine = select(Customer.name).options(with_loader_criteria(Customer, Customer.name == "没有"))
        assert session.scalars(mine).all() == []


def plan(actor: Actor, large_part: float, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the database would read the first page of the actor's customers."""
    monkeypatch.setattr("app.access.scope.conditions.LARGE_PART", large_part)
    context().unit_share.clear()
    table = Customer.__table__
    page = select(table.c.id).where(scope_condition(entity("customer"), replace(actor)))
    page = page.order_by(table.c.last_followed_at.desc(), table.c.id.desc()).limit(25)
    connection = session.connection()
    postgresql = connection.dialect.name == "postgresql"
    if postgresql:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        connection.exec_driver_sql("SET LOCAL enable_sort = on")
    words = page.compile(connection, compile_kwargs={"literal_binds": True})
    rows = connection.exec_driver_sql(f"EXPLAIN {'' if postgresql else 'QUERY PLAN '}{words}").all()
    return "\n".join(str(row[0] if postgresql else row[3]) for row in rows)


def test_the_indexes_made_for_it_are_used(bank: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Own customers and one unit's by their index; a small part's ids may be looked up beside an OR."""
    manager = bank.manager.actor
    assert "ix_customer_owner_followed" in plan(scoped(bank.manager, Scope.OWN), 2, monkeypatch)
    alone = replace(manager, employee_id=None)
    unit = replace(alone, grants=tuple(replace(g, scopes={"customer": Scope.UNIT}) for g in alone.grants))
    assert "ix_customer_unit_followed" in plan(unit, 2, monkeypatch)
    shared = plan(scoped(bank.manager, Scope.SHARED), 2, monkeypatch)
    assert "BitmapOr" in shared or "MULTI-INDEX OR" in shared
    below = plan(scoped(bank.manager, Scope.UNIT_AND_BELOW), 2, monkeypatch)
    assert "ix_customer_unit_followed" in below
    assert "ix_customer_unit_followed" not in plan(scoped(bank.manager, Scope.UNIT_AND_BELOW), 0, monkeypatch)
