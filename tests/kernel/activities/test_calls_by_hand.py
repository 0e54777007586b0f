"""ACT-2: calls nobody was found for wait in a list, are settled by people within their reach, or by a new customer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.access.actors import acting_as
from app.access.scope import UNSCOPED
from app.activities.calls.deciding import create_customer_of, ignore_calls, match_calls, undo_calls
from app.activities.calls.jobs import JOB
from app.activities.calls.models import CallRecord
from app.activities.calls.services import receive_calls
from app.activities.models import Activity
from app.customers.models import Customer
from app.db import now, session
from app.host.context import entity
from app.jobs.services import enqueue
from app.testing.factories import make_contact, make_customer
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, Person, keep_field, login
from app.transfer.models import Import
from app.transfer.services.undo import start_undo
from app.types import SYSTEM, Refused
from tests.kernel.activities.telling import MOBILE, call
from tests.kernel.transfer.tables import csv_bytes, imported, xlsx_bytes

OPEN = {UNSCOPED: True, "populate_existing": True}


def waiting(*numbers: str) -> list[int]:
    """Calls of these numbers, as a connection sent them a day ago."""
    at = now() - timedelta(days=1)
    told = {"started_at": at, "duration_seconds": 60, "answered": True}
    calls = [{"call_id": f"c{place}", "number": text, **told} for place, text in enumerate(numbers)]
    with acting_as(SYSTEM):
        kept = receive_calls("hotline", calls)
    return [one.id for one in kept]


def activities() -> list[tuple[int, bool]]:
    rows = session.execute(select(Activity.customer_id, Activity.effective).execution_options(**OPEN).order_by("id"))
    return [tuple(row) for row in rows]


def seen_by(person: Person) -> set[int]:
    with acting_as(person.actor):
        return set(session.scalars(select(CallRecord.id)))


def last(customer_id: int) -> Any:
    return session.get(Customer, customer_id, execution_options=OPEN).last_effective_at


def test_a_call_is_seen_with_its_customer_and_without_one_by_who_may_match(people: People) -> None:
    ours, theirs = make_customer(owner=people.manager, mobile=MOBILE), make_customer(owner=people.stranger)
    make_contact(theirs, mobile="13900001111")
    mine, foreign, nobody = waiting(MOBILE, "13900001111", "13711112222")
    assert (call(mine).customer_id, call(foreign).customer_id) == (ours.id, theirs.id)
    assert seen_by(people.manager) == {mine}
    assert seen_by(people.head) == {mine, nobody}
    assert seen_by(people.stranger) == {foreign}
    everything = people.add("boss", "行长", people.head_office, "management")  # every customer, and no matching
    assert seen_by(everything) == {mine, foreign}


def test_calls_are_matched_within_reach_and_only_once(people: People) -> None:
    ours, theirs = make_customer(owner=people.manager), make_customer(owner=people.stranger)
    ids = waiting("13711112222", "13711113333")
    with acting_as(people.head.actor):
        with pytest.raises(Refused) as refused:
            match_calls(ids, theirs.id)
        assert list(refused.value.errors) == ["customer_id"] and activities() == []
        assert match_calls(ids, ours.id) == 2
        assert match_calls(ids, ours.id) == 0
    assert session.scalars(select(Activity.employee_id).execution_options(**OPEN)).all() == [None, None]
    assert activities() == [(ours.id, True)] * 2 and last(ours.id) == call(ids[0]).started_at
    assert {call(number).decided_by for number in ids} == {people.head.user_id}
    with acting_as(people.manager.actor), pytest.raises(Refused):
        match_calls(waiting("1", "2", "13711114444")[2:], ours.id)
    with acting_as(people.head.actor):
        assert undo_calls(ids[:1]) == 1
        assert activities() == [(ours.id, True)]
        assert undo_calls(ids) == 1
    assert activities() == [] and last(ours.id) is None
    assert [(call(number).state, call(number).customer_id) for number in ids] == [("unmatched", None)] * 2


def test_what_was_matched_with_another_branch_is_not_taken_back(people: People) -> None:
    theirs = make_customer(owner=people.stranger, mobile=MOBILE)
    number = waiting(MOBILE)[0]
    with acting_as(people.head.actor):
        for act in (lambda: undo_calls([number]), lambda: ignore_calls([number], "x")):
            with pytest.raises(Refused):
                act()
    assert activities() == [(theirs.id, True)]


def test_a_customer_is_made_of_a_call_with_all_its_calls(people: People) -> None:
    ids = waiting("137-1111-2222", "+86 13711112222", "13711113333", "anonymous")
    with acting_as(people.head.actor):
        made, matched = create_customer_of(ids[0], {"name": "新客户", "kind": "personal"})
        assert (made.mobile, made.owner_id, matched) == ("13711112222", people.head.employee_id, 2)
        for number in (ids[0], ids[3]):
            with pytest.raises(Refused):
                create_customer_of(number, {"name": "再来", "kind": "personal"})
    assert [call(number).state for number in ids] == ["matched", "matched", "unmatched", "unmatched"]
    assert activities() == [(made.id, True)] * 2


def test_calls_are_matched_by_themselves_once_there_is_a_customer(people: People) -> None:
    ids = waiting("13711112222", "(010) 8888 6666", "13711113333", "13711114444", "13711115555")
    with acting_as(people.head.actor):
        ignore_calls([ids[2]], "推销")
        elsewhere = make_customer(owner=people.manager)
        match_calls([ids[3]], elsewhere.id)
        undo_calls([ids[3]])
    one = make_customer(owner=people.stranger, mobile="13711112222").id
    make_contact(make_customer(owner=people.manager), mobile="+861088886666")
    for mobile in ("13711113333", "13711114444", "13711115555", "13711115555"):
        make_customer(owner=people.manager, mobile=mobile)
    with acting_as(SYSTEM):
        enqueue(JOB)
    run_pending()
    assert [call(number).state for number in ids] == ["matched", "matched", "ignored", "unmatched", "ambiguous"]
    assert len(activities()) == 2 and last(one) == call(ids[0]).started_at
    with acting_as(SYSTEM):
        enqueue(JOB)
    run_pending()
    assert len(activities()) == 2


HEADER = ("呼叫ID", "号码", "开始时间", "时长", "是否接通", "坐席")


@pytest.mark.parametrize("write", [csv_bytes, xlsx_bytes])
def test_a_file_of_calls_is_kept_once_and_undone_as_a_whole(people: People, write: Any) -> None:
    ours = make_customer(owner=people.manager, mobile=MOBILE).id
    spoke = ("k1", "138 0013 5678", "2024-05-04 10:30", 60, "是", f"E-{people.manager.username}")
    rows = [spoke, ("k2", "13711112222", "2024/5/5 9:00")]
    wrong = [("k3", MOBILE, "2999-01-01 10:00", 5), ("k4", MOBILE, "2024-05-05 9:00", -1), ("", MOBILE, "2024-05-05")]
    padded = [(*row, *[""] * (len(HEADER) - len(row))) for row in (*rows, *wrong)]
    name = "calls.csv" if write is csv_bytes else "calls.xlsx"
    with acting_as(SYSTEM):
        made = imported(write(HEADER, *padded), name, "activity_call")
        assert (made.created_count, made.failed_count) == (2, 3)
        kept = session.scalars(select(CallRecord).order_by(CallRecord.call_id)).all()
        assert [(one.state, one.source, one.employee_id) for one in kept] == [
            ("matched", "file", people.manager.employee_id),
            ("unmatched", "file", None),
        ]
        assert activities() == [(ours, True)] and last(ours) == kept[0].started_at
        first = made.id
        twice = imported(write(HEADER, *padded[:2]), name, "activity_call")
        assert (twice.created_count, twice.skipped_count) == (0, 2)
        undo(first)
        assert session.get_one(Import, first).undone["deleted"] == 2 and activities() == []
        assert session.scalars(select(CallRecord)).all() == [] and last(ours) is None

        imported(write(HEADER, *padded[:2]), name, "activity_call")
        shorter = imported(write(HEADER, (*spoke[:3], 10, *spoke[4:])), name, "activity_call", duplicates="update")
        assert shorter.updated_count == 1 and activities() == [(ours, False)]
        undo(shorter.id)
        assert activities() == [(ours, True)]


def undo(number: int) -> None:
    start_undo(number)
    run_pending()


def test_who_imports_matches_only_customers_they_may_change(people: People) -> None:
    importer = people.add("desk", "坐席主管", people.north, "department_head")
    theirs = make_customer(owner=people.stranger, mobile=MOBILE).id
    may = replace(importer.actor, permissions=importer.actor.permissions | {("can_import", "ActivityCallView")})
    with acting_as(may):
        imported(csv_bytes(HEADER[:3], ("k1", MOBILE, "2024-05-04 10:30")), "calls.csv", "activity_call")
        one = session.scalars(select(CallRecord)).one()
    assert (one.state, one.customer_id, one.created_by) == ("unmatched", None, importer.user_id)
    number = one.id
    with acting_as(SYSTEM):
        enqueue(JOB)
    run_pending()
    assert call(number).state == "unmatched" and activities() == [] and last(theirs) is None


def test_who_imports_does_not_learn_that_strangers_share_a_number(people: People) -> None:
    importer = people.add("desk", "坐席主管", people.north, "department_head")
    for _one in range(2):
        make_customer(owner=people.stranger, mobile=MOBILE)
    make_customer(owner=people.stranger, mobile="13700001111")
    make_customer(owner=people.manager, mobile="13700001111")
    may = replace(importer.actor, permissions=importer.actor.permissions | {("can_import", "ActivityCallView")})
    at = "2024-05-04 10:30"
    with acting_as(may):
        imported(csv_bytes(HEADER[:3], ("k1", MOBILE, at), ("k2", "13700001111", at)), "calls.csv", "activity_call")
    states = select(CallRecord.call_id, CallRecord.state).execution_options(**OPEN)
    assert dict(session.execute(states).all()) == {"k1": "unmatched", "k2": "ambiguous"}


def test_the_number_of_a_call_is_kept_from_whom_that_of_customers_is(client: Browser, people: People) -> None:
    make_customer(owner=people.head, mobile=MOBILE)
    number = waiting(MOBILE)[0]
    keep_field(people.head, "customer", "mobile", "masked")
    login(client, people.head)
    told = client.get(f"/api/v1/activity_call/{number}").json["result"]
    assert MOBILE not in (told["number"], told["line"])
    assert MOBILE not in client.get("/activity_call/list/").text
    assert client.get(f"/activity_call/list/?f.line={MOBILE}").status_code == 400


def test_the_screens_settle_calls(client: Browser, people: People) -> None:
    ours, theirs = make_customer(owner=people.manager), make_customer(owner=people.stranger, name="外人的客户")
    ids = waiting("13711112222", "13711113333", "13711114444")
    login(client, people.manager)
    asked = {"ids": str(ids[0]), "customer_id": str(ours.id)}
    assert client.post("/activity_call/match", data=asked).status_code == 403
    assert client.get(f"/activity_call/show/{ids[0]}").status_code == 404
    login(client, people.head)
    assert client.get("/activity_call/list/?f.state=unmatched").text.count("/activity_call/show/") >= 3
    assert "外人的客户" not in client.get("/activity_call/pick/customer_id?q=外人").text
    beyond = client.post("/activity_call/match", data={"ids": str(ids[0]), "customer_id": str(theirs.id)})
    assert beyond.status_code == 422 and call(ids[0]).state == "unmatched"
    for route, data in (
        ("match", {"customer_id": str(ours.id)}),
        ("customer", {"name": "来电客户", "kind": "personal"}),
        ("ignore", {"reason": "推销电话"}),
    ):
        assert "dialog-form" in client.get(f"/activity_call/{route}?ids={ids[0]}").text
        number = ids[("match", "customer", "ignore").index(route)]
        assert client.post(f"/activity_call/{route}", data={"ids": str(number), **data}).status_code == 303
    assert [call(number).state for number in ids] == ["matched", "matched", "ignored"]
    assert "推销电话" in client.get(f"/activity_call/show/{ids[2]}").text
    assert client.post("/activity_call/undo", data={"ids": ",".join(map(str, ids))}).status_code == 303
    assert {call(number).state for number in ids} == {"unmatched"} and activities() == []


def test_who_may_be_meant_is_named_within_reach(client: Browser, people: People) -> None:
    make_customer("甲公司", owner=people.manager, mobile=MOBILE)
    make_contact(make_customer("乙公司", owner=people.manager), mobile=f"+86{MOBILE}")
    make_customer("外人的客户", owner=people.stranger, mobile=MOBILE)
    number = waiting(MOBILE)[0]
    login(client, people.head)
    dialog = client.get(f"/activity_call/match?ids={number}").text
    assert "使用该号码的客户：甲公司、乙公司" in dialog and "外人的客户" not in dialog


def test_a_secret_is_issued_once_by_who_may(client: Browser, people: People) -> None:
    login(client, people.head)
    assert client.get("/activity_call_source/list/").status_code == 403
    consultant = people.add("it", "实施", people.head_office, "consultant")
    login(client, consultant)
    rest = "/api/v1/activity_call_source/"
    assert client.post(rest, json={"name": "热线", "code": "hotline"}).status_code == 201
    with acting_as(SYSTEM):
        source = session.scalar(select(entity("activity_call_source").model))
    assert source.salt is None
    first = client.post("/activity_call_source/secret", data={"ids": str(source.id)}).text
    second = client.post("/activity_call_source/secret", data={"ids": str(source.id)}).text
    secrets = [text.split('id="call-secret" tabindex="0">')[1].split("<")[0] for text in (first, second)]
    assert all(one.startswith("cs_") and len(one) == 46 for one in secrets) and secrets[0] != secrets[1]
    shown = client.get(f"/activity_call_source/show/{source.id}").text + client.get("/activity_call_source/list/").text
    assert source.key in shown and not any(one in shown for one in secrets)
    for code in ("file", "hotline", "A B"):
        assert client.post(rest, json={"name": "又一", "code": code}).status_code == 422
