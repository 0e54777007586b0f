"""SEC-2: who sees which rows, for every scope and every way a statement can be written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import aliased

from app.access.actors import acting_as, load_actor
from app.access.models import RoleScope
from app.activities.models import Activity
from app.customers.models import Contact, Customer, CustomerShare
from app.db import session, transaction
from app.fields.records import find_record, update_record
from app.host.context import entity
from app.organisation.models import Employee, Post
from app.testing.factories import make_record
from app.testing.people import People, Person
from app.types import SYSTEM, Refused, Scope, ScopeFilter
from tests.kernel.access.scoping import EVERYTHING, filtering, names, scoped

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


def test_a_login_switched_off_is_nobody(bank: People) -> None:
    from app.access.actors import _user

    session.execute(update(_user).where(_user.c.id == bank.manager.user_id).values(active=False))
    assert load_actor(bank.manager.user_id) is None
