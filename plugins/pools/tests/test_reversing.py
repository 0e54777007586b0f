"""POOL-6: a movement or a whole night taken back: all as it was, once, and only where nothing has happened since."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select, text, update

from app.api import Customer, CustomerOwnership, acting_as, session
from app.testing.factories import make_activity
from app.testing.jobs import run_pending
from app.testing.people import Browser, login
from plugins.pools.models import PoolEntry, PoolMovement, PoolRule, PoolRun, PoolStanding
from plugins.pools.services import assign_from_pool, claim_customers, release_customers, return_customers
from plugins.pools.services.reversing import Reversal, reverse_movements
from plugins.pools.services.taking_back import start_reversal
from plugins.pools.tests.conftest import NIGHT, Bank, aged, entries, local, lose, ownership, rows, story
from plugins.pools.tests.test_running import ago, ladder, night, stands

__all__ = ["ladder"]
pytestmark = pytest.mark.usefixtures("as_system")


def reverse(*acts: str) -> Reversal:
    """Take back the movements of these kinds."""
    ids = [number for (number,) in rows(select(PoolMovement.id).where(PoolMovement.act.in_(acts)))]
    found = reverse_movements(ids, "弄错了")
    session.expire_all()
    return found


def test_a_recycled_customer_is_as_it_was_and_not_taken_again_at_once(bank: Bank, ladder: PoolRule) -> None:
    manager = bank.people.manager
    one = aged(manager, followed=ago(12), owned=ago(90))
    session.execute(update(CustomerOwnership.__table__).values(at=ago(90)))
    session.commit()
    night()
    night(NIGHT + timedelta(days=5))
    before = (one.owner_id, one.unit_id)
    assert before == (None, bank.people.north.id)
    assert len(reverse("recycle").done) == 1
    assert (one.owner_id, one.unit_id, entries()) == (manager.employee_id, bank.people.north.id, {})
    assert one.owned_since_at == ago(90), "it has been the owner's all the time"
    assert rows(select(PoolStanding.stage, PoolStanding.owner_id)) == [("red", manager.employee_id)]
    kept = session.scalars(select(PoolStanding)).one()
    assert kept.next_on == kept.kept_until + timedelta(days=1)
    assert [act for act, *_rest in story(one)] == ["red", "recycle", "reverse"]
    assert ownership(one)[-1] == (None, manager.employee_id, "pools.reverse")
    assert list(reverse("recycle").refused.values()) == ["已经撤销过"]
    assert list(reverse("reverse").refused.values()) == ["此类流转不能撤销"]
    assert night(kept.kept_until)["moved"]["recycle"] == 0
    with time_machine.travel(local(kept.next_on, 2)):
        assert night(kept.next_on)["moved"]["recycle"] == 1


@pytest.mark.parametrize("what", ["followed", "claimed", "left"])
def test_what_has_happened_since_stands(bank: Bank, ladder: PoolRule, what: str) -> None:
    people = bank.people
    one = aged(people.manager, followed=ago(40), owned=ago(90))
    night()
    if what == "followed":
        make_activity(one, people.manager, effective=False, result="no_answer")
    elif what == "claimed":
        session.execute(text("DELETE FROM pools_entry"))
        session.execute(text("UPDATE customer SET owner_id = :owner"), {"owner": people.colleague.employee_id})
    else:
        left = {"id": people.manager.employee_id}
        session.execute(text("UPDATE org_employee SET left_on = '2026-01-01' WHERE id = :id"), left)
    session.commit()
    session.expire_all()
    owner = one.owner_id
    said = {"followed": "之后已有跟进", "claimed": "之后已有变动", "left": "原客户经理已离职"}
    assert list(reverse("recycle").refused.values()) == [said[what]]
    assert one.owner_id == owner and [act for act, *_rest in story(one)] == ["recycle"]


def test_what_people_did_and_what_lay_on_is_taken_back_step_by_step(bank: Bank, ladder: PoolRule) -> None:
    """Recycled, taken on to the city's pool: back into the head's pool, back to the account manager."""
    one = aged(bank.people.manager, followed=ago(40), owned=ago(90))
    night()
    was = rows(select(PoolEntry.pool_id, PoolEntry.from_employee_id, PoolEntry.rule_id, PoolEntry.entered_at))
    night(NIGHT + timedelta(days=11))
    assert reverse("recycle").done == [], "it lies elsewhere by now"
    assert len(reverse("escalate").done) == 1
    assert rows(select(PoolEntry.pool_id, PoolEntry.from_employee_id, PoolEntry.rule_id, PoolEntry.entered_at)) == was
    assert one.unit_id == bank.people.north.id
    assert len(reverse("recycle").done) == 1
    assert one.owner_id == bank.people.manager.employee_id and stands(one)[0] == "green"


def test_a_whole_night_is_taken_back_by_one_job(bank: Bank, ladder: PoolRule) -> None:
    late = [aged(bank.people.manager, followed=ago(days), owned=ago(90)) for days in (8, 11, 20, 21)]
    run_id = night()["run_id"]
    make_activity(late[3], bank.people.manager)
    start_reversal(run_id)
    run_pending()
    session.expire_all()
    made = session.get(PoolRun, run_id)
    assert (made.state, made.notes["kept_count"]) == ("reversed", 1)
    why = {"id": "It was followed up since", "values": {}}
    assert made.notes["kept"] == [{"customer_id": late[3].id, "rule_id": None, "step": "reverse", "reason": why}]
    assert [stands(one)[0] for one in late[:3]] == ["green"] * 3 and late[3].owner_id is None
    assert "已撤销" in night()["refused"]
    assert night(NIGHT + timedelta(days=1))["moved"] == {"recycle": 0, "red": 1, "amber": 1, "escalate": 0}


def test_only_within_reach(bank: Bank, ladder: PoolRule) -> None:
    one = lose(aged(bank.people.manager), bank.north_pool, ago(3))
    with acting_as(bank.people.stranger.actor):
        assert list(reverse("recycle").refused.values()) == ["该客户不在您的管理范围内"]
    assert one.owner_id is None


def test_the_database_itself_keeps_the_ledger(bank: Bank) -> None:
    one, two = (lose(aged(bank.people.manager), bank.north_pool, ago(3)) for _ in range(2))
    for statement in ("UPDATE pools_movement SET reason = ''", "DELETE FROM pools_movement"):
        with pytest.raises(Exception, match="append-only"):
            session.execute(text(statement))
        session.rollback()
    session.execute(text("DELETE FROM customer WHERE id = :id"), {"id": one.id})
    session.commit()
    assert rows(select(PoolMovement.customer_id)) == [(two.id,)], "a customer that is removed takes its rows along"


# --- on screen ----------------------------------------------------------------------------------------------


def test_a_night_has_its_page_and_is_taken_back_from_it(bank: Bank, ladder: PoolRule, client: Browser) -> None:
    people = bank.people
    one = aged(people.manager, followed=ago(40), owned=ago(90))
    nowhere = aged(people.stranger, followed=ago(40), owned=ago(90))
    session.execute(update(Customer.__table__).where(Customer.id == nowhere.id).values(unit_id=people.head_office.id))
    session.commit()
    run_id = night()["run_id"]
    login(client, people.city_manager)
    assert "2026-03-31" in client.get("/pools_run/list/").text
    page = client.get(f"/pools_run/show/{run_id}/tab/result", htmx=True).text
    assert "阶梯，版本 1" in page
    assert nowhere.name not in page and "没有可进入的客户池" not in page, "nothing of customers out of sight"
    assert client.post("/pools_run/reverse", data={"ids": run_id}).status_code in (403, 404)
    login(client, people.admin)
    page = client.get(f"/pools_run/show/{run_id}/tab/result", htmx=True).text
    assert "阶梯，版本 1" in page and nowhere.name in page and "没有可进入的客户池" in page
    (address,) = set(re.findall(r'href="(/pools_movement/list/\?[^"]*f\.act=recycle[^"]*)"', page))
    assert one.name in client.get(address.replace("&amp;", "&")).text
    assert client.post("/pools_run/reverse", data={"ids": run_id}).status_code == 303
    run_pending()
    session.expire_all()
    assert one.owner_id == people.manager.employee_id
    assert "已撤销" in client.get(f"/pools_run/show/{run_id}").text


def test_movements_are_taken_back_from_the_ledger_and_over_rest(bank: Bank, ladder: PoolRule, client: Browser) -> None:
    people = bank.people
    one, two = (aged(people.manager, followed=ago(40), owned=ago(90)) for _ in range(2))
    night()
    first, second = session.scalars(select(PoolMovement.id).order_by(PoolMovement.id))
    login(client, people.manager)
    assert client.post("/pools_movement/reverse", data={"ids": first, "reason": "x"}).status_code in (403, 404)
    login(client, people.admin)
    assert client.get(f"/pools_movement/reverse?ids={first}", htmx=True).status_code == 200
    assert client.post("/pools_movement/reverse", data={"ids": first, "reason": "弄错了"}).status_code == 303
    reply = client.post("/api/v1/pools_movement/reverse", json={"ids": [first, second], "reason": "弄错了"})
    assert reply.json == {"reversed": [second], "refused": {str(first): "已经撤销过"}}
    session.expire_all()
    assert one.owner_id == two.owner_id == people.manager.employee_id


@pytest.mark.parametrize("act", ["claim", "assign", "return", "release"])
def test_what_people_did_is_taken_back(bank: Bank, act: str) -> None:
    """Owner, entry and former account manager are as they were; both ledgers tell it; a second time is refused."""
    people = bank.people
    manager, head = people.manager, people.head
    one = aged(people.colleague if act != "release" else manager)
    if act != "release":
        lose(one, bank.north_pool, ago(60))
    where = select(PoolEntry.customer_id, PoolEntry.pool_id, PoolEntry.from_employee_id)
    before = (one.owner_id, one.unit_id, rows(where))
    doing = {
        "claim": lambda: claim_customers([one.id]),
        "assign": lambda: assign_from_pool([one.id], manager.employee_id),
        "return": lambda: return_customers([one.id]),
        "release": lambda: release_customers([one.id], reason="联系不上"),
    }
    with acting_as(head.actor if act in ("assign", "return") else manager.actor):
        assert doing[act]().done == [one.id]
    session.expire_all()
    assert (one.owner_id, one.unit_id, rows(where)) != before
    assert len(reverse(act).done) == 1
    assert (one.owner_id, one.unit_id, rows(where)) == before
    assert [done for done, *_rest in story(one)][-2:] == [act, "reverse"]
    assert ownership(one)[-1][2] == "pools.reverse"
    assert list(reverse(act).refused.values()) == ["已经撤销过"]
