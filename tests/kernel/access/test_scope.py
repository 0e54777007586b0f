"""SEC-2: who sees which rows, for every scope and every way a statement can be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import CTE, case, delete, exists, func, insert, literal, select, union_all, update
from sqlalchemy.orm import aliased, joinedload, selectinload, subqueryload, with_loader_criteria

from app.access.actors import acting_as, load_actor
from app.access.models import RoleScope
from app.access.scope import UNSCOPED, UnscopedStatement, scope_condition
from app.activities.models import Activity
from app.customers.models import Contact, Customer, CustomerShare
from app.db import session, transaction
from app.fields.records import find_record, update_record
from app.hookspecs import hookimpl
from app.host.context import context, entity
from app.organisation.models import Employee, Post
from app.testing.factories import make_activity, make_contact, make_customer, make_record
from app.testing.people import People, Person
from app.types import SYSTEM, Actor, Refused, Scope, ScopeFilter

EVERYTHING = {"本人", "同事", "南边", "分行", "无主"}


@pytest.fixture
def bank(people: People) -> People:
    """A customer (with a contact and an activity) of each kind, seen from 支行北's account manager."""
    for name, owner, unit in (
        ("本人", people.manager, people.north),
        ("同事", people.colleague, people.north),
        ("南边", people.stranger, people.south),
        ("分行", people.city_manager, people.branch),
        ("无主", None, people.south),
    ):
        customer = make_customer(name, owner, unit)
        make_contact(customer, name)
        make_activity(customer, subject=name)
    session.expunge_all()
    return people


def scoped(person: Person, scope: Scope, entity_slug: str = "customer") -> Actor:
    """The person as they would be if all their roles gave `scope` on the entity."""
    actor = person.actor
    return replace(actor, grants=tuple(replace(g, scopes={entity_slug: scope}) for g in actor.grants))


def names(actor: Actor | None, model: Any = Customer) -> set[str]:
    title = model.subject if model is Activity else model.name
    with acting_as(actor):
        return set(session.scalars(select(title)))


@contextmanager
def filtering(answer: Any) -> Iterator[None]:
    """A module whose `scope_filters` hook answers with `answer(entity, write)`."""

    @hookimpl
    def scope_filters(entity: str, write: bool) -> Any:
        return answer(entity, write)

    module = ModuleType("narrowing")
    module.scope_filters = scope_filters  # type: ignore[attr-defined]
    context().hooks.register("narrowing", module)
    try:
        yield
    finally:
        context().hooks.manager.unregister(name="narrowing")
        context().hooks.modules.pop("narrowing")


SEEN_BY_MANAGER = {
    Scope.NONE: set(),
    Scope.OWN: {"本人"},
    Scope.SHARED: {"本人", "南边"},
    Scope.UNIT: {"本人", "同事", "南边"},
    Scope.UNIT_AND_BELOW: {"本人", "同事", "南边"},
    Scope.ALL: EVERYTHING,
}


