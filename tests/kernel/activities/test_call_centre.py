"""ACT-2: what a call centre sends is kept once, matched by number, and is a follow-up in the same transaction."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack
from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import func, select

from app.access.actors import acting_as
from app.access.audit import verify
from app.access.scope import UNSCOPED
from app.activities.calls import webhook
from app.activities.calls.deciding import match_calls
from app.activities.calls.models import CallRecord, CallSource
from app.activities.calls.services import receive_calls
from app.activities.models import Activity
from app.activities.services import update_activity
from app.customers.models import Customer
from app.db import now, session, transaction
from app.testing.factories import make_contact, make_customer, make_employee, make_setting
from app.testing.people import Browser, People, login
from app.types import SYSTEM
from tests.kernel.activities.telling import ADDRESS, MOBILE, CallCentre, call, said

OPEN = {UNSCOPED: True, "populate_existing": True}


def activities() -> list[Activity]:
    return list(session.scalars(select(Activity).order_by(Activity.id).execution_options(**OPEN)))


def count(model: type) -> int:
    return session.scalar(select(func.count()).select_from(model.__table__)) or 0


def test_a_call_is_a_follow_up_of_whoever_spoke_and_is_kept_once(client: Browser, people: People) -> None:
    centre = CallCentre(client)
    spoke = make_employee(people.north, extension="8012")
    one = make_customer(owner=people.manager, mobile=MOBILE)
    first = said("c1", "+86 138-0013-5678", 45, agent="8012", direction="in", note="询问利率", recording="s3://x/1")
    answer = centre.send(first)
    assert answer.status_code == 201, answer.text
    made = activities()[0]
    assert answer.json == {
        "call_id": "c1", "status": 201, "id": answer.json["id"], "state": "matched", "activity_id": made.id
    }  # fmt: skip
    at = datetime.fromisoformat(first["started_at"])
    assert (made.customer_id, made.employee_id, made.kind, made.direction) == (one.id, spoke.id, "call", "in")
    assert (made.at, made.duration_seconds, made.effective, made.content) == (at, 45, True, "询问利率")
    assert one.last_effective_at == at
    again = centre.send(first)
    assert (again.status_code, again.json["id"], again.json["activity_id"]) == (200, answer.json["id"], made.id)
    assert count(CallRecord) == count(Activity) == 1
    # the sender learns of nothing twice, and the same number of another connection is another call
    assert CallCentre(client, "other").send(first).status_code == 201
    assert verify(session)[1] == ""


def test_calls_of_a_list_are_answered_one_by_one(client: Browser, people: People) -> None:
    make_setting("activities.call_effective_seconds", 20)
    centre, shared = CallCentre(client), "010-88886666"
    mine = make_customer(owner=people.manager)
    make_contact(mine, mobile="13900001111")
    for owner in (people.manager, people.stranger):
        make_customer(owner=owner, mobile=shared)
    code = make_employee(people.north, code="W77", extension="W7")
    calls = [
        said("a", "013900001111", 19, agent="W77"),
        said("b", "+861088886666"),
        said("c", "13711112222"),
        said("d", "anonymous", 0),
        said("e", "13900001111", answered=False),
        said("a", "13900001111", 19),
        said("f") | {"started_at": "2999-01-01T00:00:00+08:00"},
        said("g", colour="red"),
        said("h") | {"started_at": None, "duration_seconds": -1},
        {"number": MOBILE},
        "x",
    ]
    answer = centre.send(calls)
    assert answer.status_code == 200, answer.text
    results = answer.json["results"]
    assert [one["status"] for one in results] == [201] * 5 + [422] * 6
    assert [one.get("state") for one in results[:5]] == ["matched", "ambiguous", "unmatched", "unmatched", "matched"]
    wrong = [sorted(one.get("errors", ())) for one in results[5:]]
    assert wrong == [
        ["call_id"], ["started_at"], ["colour"], ["duration_seconds", "started_at"], ["call_id", "started_at"], []
    ]  # fmt: skip
    kept = [(one.employee_id, one.effective, one.result) for one in activities()]
    assert kept == [(code.id, False, None), (None, False, "no_answer")]
    assert session.get(Customer, mine.id, execution_options=OPEN).last_effective_at is None
    again = centre.send(calls).json["results"]
    assert [one["status"] for one in again] == [200] * 5 + [422] * 6 and count(Activity) == 2


def test_a_call_changes_until_somebody_has_said_whose_it_is(client: Browser, people: People) -> None:
    centre = CallCentre(client)
    one, other = (make_customer(owner=people.manager, mobile=mobile) for mobile in (MOBILE, "13900001111"))
    rings = said("c1", seconds=0, answered=False)
    number = centre.send(rings).json["id"]
    assert one.last_effective_at is None
    with acting_as(SYSTEM):
        update_activity(activities()[0], {"content": "客户要求回电"})
    ends = rings | {"answered": True, "duration_seconds": 90}
    assert centre.send(ends).status_code == 200
    made = activities()[0]
    assert (made.effective, made.duration_seconds, made.result, made.content) == (True, 90, "done", "客户要求回电")
    assert session.get(Customer, one.id, execution_options=OPEN).last_effective_at == made.at

    moved = centre.send(ends | {"number": "139 0000 1111"})
    assert (moved.status_code, moved.json["state"]) == (200, "matched")
    assert [a.customer_id for a in activities()] == [other.id]
    assert session.get(Customer, one.id, execution_options=OPEN).last_followed_at is None
    nobody = centre.send(ends | {"number": "13711112222"})
    assert (nobody.json["state"], activities()) == ("unmatched", [])

    with acting_as(people.manager.actor):
        login(client, people.head)
    with acting_as(people.head.actor):
        assert match_calls([number], one.id) == 1
    refused = centre.send(ends | {"number": "139 0000 1111"})
    assert (refused.status_code, call(number).customer_id) == (409, one.id)
    assert "人工" in refused.json["message"]
    assert centre.send(ends | {"number": "13711112222"}).status_code == 200


def test_nothing_signed_earlier_sets_a_call_back(client: Browser, people: People) -> None:
    centre = CallCentre(client)
    make_customer(owner=people.manager, mobile=MOBILE)
    first, second = int(now().timestamp()) - 10, int(now().timestamp()) - 9
    bodies = {
        name: json.dumps(said("c1", seconds=seconds) | {"started_at": "2024-05-04T10:30:00+08:00"}).encode()
        for name, seconds in (("ring", 0), ("end", 90), ("edit", 40))
    }

    def sent(name: str, stamp: float) -> tuple[int, bool, int | None]:
        signature = centre.sign(bodies[name], str(stamp))
        answer = centre.post(bodies[name], centre.key, str(stamp), signature)
        number = session.scalar(select(CallRecord.id).execution_options(**OPEN))
        return answer.status_code, answer.json.get("outdated", False), call(number or 0).duration_seconds

    assert sent("ring", first) == (201, False, 0)
    assert sent("ring", first) == (200, False, 0)  # a retry is answered as before
    assert sent("end", second) == (200, False, 90)
    updated_at = call(1).updated_at
    assert sent("ring", first) == (200, True, 90)  # captured and sent again
    assert sent("edit", second) == (409, False, 90)  # nobody can tell which is the later one
    assert sent("end", second) == sent("end", first) == (200, False, 90)
    assert [one.duration_seconds for one in activities()] == [90]
    # what changes nothing counts as the latest all the same
    assert sent("end", second + 5) == (200, False, 90) and sent("edit", second + 4.999) == (200, True, 90)
    assert call(1).updated_at == updated_at
    assert sent("edit", second + 5.001) == (200, False, 40)
    listed = centre.post(body := b"[" + bodies["end"] + b"]", centre.key, str(second), centre.sign(body, str(second)))
    assert listed.json["results"][0] | {"id": 0, "activity_id": 0} == {
        "call_id": "c1", "status": 200, "id": 0, "state": "matched", "activity_id": 0, "outdated": True,
        "message": "未采用：签名时间更晚的请求已说明此通话",
    }  # fmt: skip


def test_only_what_the_connection_signed_lately_counts(client: Browser, people: People) -> None:
    centre, body = CallCentre(client), b'{"call_id": "c1", "started_at": "2024-01-01T00:00:00Z"}'
    login(client, people.admin)  # a browser that is logged in changes nothing about it
    stamp = "1700000000"
    assert client.post(ADDRESS, data=body, content_type="application/json").status_code == 401
    for answer in (
        centre.send(body, secret="cs_wrong"),
        centre.send(body, key="cc_unknown"),
        centre.send(body, key="k" * 5000),
        centre.send(body, late=330),
        centre.send(body, late=-330),
        centre.post(body + b" ", centre.key, stamp, centre.sign(body, stamp)),
        centre.post(body, centre.key, "1700000001", centre.sign(body, stamp)),
        centre.post(body, centre.key, "", centre.sign(body, "")),
    ):
        assert (answer.status_code, answer.mimetype) == (401, "application/json"), answer.text
        assert answer.json["message"] and answer.json["trace_id"]
    assert count(CallRecord) == 0
    assert centre.send(body, late=200).status_code == 201
    with acting_as(SYSTEM), transaction() as current:
        current.get_one(CallSource, centre.id).active = False
    assert centre.send(body).status_code == 401
    with acting_as(SYSTEM), transaction() as current:
        source = current.get_one(CallSource, centre.id)
        assert source.used_at is not None and centre.secret not in repr(vars(source))


def test_what_cannot_be_read_is_refused(client: Browser, people: People) -> None:
    centre = CallCentre(client)
    assert centre.send(b"{").status_code == 400
    assert centre.send([]).status_code == centre.send(7).status_code == 400
    assert centre.send(b"[" * 100_000).status_code == 400
    assert centre.send(said("c1"), **{"Content-Type": "text/plain"}).status_code == 415
    assert centre.send([said(str(number)) for number in range(501)]).status_code == 413
    large = centre.send(b" " * (webhook.MOST_BYTES + 1))
    assert large.status_code == 413 and "500" in large.json["message"]
    hostile = said("c\ud800", note="x\0y")
    assert centre.send(hostile).status_code == 422
    assert client.get(ADDRESS).status_code == 405 and count(CallRecord) == 0


def test_the_same_call_twice_at_once_is_one_follow_up(app: Flask, people: People) -> None:
    one = make_customer(owner=people.manager, mobile=MOBILE)
    calls = [{**said(f"c{number}"), "answered": True} for number in range(20)]
    for each in calls:
        each["started_at"] = datetime.fromisoformat(each["started_at"])
    session.commit()
    session.remove()
    start, codes, failed, first = threading.Barrier(2, timeout=20), [], [], now()
    later = [{**each, "duration_seconds": 90} for each in reversed(calls)]

    def send(order: list[dict], signed_at: datetime) -> None:
        with app.app_context(), acting_as(SYSTEM), ExitStack() as ending:
            ending.callback(session.remove)
            start.wait()
            try:
                codes.extend(kept.code for kept in receive_calls("hotline", order, signed_at))
            except Exception as error:
                failed.append(error)

    orders = ((calls, first), (later, first + timedelta(seconds=1)))
    threads = [threading.Thread(target=send, args=order) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == [] and sorted(codes) == [200] * 20 + [201] * 20
    assert count(CallRecord) == count(Activity) == 20
    # whichever came first, it is what was signed later that stands
    assert {one.duration_seconds for one in activities()} == {90}
    assert session.get(Customer, one.id, execution_options=OPEN).last_effective_at is not None


def test_who_guesses_is_told_to_wait(client: Browser, people: People) -> None:
    centre = CallCentre(client)
    codes = (centre.send(b"{}", secret="wrong").status_code for _each in range(121))  # in two minutes, at the worst
    assert next(code for code in codes if code != 401) == 429
