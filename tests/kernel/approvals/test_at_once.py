"""APR-4: many people act in the same instant, each in a session of their own: nothing is stuck or counted twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

from flask import Flask
from sqlalchemy import select

from app.access.actors import acting_as
from app.approvals.models import Case, CaseEvent
from app.approvals.rules.document import Sign
from app.approvals.services import decide, delegate, start_case, verify_case
from app.db import session
from app.fields.custom.derived import surroundings
from app.testing.factories import make_customer
from app.testing.people import People, Person
from app.types import Refused
from tests.kernel.approvals.flows import publish, seat_of, step, submit


def at_once(app: Flask, *acts: tuple[Person, Callable[[], object]]) -> list[str]:
    """Let people act in the same instant; what each was refused for, empty where nobody refused."""
    barrier, said = Barrier(len(acts)), ["never ran"] * len(acts)

    def run(place: int, person: Person, act: Callable[[], object]) -> None:
        with app.app_context():
            actor = person.actor
            session.rollback()
            with acting_as(actor):
                barrier.wait(30)
                try:
                    act()
                    said[place] = ""
                except Refused as refusal:
                    said[place] = str(refusal)
                finally:
                    session.remove()

    session.commit()
    threads = [Thread(target=run, args=(place, *act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    session.expire_all()
    return said


def test_thirty_sign_at_once_in_twenty_cases(app: Flask, people: People) -> None:
    signers = (people.head, people.colleague, people.city_manager)
    publish(step("one", *signers, sign=Sign.ALL))
    cases = [submit(people.manager, make_customer(f"客户{n}", people.manager)).id for n in range(20)]
    seats = {(case_id, who.username): seat_of(case_id, who) for case_id in cases for who in signers}

    def sign(who: Person, mine: list[int]) -> Callable[[], None]:
        def act() -> None:
            for case_id in mine:
                decide(case_id, seats[case_id, who.username], "approve")

        return act

    # Ten threads of each signer, two cases each: every case is met by three at a time, in different orders.
    acts = [
        (who, sign(who, [cases[n], cases[n + 10]] if turn % 2 else [cases[n + 10], cases[n]]))
        for turn, who in enumerate(signers)
        for n in range(10)
    ]
    assert at_once(app, *acts) == [""] * 30
    assert session.scalars(select(Case.status)).all() == ["approved"] * 20
    kinds = Counter(session.scalars(select(CaseEvent.kind)).all())
    assert (kinds["approved"], kinds["left"], kinds["ended"]) == (60, 20, 20)
    assert [problem for case_id in cases for problem in verify_case(case_id)] == []


def test_two_who_decide_the_same_in_one_instant(app: Flask, people: People) -> None:
    """Two of an any-one step; the person and a substitute on one seat: the second is refused."""
    publish(step("one", people.head, people.city_manager))
    publish(step("one", people.head), code="other")
    today = surroundings().today
    with acting_as(people.head.actor):
        delegate(people.head.employee_id, people.colleague.employee_id, today, today + timedelta(days=1))
    for number in range(3):
        case = submit(people.manager, make_customer(f"甲{number}", people.manager))
        other = submit(people.manager, make_customer(f"乙{number}", people.manager), "other")
        said = at_once(
            app,
            (people.head, lambda case=case: decide(case.id, 1, "approve")),
            (people.city_manager, lambda case=case: decide(case.id, 2, "refuse", "no")),
            (people.head, lambda other=other: decide(other.id, 1, "approve")),
            (people.colleague, lambda other=other: decide(other.id, 1, "refuse", "no")),
        )
        assert [bool(each) for each in said[:2]].count(True) == 1, said
        assert [bool(each) for each in said[2:]].count(True) == 1, said
        assert verify_case(case.id) == verify_case(other.id) == []
        made = select(CaseEvent.kind).where(CaseEvent.case_id.in_((case.id, other.id)))
        assert Counter(session.scalars(made).all())["ended"] == 2


def test_two_who_submit_a_record_in_one_instant_make_one_case(app: Flask, people: People) -> None:
    publish(step("one", people.city_manager))
    for number in range(3):
        customer = make_customer(f"甲{number}", people.manager)
        acts = [(people.manager, lambda record=customer.id: start_case("flow", "customer", record))] * 3
        said = at_once(app, *acts)
        assert sorted(map(bool, said)) == [False, True, True], said
        made = session.scalars(select(Case.id).where(Case.record_id == customer.id)).all()
        assert len(made) == 1 and verify_case(made[0]) == []
