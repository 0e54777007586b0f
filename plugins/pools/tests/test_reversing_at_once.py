"""POOL-6: two who take the same movements back in the same instant: each is taken back once, by one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import select, text

from app.api import Customer, acting_as, session
from app.testing.faults import at_once, job_state
from app.testing.jobs import run_pending
from app.testing.people import Person
from app.types import Refused
from plugins.pools.models import PoolMovement, PoolRule, PoolRun, PoolStanding
from plugins.pools.services import reversing, taking_back
from plugins.pools.services.reversing import Reversal, reverse_movements
from plugins.pools.services.taking_back import start_reversal
from plugins.pools.tests.conftest import Bank, aged, entries, rows
from plugins.pools.tests.test_running import ago, ladder, night

__all__ = ["ladder"]
pytestmark = pytest.mark.usefixtures("as_system")


@pytest.fixture
def gone(bank: Bank, ladder: PoolRule) -> tuple[int, list[int]]:
    """A night that has taken five customers to each step: its run, and whom it has recycled."""
    late = {"amber": 8, "red": 11, "recycle": 20}
    made = {
        act: [aged(bank.people.manager, followed=ago(days), owned=ago(90)).id for _ in range(5)]
        for act, days in late.items()
    }
    return night()["run_id"], made["recycle"]


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have chosen what to take back before either has locked it; SQLite lets only one come so far."""
    if session.get_bind().dialect.name == "sqlite":
        return
    both, known, lock = threading.Barrier(2, timeout=60), threading.local(), reversing._lock

    def lock_together(*given: Any) -> None:
        if not hasattr(known, "met"):
            known.met = both.wait() is not None
        lock(*given)

    monkeypatch.setattr(reversing, "_lock", lock_together)


def movements() -> list[int]:
    return [number for (number,) in rows(select(PoolMovement.id).order_by(PoolMovement.id))]


def by(person: Person, ids: Sequence[int], *, singly: bool) -> Callable[[], Reversal]:
    """Somebody who takes movements back, one after the other or all at once."""

    def take() -> Reversal:
        outcome = Reversal()
        with acting_as(person.actor):
            for part in [[number] for number in ids] if singly else [ids]:
                one = reverse_movements(part, "弄错了")
                outcome.done += one.done
                outcome.refused |= one.refused
        return outcome

    return take


def whole(bank: Bank, recycled: list[int]) -> None:
    """Everybody is back with the account manager, and both ledgers say so once for each."""
    session.expire_all()
    m = PoolMovement
    back, taken = (rows(select(column).where(which)) for column, which in (
        (m.reverses_id, m.act == "reverse"), (m.id, m.act != "reverse"),
    ))  # fmt: skip
    assert sorted(back) == sorted(taken)
    assert set(rows(select(Customer.owner_id))) == {(bank.people.manager.employee_id,)}
    assert set(rows(select(PoolStanding.stage))) == {("green",)} and entries() == {}
    assert len(rows(select(PoolStanding.customer_id))) == 15
    given = session.scalars(text("SELECT customer_id FROM customer_ownership WHERE cause = 'pools.reverse'"))
    assert sorted(given) == sorted(recycled)


@pytest.mark.parametrize("singly", [True, False])
def test_two_people_take_the_same_back(
    bank: Bank, gone: tuple[int, list[int]], meeting: None, singly: bool
) -> None:
    ids = movements()
    admin, city = by(bank.people.admin, ids, singly=singly), by(bank.people.city_manager, ids, singly=singly)
    answers = at_once(admin, city)
    assert sorted(number for each in answers for number in each.done) == ids
    assert {reason for each in answers for reason in each.refused.values()} == {"已经撤销过"}
    whole(bank, gone[1])


@pytest.mark.parametrize("singly", [True, False])
def test_one_takes_movements_back_while_another_takes_the_night(
    bank: Bank,
    gone: tuple[int, list[int]],
    meeting: None,
    singly: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From both ends: the job takes the latest first, four by four."""
    monkeypatch.setattr(taking_back, "CHUNK", 4)
    run_id, recycled = gone
    ids = movements()
    job = start_reversal(run_id)
    session.commit()
    person, _count = at_once(by(bank.people.admin, ids, singly=singly), run_pending)
    status, result = job_state(job)
    assert (status, len(person.done) + result["back"]) == ("done", len(ids))
    assert {*person.refused.values()} <= {"已经撤销过"}
    assert rows(select(PoolRun.state)) == [("reversed",)]
    whole(bank, recycled)


def test_of_two_who_take_the_night_back_one_does(bank: Bank, gone: tuple[int, list[int]]) -> None:
    run_id, recycled = gone

    def begin() -> int | str:
        with acting_as(bank.people.admin.actor):
            try:
                return start_reversal(run_id)
            except Refused as refused:
                return str(refused)

    answers = at_once(begin, begin)
    assert sorted(map(type, answers), key=str) == [int, str] and "该次任务仍在执行" in answers
    run_pending()
    whole(bank, recycled)
