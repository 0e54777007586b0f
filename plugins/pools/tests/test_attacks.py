"""Somebody who means harm: strange ids in every act, questions about hidden fields, scripts as names, odd bodies."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from app.testing.factories import make_record
from app.testing.people import Browser, login
from plugins.pools.models import PoolEntry, PoolKeep, PoolLock, PoolMovement
from plugins.pools.tests.conftest import Bank, aged, put, redden, rows
from plugins.pools.tests.test_releases import change

SCRIPT = "<script>alert(7391)</script>"
WHY = {"reason": "x"}
#: What each act asks for, in the words of its screens and of REST.
ACTS: dict[str, dict[str, Any]] = {
    "claim": {}, "assign": WHY, "return": WHY, "ask": WHY, "keep": {**WHY, "days": 9}, "release": WHY, "lock": WHY,
    "unlock": WHY, "invalid": WHY, "reopen": WHY,
}  # fmt: skip


def kept() -> list[Any]:
    """What any of the acts would change."""
    counts = [rows(select(func.count()).select_from(table)) for table in (PoolMovement, PoolKeep, PoolLock)]
    return [counts, rows(select(PoolEntry.customer_id, PoolEntry.pool_id).order_by(PoolEntry.id))]


def test_no_act_reaches_another_branch(bank: Bank, client: Browser) -> None:
    people = bank.people
    south = make_record("pools_pool", code="S9", name="南池", unit_id=people.south.id)
    owned, lying = aged(people.stranger, name="他行客户"), put(aged(people.stranger), south, people.stranger)
    redden(bank, owned)
    ((entry,),) = rows(select(PoolEntry.id))
    before = kept()
    for person in (people.manager, people.head):
        login(client, person)
        for act, said in ACTS.items():
            sent = {**said, "employee_id": person.employee_id} if act == "assign" else said
            for ids in ({"customers": [owned.id, lying.id]}, {"ids": [entry]}):
                answer = client.post(f"/api/v1/pools_entry/{act}", json={**sent, **ids})
                assert answer.status_code in (403, 409, 422), (act, ids, answer.text)
                assert "他行客户" not in answer.text
            for view, ids in (("pools_customer", f"{owned.id},{lying.id}"), ("pools_entry", str(entry))):
                answer = client.post(f"/{view}/{act}", data={**sent, "ids": ids}, follow_redirects=True)
                assert answer.status_code in (200, 403, 404, 405, 422), (view, act)
                assert "他行客户" not in answer.text
        assert client.post("/api/v1/pools_movement/reverse", json={"ids": [1], "reason": "x"}).status_code in (403, 409)
    assert kept() == before
    assert owned.owner_id == people.stranger.employee_id
    assert (owned.closed_at, lying.closed_at, lying.owner_id) == (None, None, None)


def test_no_act_without_the_forms_token_or_a_whole_body(bank: Bank, client: Browser) -> None:
    one = put(aged(bank.people.manager), bank.north_pool)
    login(client, bank.people.admin)
    before = kept()
    for act in (*ACTS, "reverse"):
        screen, rest = ("pools_movement",) * 2 if act == "reverse" else ("pools_customer", "pools_entry")
        address = f"/api/v1/{rest}/{act}"
        assert client.post(address, json={"customers": [one.id], **WHY}, csrf=False).status_code == 400
        assert client.post(f"/{screen}/{act}", data={"ids": one.id, **WHY}, csrf=False).status_code == 400
        for body in (b"[" * 100_000, b"{", b"[]", b"null", b'{"customers": [1], "ids": [1]}', b'{"ids": {"1": 1}}'):
            assert client.post(address, data=body, content_type="application/json").status_code == 422, (act, body[:40])
    assert kept() == before


#: Questions about a field a pool hides, and whether any row may answer them.
ASKED = (
    "f.level=key", "f.kind=personal", "q=隐名", "q=13987650123", "where=and(name:contains:隐名)",
    "where=and(level:in:key)", "where=and(region:filled)",
)  # fmt: skip


def test_no_question_tells_what_a_pool_hides(bank: Bank, client: Browser) -> None:
    people = bank.people
    said = {"mobile": "13987650123", "level": "key", "region": "330106"}
    put(aged(people.colleague, name="隐名万里实业", **said), bank.north_pool)
    put(aged(people.colleague, name="安平商行", level="normal"), bank.north_pool)
    change(bank.north_pool, hidden_fields=["name", "kind", "level", "region", "mobile"])
    login(client, people.manager)
    for asked in ASKED:
        answer = client.get(f"/api/v1/pools_entry/?{asked}")
        assert answer.status_code == 400 or answer.json["result"] == [], asked
        answer = client.get(f"/pools_entry/list/?{asked}")
        assert answer.status_code == 400 or "/pools_entry/show/" not in answer.text, asked
    orders = [client.get(f"/api/v1/pools_entry/?sort={name}").json["result"] for name in ("name", "-name", "level")]
    assert [[row["level"] for row in order] for order in orders] == [[None, None]] * 3
    assert [row["id"] for row in orders[0]] == [row["id"] for row in orders[2]], "no order follows from what is hidden"
    for view in ("chart?by=level", "list/?view=board&by=level", "list/?group=level", "export?reason=x", "pick?q=隐"):
        assert "重点客户</" not in client.get(f"/pools_entry/{view}").text
        assert "隐名" not in client.get(f"/pools_entry/{view}").text.replace("q=隐", "")


def test_names_and_reasons_are_text(bank: Bank, client: Browser) -> None:
    people = bank.people
    login(client, people.admin)
    pool = make_record("pools_pool", code="X", name=SCRIPT, unit_id=people.north.id)
    rule = make_record("pools_rule", name=SCRIPT, pool_days=400, position=1)
    one, two = aged(people.manager, name=SCRIPT), put(aged(people.manager, name=SCRIPT), pool, people.manager)
    redden(bank, one)
    kept_one = client.post("/pools_customer/keep", data={"ids": one.id, "days": 9, "reason": SCRIPT})
    refused = client.post("/pools_customer/lock", data={"ids": two.id, "reason": SCRIPT}, follow_redirects=True)
    assert kept_one.status_code == 303
    assert SCRIPT not in refused.text
    doors = [
        "/pools_entry/list/", "/pools_pool/list/", "/pools_rule/list/", "/pools_rule/preview", "/pools_movement/list/",
        "/pools_keep/list/", "/pools_board/list/", "/pools_simulation/list/", "/customer/list/",
        f"/pools_simulation/list/?rule={rule.id}", f"/pools_pool/show/{pool.id}",
        f"/pools_rule/show/{rule.id}/tab/pools_versions", f"/customer/show/{two.id}",
        f"/customer/show/{one.id}/timeline", f"/customer/show/{one.id}/tab/pools_story",
        f"/customer/show/{one.id}/tab/pools_keeps", f"/pools_customer/release?ids={one.id}",
    ]  # fmt: skip
    for door in doors:
        answer = client.get(door)
        assert answer.status_code == 200, door
        assert SCRIPT not in answer.text, door
    assert "alert(7391)" in client.get("/pools_entry/list/").text