@pytest.mark.parametrize("large_part", [0, 1 / 64, 2])
def test_each_scope_shows_its_rows_of_the_entity_and_of_what_follows_it(
    bank: People, large_part: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SQL differs for small and large parts of the organisation, the rows do not."""
    monkeypatch.setattr("app.access.scope.conditions.LARGE_PART", large_part)
    share("南边", bank.manager)
    for scope in Scope:
        for model in (Customer, Contact, Activity):
            assert names(scoped(bank.manager, scope), model) == SEEN_BY_MANAGER[scope], (scope, model)


def share(name: str, person: Person, *, can_write: bool = False) -> None:
    with acting_as(SYSTEM):
        customer_id = session.scalar(select(Customer.id).where(Customer.name == name))
    shared = {"customer_id": customer_id, "employee_id": person.employee_id, "can_write": can_write}
    make_record("customer_share", **shared)
    session.expunge_all()


def test_unit_and_below_reaches_down_the_tree_and_unit_does_not(bank: People) -> None:
    assert names(scoped(bank.city_manager, Scope.UNIT)) == {"分行"}
    assert names(scoped(bank.city_manager, Scope.UNIT_AND_BELOW)) == EVERYTHING
    assert names(scoped(bank.stranger, Scope.UNIT_AND_BELOW)) == {"南边", "无主"}


def test_nobody_sees_no_row_of_any_entity_public_ones_too(bank: People) -> None:
    for model in (Customer, Contact, Activity, CustomerShare, Employee):
        with acting_as(None):
            assert session.scalars(select(model)).all() == []
            assert session.scalar(select(func.count()).select_from(model)) == 0


def test_a_job_sees_what_the_actor_it_names_sees(bank: People) -> None:
    with acting_as(bank.manager.actor):
        assert names(SYSTEM) == EVERYTHING
        assert set(session.scalars(select(Customer.name))) == {"本人"}
    with acting_as(SYSTEM):
        assert set(session.scalars(select(Customer.name))) == EVERYTHING


def test_a_login_without_an_employee_owns_nothing(bank: People) -> None:
    for scope in (Scope.OWN, Scope.SHARED, Scope.UNIT, Scope.UNIT_AND_BELOW):
        actor = scoped(bank.manager, scope)
        homeless = replace(
            actor,
            employee_id=None,
            unit_id=None,
            unit_path=None,
            grants=tuple(replace(g, unit_id=None, unit_path=None) for g in actor.grants),
        )
        assert names(homeless) == set()


@pytest.mark.parametrize("large_part", [0, 2])
def test_joined_rows_and_deep_branches_stay_in_scope_in_both_forms(
    bank: People, large_part: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.access.scope.conditions.LARGE_PART", large_part)
    contact, activity = aliased(Contact), aliased(Activity)
    with acting_as(scoped(bank.head, Scope.UNIT_AND_BELOW)):
        pairs = select(Customer.name, contact.name, activity.subject).select_from(Customer)
        pairs = pairs.outerjoin(contact, contact.id > 0).outerjoin(activity, activity.id > 0)
        seen = {name for row in session.execute(pairs) for name in row}
        assert seen == {"本人", "同事"}
        assert session.execute(update(Activity).values(result="done")).rowcount == 2
        assert session.execute(delete(Contact)).rowcount == 2


def test_a_second_post_counts_with_its_own_role_in_its_own_unit_only(bank: People) -> None:
    """兼岗: also head of 支行南, an account manager of 支行北 sees all the south and the own of the north."""
    add_post(bank.manager, bank.south.id, bank.head.role_id)
    assert names(bank.manager.actor) == {"本人", "南边", "无主"}


def test_a_role_of_the_login_does_not_spread_to_the_second_post(bank: People) -> None:
    """The head of 支行北 helping out as account manager in 支行南 sees nobody else's customers there."""
    add_post(bank.head, bank.south.id, bank.manager.role_id)
    assert names(bank.head.actor) == {"本人", "同事"}


def add_post(person: Person, unit_id: int, role_id: int) -> None:
    with transaction() as current:
        current.add(Post(employee_id=person.employee_id, unit_id=unit_id, role_id=role_id))


def test_several_branches_are_put_together(bank: People) -> None:
    actor = scoped(bank.manager, Scope.UNIT_AND_BELOW)
    here = actor.grants[0]
    south = replace(here, unit_id=bank.south.id, unit_path=bank.south.path)
    assert names(replace(actor, grants=(here, south))) == {"本人", "同事", "南边", "无主"}
    above = replace(here, unit_id=bank.branch.id, unit_path=bank.branch.path)
    assert names(replace(actor, grants=(here, south, above))) == EVERYTHING


def test_a_branch_is_not_its_neighbour_with_a_longer_number(bank: People) -> None:
    """/1/2/ is not a parent of /1/20/."""
    actor = scoped(bank.manager, Scope.UNIT_AND_BELOW)
    short = replace(actor.grants[0], unit_id=999, unit_path=bank.south.path[:-2] + "/")
    assert names(replace(actor, employee_id=0, grants=(short,))) == set()


def test_a_changed_scope_acts_with_the_next_request(bank: People) -> None:
    assert names(bank.head.actor) == {"本人", "同事"}
    with transaction() as current:
        current.execute(update(RoleScope).where(RoleScope.role_id == bank.head.role_id).values(scope="own"))
    assert names(bank.head.actor) == set()


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


def test_reading_a_shared_customer_is_not_writing_it(bank: People) -> None:
    share("南边", bank.manager)
    share("同事", bank.manager, can_write=True)
    with acting_as(bank.manager.actor):
        changed = update(Customer).values(remark="改")
        assert session.execute(changed).rowcount == 2
        session.rollback()
        record = session.scalar(select(Customer).where(Customer.name == "南边"))
        with pytest.raises(Refused):
            update_record(entity("customer"), record, {"remark": "改"})
        record = session.scalar(select(Customer).where(Customer.name == "同事"))
        update_record(entity("customer"), record, {"remark": "改"})
        assert session.scalar(select(Contact).where(Contact.name == "南边")) is not None
        assert find_record(entity("contact"), contact_id("南边"), write=True) is None
        assert find_record(entity("contact"), contact_id("同事"), write=True) is not None


def contact_id(name: str) -> int:
    with acting_as(SYSTEM):
        found = session.scalar(select(Contact.id).where(Contact.name == name))
    assert found is not None
    return found


def test_a_module_widens_and_narrows(bank: People) -> None:
    def answer(slug: str, write: bool) -> list[ScopeFilter]:
        if slug != "customer":
            return []
        return [
            ScopeFilter(also=Customer.name == "无主"),
            ScopeFilter(only=Customer.name != "本人") if write else ScopeFilter(),
        ]

    with filtering(answer):
        assert names(bank.manager.actor) == {"本人", "无主"}
        assert names(bank.manager.actor, Contact) == {"本人", "无主"}
        assert names(bank.admin.actor) == EVERYTHING
        with acting_as(bank.manager.actor):
            other = aliased(Customer)
            assert set(session.scalars(select(other.name))) == {"本人", "无主"}
            assert session.execute(update(Customer).values(remark="改")).rowcount == 1
            assert set(session.scalars(select(Customer.name).where(Customer.remark == "改"))) == {"无主"}
            session.rollback()
    assert names(bank.manager.actor) == {"本人"}


def test_a_module_narrows_even_those_who_see_all_and_what_follows_a_parent(bank: People) -> None:
    def answer(slug: str, write: bool) -> list[ScopeFilter]:
        table = {"customer": Customer.name, "contact": Contact.name}.get(slug)
        hidden = {"customer": "南边", "contact": "分行"}.get(slug)
        return [ScopeFilter(only=table != hidden)] if table is not None else []

    with filtering(answer):
        assert names(bank.admin.actor) == EVERYTHING - {"南边"}
        assert names(bank.admin.actor, Contact) == EVERYTHING - {"南边", "分行"}
        assert names(bank.admin.actor, Activity) == EVERYTHING - {"南边"}


def test_a_failing_module_shows_no_rows(bank: People) -> None:
    def answer(slug: str, write: bool) -> list[ScopeFilter]:
        raise RuntimeError("broken")

    with filtering(answer), pytest.raises(RuntimeError):
        names(bank.manager.actor)


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


def test_a_login_switched_off_is_nobody(bank: People) -> None:
    from app.access.actors import _user

    session.execute(update(_user).where(_user.c.id == bank.manager.user_id).values(active=False))
    assert load_actor(bank.manager.user_id) is None


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
