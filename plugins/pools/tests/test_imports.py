"""POOL-4, TRF-1: a file lays customers into pools once, whatever cuts it off; its undo is told by the ledger."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import select, text, update

from app.api import Customer, CustomerOwnership, acting_as, session
from app.testing.factories import make_activity
from app.testing.faults import find_again, job_state, work_until_dead
from app.testing.imports import import_state, start_file, start_undo
from app.testing.jobs import run_pending
from app.testing.people import Browser, login
from plugins.pools.models import PoolMovement
from plugins.pools.services import claim_customers, importing, release_customers
from plugins.pools.tests.conftest import Bank, aged, entries, ownership, rows, story

CHUNK = "app.transfer.services.running.CHUNK"


def file_of(bank: Bank, *customers: Customer, pool: str = "N") -> tuple[int, int]:
    """Begin to lay customers into a pool, as whoever acts."""
    return start_file("pools_entry", ("customer_id", "pool_id"), *((one.code, pool) for one in customers))


def test_killed_half_way_it_lays_every_row_once(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed in the second chunk before and after what it writes, and the same in the third: each row once."""
    monkeypatch.setattr(CHUNK, 4)
    people = bank.people
    made = [aged(people.manager, code=f"K{n}") for n in range(14)]
    ids = [one.id for one in made]
    with acting_as(people.head.actor):
        import_id, job_id = file_of(bank, *made)
        for chunk, late in ((2, False), (1, True), (2, True), (1, False)):
            work_until_dead(importing, "write_movements", chunk, late=late)
            find_again(job_id)
        run_pending()
        assert job_state(job_id)[0] == "done"
        kept = import_state(import_id)
        assert (kept.status, kept.created_count, kept.failed_count) == ("done", len(ids), 0)
    assert entries() == dict.fromkeys(ids, bank.north_pool.id)
    m = PoolMovement
    manager = people.manager.employee_id
    assert Counter(rows(select(m.customer_id, m.act, m.from_employee_id))) == dict.fromkeys(
        ((number, "release", manager) for number in ids), 1
    )
    handed = rows(text("SELECT customer_id FROM customer_ownership WHERE cause = 'pools.release' ORDER BY customer_id"))
    assert handed == [(number,) for number in ids]


def test_its_undo_is_a_movement_of_the_ledger_and_leaves_whoever_has_moved_on(bank: Bank, client: Browser) -> None:
    people = bank.people
    manager, nobody = people.manager.employee_id, aged(None, code="K0", unit=people.north)
    back, followed, claimed, again = (aged(people.manager, code=f"K{n}", name=f"户{n}") for n in range(1, 5))
    since = back.owned_since_at
    session.execute(update(CustomerOwnership.__table__).values(at=since))
    session.commit()
    with acting_as(people.head.actor):
        import_id, _job = file_of(bank, nobody, back, followed, claimed, again)
        run_pending()
    assert len(entries()) == 5
    make_activity(followed, people.head)
    with acting_as(people.colleague.actor):
        assert len(claim_customers([claimed.id, again.id]).done) == 2
        assert release_customers([again.id], "不合适").done == [again.id]
    with acting_as(people.head.actor):
        job_id = start_undo(import_id)
        work_until_dead(importing, "take_back", late=True)
        find_again(job_id)
        run_pending()
        undone = import_state(import_id).undone
    session.expire_all()
    assert {key: undone[key] for key in ("deleted", "restored", "kept")} == {"deleted": 2, "restored": 0, "kept": 3}
    assert {one["label"]: one["details"]["reason"] for one in undone["list"]} == {
        "户2": "之后已有跟进", "户3": "之后已有变动", "户4": "之后已有变动",
    }  # fmt: skip
    assert entries() == dict.fromkeys((followed.id, again.id), bank.north_pool.id)
    assert (back.owner_id, back.unit_id, back.owned_since_at) == (manager, people.north.id, since)
    assert (nobody.owner_id, nobody.unit_id) == (None, people.north.id)
    pool = bank.north_pool.id
    assert story(back) == [("release", pool, manager, None), ("reverse", pool, None, manager)]
    assert [act for act, *_rest in story(nobody)] == ["release", "reverse"]
    assert [cause for *_people, cause in ownership(back)] == ["pools.release", "pools.reverse"]
    assert [act for act, *_rest in story(again)] == ["release", "claim", "release"], "somebody else's stands"
    login(client, people.head)
    page = client.get(f"/import/{import_id}/").text
    assert "户3" in page and "之后已有变动" in page and "户1" not in page
    told = select(PoolMovement.reverses_id.is_not(None), PoolMovement.reason, PoolMovement.by_user_id)
    assert set(rows(told.where(PoolMovement.act == "reverse"))) == {(True, "导入已撤销", people.head.user_id)}


def test_nothing_comes_back_out_of_the_charge_of_who_undoes(bank: Bank) -> None:
    """The head lays a customer into the pool of the branch; by then its account manager works elsewhere."""
    people = bank.people
    one, two = (aged(people.manager, code=f"K{n}") for n in range(2))
    with acting_as(people.head.actor):
        import_id, _job = file_of(bank, one, two, pool="B")
        run_pending()
    assert set(entries().values()) == {bank.branch_pool.id}
    far = {"unit": people.south.id, "id": one.id}
    session.execute(text("UPDATE customer_ownership SET from_unit_id = :unit WHERE customer_id = :id"), far)
    session.commit()
    with acting_as(people.head.actor):
        start_undo(import_id)
        run_pending()
        undone = import_state(import_id).undone
    assert [undone[key] for key in ("deleted", "kept")] == [1, 1]
    assert undone["list"][0]["details"]["reason"] == "该客户不归您负责"
    assert entries() == {one.id: bank.branch_pool.id}
