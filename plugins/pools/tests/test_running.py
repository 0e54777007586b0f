"""POOL-1, POOL-6: a night takes every step that is due, once, whatever cuts it off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text, update

from app.api import Customer, enqueue, hookimpl, hooks, now, session, transaction
from app.testing.factories import make_record
from app.testing.jobs import run_pending
from app.types import Veto
from plugins.pools.models import PoolEntry, PoolMovement, PoolRule, PoolRun, PoolStanding
from plugins.pools.services import coming_night, reckon, running
from plugins.pools.services.nights import Night, begin_night, reason_text
from plugins.pools.services.told import broken_rules
from plugins.pools.tests.conftest import NIGHT, Bank, aged, local, ownership, rows, story

pytestmark = pytest.mark.usefixtures("as_system")


def night(day: date = NIGHT) -> Any:
    """Run a night as its job; what the job says in the end."""
    number = enqueue("pools.recycle", {"business_date": day})
    run_pending()
    session.expire_all()
    status, result = session.execute(text("SELECT status, result FROM jobs_job WHERE id = :id"), {"id": number}).one()
    assert status == "done"
    return result if isinstance(result, dict) else __import__("json").loads(result)


def ago(days: int) -> Any:
    """A follow-up after which `days` whole days have passed on `NIGHT`."""
    return local(NIGHT - timedelta(days=days + 1), 12)


def test_a_night_that_has_not_come_moves_nobody(bank: Bank) -> None:
    one = aged(bank.people.manager, followed=ago(400))
    assert "refused" in night(coming_night() + timedelta(days=1))
    assert one.owner_id == bank.people.manager.employee_id and rows(select(PoolRun.id)) == []


@pytest.fixture
def ladder(bank: Bank) -> PoolRule:
    """Seven days to amber, three to red, five to the head's pool, ten to the city's."""
    session.execute(update(PoolRule).values(active=False))
    city = make_record("pools_pool", code="C", name="城市公共池", unit_id=bank.people.branch.id)
    head = make_record("pools_pool", code="N2", name="北支行主管池", unit_id=bank.people.north.id)
    city.kind, head.kind = "city", "head"
    rule = PoolRule(name="阶梯", amber_days=7, red_days=3, pool_days=5, city_days=10)
    session.add(rule)
    session.commit()
    return rule


def stands(customer: Customer) -> tuple[Any, ...] | None:
    """Stage and next step of a customer."""
    s = PoolStanding
    found = rows(select(s.stage, s.next_on).where(s.customer_id == customer.id))
    return found[0] if found else None


def test_a_customer_goes_up_the_ladder_night_by_night(bank: Bank, ladder: PoolRule) -> None:
    manager = bank.people.manager
    one = aged(manager, followed=ago(7), owned=ago(90))
    assert night()["moved"] == {"recycle": 0, "red": 0, "amber": 1, "escalate": 0}
    assert stands(one) == ("amber", NIGHT + timedelta(days=3))
    assert sum(night(NIGHT + timedelta(days=2))["moved"].values()) == 0
    assert night(NIGHT + timedelta(days=3))["moved"]["red"] == 1
    assert stands(one) == ("red", NIGHT + timedelta(days=8))
    assert night(NIGHT + timedelta(days=8))["moved"]["recycle"] == 1
    head = session.scalars(select(PoolEntry)).one()
    assert (head.pool.code, head.rule_id, head.next_on) == ("N2", ladder.id, NIGHT + timedelta(days=19))
    assert (one.owner_id, one.unit_id, stands(one)) == (None, bank.people.north.id, None)
    assert ownership(one) == [(manager.employee_id, None, "pools.recycle")]
    assert night(NIGHT + timedelta(days=19))["moved"]["escalate"] == 1
    assert [act for act, *_rest in story(one)] == ["amber", "red", "recycle", "escalate"]
    assert (session.scalars(select(PoolEntry)).one().pool.code, one.unit_id) == ("C", bank.people.branch.id)
    m = PoolMovement
    told = rows(select(m.from_stage, m.rule_id, m.rule_version, m.business_date, m.reason).order_by(m.id))
    assert told[:3] == [
        ("green", ladder.id, 1, NIGHT, "阶梯"),
        ("amber", ladder.id, 1, NIGHT + timedelta(days=3), "阶梯"),
        ("red", ladder.id, 1, NIGHT + timedelta(days=8), "阶梯"),
    ]
    assert rows(select(PoolRun.business_date, PoolRun.state).order_by(PoolRun.id))[-1] == (
        NIGHT + timedelta(days=19), "done",
    )  # fmt: skip


def test_nights_that_were_missed_give_nobody_days(bank: Bank, ladder: PoolRule) -> None:
    late = [aged(bank.people.manager, followed=ago(days), owned=ago(90)) for days in (6, 7, 12, 15, 40)]
    assert night()["moved"] == {"recycle": 2, "red": 1, "amber": 1, "escalate": 0}
    assert [[act for act, *_rest in story(one)] for one in late] == [[], ["amber"], ["red"], ["recycle"], ["recycle"]]
    assert sum(night()["moved"].values()) == 0
    assert sum(night(NIGHT + timedelta(days=1))["moved"].values()) == 1, "the first one's amber, and nothing else"


def test_a_clock_set_back_moves_nobody(bank: Bank, ladder: PoolRule) -> None:
    night(NIGHT)
    one = aged(bank.people.manager, followed=ago(40), owned=ago(90))
    assert "2026-03-31" in night(NIGHT - timedelta(days=1))["refused"]
    assert stands(one)[0] == "green" and story(one) == []
    assert night(NIGHT)["moved"]["recycle"] == 1, "the same night, asked for again, does what is due by now"
    assert rows(select(PoolRun.business_date)) == [(NIGHT,)]


def test_whom_a_veto_is_about_stays_with_its_reason_and_is_warned(bank: Bank, ladder: PoolRule) -> None:
    held, free = (aged(bank.people.manager, followed=ago(40), owned=ago(90)) for _ in range(2))

    number = held.id
    session.commit()

    def hold(customer_ids: Sequence[int], cause: str) -> Veto | None:
        why = _l("At most %(count)s movements at once", count=7)
        return Veto(why) if cause == "pools.recycle" and number in customer_ids else None

    listener: Any = type("Listener", (), {"before_assign": staticmethod(hookimpl(hold, specname="before_assign"))})
    hooks().register("listener", listener)
    assert night()["moved"] == {"recycle": 1, "red": 1, "amber": 0, "escalate": 0}
    assert stands(held) == ("red", NIGHT - timedelta(days=25))
    assert free.owner_id is None and held.owner_id == bank.people.manager.employee_id
    made = session.scalars(select(PoolRun)).one()
    (kept,) = made.notes["stayed"]
    assert (kept["customer_id"], kept["rule_id"], kept["step"]) == (held.id, ladder.id, "recycle")
    for locale, said in (("zh", "一次最多处理 7 条流转记录"), ("en", "At most 7 movements at once")):
        with force_locale(locale):
            assert reason_text(kept["reason"]) == said, "each reader's own language"
    assert night()["stayed"] == 1, "asked for again, it is tried again and leaves no second row"
    assert [act for act, *_rest in story(held)] == ["red"]


def test_each_reader_reads_in_their_language_why_a_rule_was_not_understood(bank: Bank, ladder: PoolRule) -> None:
    session.execute(update(PoolRule).where(PoolRule.id == ladder.id).values(condition="and(level:in:platin)"))
    session.commit()
    night()
    made = session.scalars(select(PoolRun)).one()
    for locale, label, why in (("zh", "客户级别", "不在可选项中"), ("en", "Customer level", "is not one of")):
        with force_locale(locale):
            ((name, told),) = broken_rules(made)
        assert name == "阶梯" and told.startswith(f"{label}: ") and why in told, told
    made.notes = {"broken": {str(ladder.id): "从前的文字"}}
    assert broken_rules(made) == [("阶梯", "从前的文字")], "as it was kept before"


def test_whoever_was_read_ahead_and_is_followed_up_meanwhile_stays(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "CHUNK", 1)
    manager = bank.people.manager
    first, second = aged(manager, followed=ago(31)), aged(manager, followed=ago(31))
    with transaction() as current:
        under_way = Night(begin_night(current, NIGHT, 0).id, NIGHT, now())
        assert running.recycle(current, under_way, 0).moved == 1
    assert under_way.ahead == [second.id]
    with transaction() as current:
        current.execute(update(Customer).where(Customer.id == second.id).values(last_effective_at=ago(1)))
        reckon(current, [second.id])
    with transaction() as current:
        assert running.recycle(current, under_way, first.id).moved == 0
    assert story(second) == [] and len(story(first)) == 1
