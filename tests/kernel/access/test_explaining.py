"""“What would this person see?”: the answer agrees with the wall, rule by rule."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from app.access.actors import acting_as
from app.access.models import FieldPermission
from app.access.scope.explaining import NARROWS, judge, scope_parts
from app.activities.models import Activity
from app.base.security.explaining import explain
from app.customers.models import Customer, CustomerShare
from app.db import session, transaction
from app.host.context import context, entity
from app.organisation.models import Employee, Post
from app.testing.factories import make_customer
from app.testing.people import Browser, People, Person, login
from app.types import SYSTEM, Level


def everybody(people: People) -> list[Person]:
    cast = (people.admin, people.city_manager, people.head, people.manager, people.colleague, people.stranger)
    return [*cast, people.add("mi", "米安全", people.head_office, "security_admin")]


def rules(person: Person, slug: str, record_id: int) -> set[str]:
    judged = judge(entity(slug), person.actor, record_id)
    assert judged is not None
    return {part.rule for part, holds in judged.parts if holds}


def test_the_parts_agree_with_the_condition_for_everybody_and_every_record(bank: People) -> None:
    """What the session shows each of them, record by record, is what the parts say together."""
    cast = everybody(bank)
    with acting_as(SYSTEM):
        session.add(Post(employee_id=bank.manager.employee_id, unit_id=bank.south.id, role_id=bank.head.role_id))
        for row in session.scalars(select(Customer).where(Customer.name == "南边")):
            session.add(CustomerShare(customer_id=row.id, employee_id=bank.colleague.employee_id))
        session.commit()
        ids = {
            slug: session.scalars(select(one.model.__table__.c.id).limit(20)).all()
            for slug, one in context().entities.items()
        }
    seen = kept = 0
    for person in cast:
        actor = person.actor
        for slug, numbers in ids.items():
            described = entity(slug)
            with acting_as(actor):
                visible = set(session.scalars(select(described.model.id)))
            for number in numbers:
                judged = judge(described, actor, number)
                assert judged is not None
                wide = [holds for part, holds in judged.parts if part.rule != NARROWS]
                narrow = [holds for part, holds in judged.parts if part.rule == NARROWS]
                assert judged.seen == (number in visible), (person.username, slug, number)
                assert judged.seen == (any(wide) and all(narrow)), (person.username, slug, number)
                seen, kept = seen + judged.seen, kept + (not judged.seen)
    assert min(seen, kept) > 20


def test_each_rule_has_its_name(people: People) -> None:
    own = make_customer("本人", people.manager)
    foreign = make_customer("南边", people.stranger)
    assert rules(people.manager, "customer", own.id) == {"owner"}
    assert rules(people.manager, "customer", foreign.id) == set()
    assert rules(people.head, "customer", own.id) == {"unit"}
    assert rules(people.city_manager, "customer", foreign.id) == {"branch"}
    assert rules(people.admin, "customer", own.id) == {"all"}
    with acting_as(SYSTEM), transaction() as current:
        current.add(CustomerShare(customer_id=foreign.id, employee_id=people.manager.employee_id))
    assert rules(people.manager, "customer", foreign.id) == {"share"}
    assert rules(people.manager, "unit", people.south.id) == {"public"}
    judged = judge(entity("customer"), people.manager.actor, foreign.id)
    assert judged is not None
    assert judged.seen
    assert judge(entity("customer"), people.manager.actor, 999_999) is None
    assert all(part.grant is not None or part.module for part in scope_parts(entity("customer"), people.head.actor))


def test_a_second_post_and_a_record_that_follows_another(bank: People) -> None:
    with acting_as(SYSTEM):
        session.add(Post(employee_id=bank.manager.employee_id, unit_id=bank.south.id, role_id=bank.head.role_id))
        session.commit()
        south = session.scalars(select(Activity.id).where(Activity.subject == "南边")).one()
    answer = explain(bank.manager.user_id, entity("activity"), south)
    assert answer is not None
    assert answer.record is not None
    assert answer.record.seen
    assert answer.follows.slug == "customer"
    assert {(line.place, line.scope) for line in answer.roles} >= {("支行南", "本机构"), ("支行北", "本人及共享")}
    above = answer.record.above
    assert above is not None
    assert [(line.source, line.holds) for line in above.rules if line.holds] == [("部门主管 · 支行南", True)]


def test_fields_and_acts_say_which_role_gives_them(people: People) -> None:
    with acting_as(SYSTEM), transaction() as current:
        row = {"role_id": people.manager.role_id, "entity": "customer", "field": "mobile", "level": "masked"}
        current.execute(insert(FieldPermission), [row])
    answer = explain(people.manager.user_id, entity("customer"))
    assert answer is not None
    levels = {line.field.name: line for line in answer.fields}
    assert levels["mobile"].level is Level.MASKED
    assert [level for _role, level in levels["mobile"].by_role] == [Level.MASKED]
    assert levels["name"].level is Level.WRITE
    acts = dict(answer.acts)
    assert acts["查看"] if "查看" in acts else any(acts.values())
    assert answer.record is None


def test_a_login_that_is_off_sees_nothing(people: People) -> None:
    from app.base.security.accounts import set_active

    with acting_as(people.admin.actor):
        set_active(people.manager.user_id, False)
    assert explain(people.manager.user_id, entity("customer")) is None


def test_the_page_answers(client: Browser, people: People) -> None:
    customer = make_customer("赵钱孙", people.stranger, mobile="13911112222")
    login(client, people.manager)
    assert client.get("/roles/explain").status_code == 403
    login(client, people.admin)
    assert "此人能看到什么" in client.get("/roles/").text
    assert client.get("/roles/explain").status_code == 200
    page = client.get(f"/roles/explain?who=zhang&entity=customer&record={customer.id}").text
    assert "看不到该记录" in page
    assert "是客户经理" in page
    assert "赵钱孙" not in page
    assert "13911112222" not in page
    assert "可见该记录" in client.get(f"/roles/explain?who=zhou&entity=customer&record={customer.id}").text
    with acting_as(SYSTEM), transaction():
        session.get_one(Employee, people.manager.employee_id).name = "同名人"
        session.get_one(Employee, people.stranger.employee_id).name = "同名人"
    both = client.get("/roles/explain?who=同名人&entity=customer").text
    assert "zhang" in both and "wang" in both
    for query in ("who=nobody&entity=customer", "who=zhang&entity=bogus", "who=zhang&entity=customer&record=x"):
        assert client.get(f"/roles/explain?{query}").status_code == 400, query
    assert client.get("/roles/explain?who=zhang&entity=customer&record=999999").status_code == 400
    assert client.get("/roles/explain?who=" + "x" * 61).status_code == 400


@pytest.mark.usefixtures("people")
def test_every_rule_has_words(people: People) -> None:
    from app.base.security.explaining import _RULES

    assert {part.rule for slug in context().entities for part in scope_parts(entity(slug), people.head.actor)} <= set(
        _RULES
    )
