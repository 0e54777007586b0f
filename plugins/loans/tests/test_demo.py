"""The demonstration data of loans holds to the rules of the product."""

from __future__ import annotations

from random import Random

from sqlalchemy import func, select

from app.api import acting_as, context, now, session
from app.testing.factories import make_customer
from app.testing.people import People
from app.types import SYSTEM
from plugins.loans.models import Application, Counter, Development, Instalment
from plugins.loans.rules import LOST, STAGES
from plugins.loans.tests.conftest import apply_for


def test_every_stage_and_state_is_there_and_adds_up(people: People) -> None:
    customers = [make_customer(owner=(people.manager, people.stranger)[place % 2]) for place in range(60)]
    with acting_as(SYSTEM):
        context().hooks.modules["loans"].demo_data(Random(3), lambda _text: None)
        stages = set(session.scalars(select(Development.stage)))
        states = set(session.scalars(select(Application.state)))
        assert stages == {*STAGES, LOST}
        assert states == {"draft", "submitted", "granted", "refused", "withdrawn"}
        for one in session.scalars(select(Application)):
            lines = session.execute(
                select(func.count(), func.sum(Instalment.principal), func.min(Instalment.balance)).where(
                    Instalment.application_id == one.id
                )
            ).one()
            assert tuple(lines) == (one.months, one.amount, 0)
            assert (one.granted_at is not None) == (one.state == "granted")
            assert one.decided_by_id != one.owner_id
            assert one.created_at < now()
            assert one.granted_at is None or one.granted_at < now()
        counted = session.scalar(select(func.sum(Counter.last)))
        assert counted == session.scalar(select(func.count(Application.id)))
        last = session.get(Counter, now().year)
    made = apply_for(people.manager, customers[0])
    assert int(made.number[-6:]) == (last.last if last else 0) + 1, (
        "the next number goes on where the demonstration ends"
    )


def test_nothing_to_show_is_no_error(people: People) -> None:
    with acting_as(SYSTEM):
        context().hooks.modules["loans"].demo_data(Random(3), lambda _text: None)
        assert session.scalar(select(func.count(Development.id))) == 0
