"""Reading by REST leaves a trace in the audit log: who, by which key, of which list, which records."""

from __future__ import annotations

import threading
from contextvars import Context
from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.base.security.keys import make_key
from app.customers.models import Customer
from app.db import now, session
from app.testing.people import PASSWORD, Browser, People, login

CUSTOMERS = "/api/v1/customer/"


def readings() -> list[AuditEntry]:
    return list(session.scalars(select(AuditEntry).where(AuditEntry.action == "read_rest").order_by(AuditEntry.id)))


def key(people: People) -> dict[str, str]:
    with acting_as(people.manager.actor):
        raw = make_key("呼叫中心", ["customer:read"], now().date() + timedelta(days=30))
    return {"Authorization": f"Bearer {raw}"}


def test_a_list_read_by_a_key_is_one_entry(client: Browser, people: People, mine: Customer, theirs: Customer) -> None:
    assert client.get(f"{CUSTOMERS}?f.level=key&fields=name", headers=key(people)).json["count"] == 1
    (entry,) = readings()
    assert (entry.user_id, entry.entity, entry.record_id) == (people.manager.user_id, "customer", "")
    changes = dict(entry.changes)
    assert changes.pop("api_key")[1].startswith("呼叫中心 #")
    assert changes == {"filter": [None, "f.level=key"], "rows": [None, 1], "records": [None, [mine.id]]}


def test_asking_for_what_is_not_there_is_noted_too(client: Browser, people: People, mine: Customer) -> None:
    assert client.get(f"{CUSTOMERS}?q=无此人", headers=key(people)).json["result"] == []
    (entry,) = readings()
    assert entry.changes["rows"] == [None, 0] and "records" not in entry.changes


def test_a_record_read_by_a_token_or_in_the_browser_is_noted(client: Browser, people: People, mine: Customer) -> None:
    answer = client.post(
        "/api/v1/security/login", json={"username": people.manager.username, "password": PASSWORD}, csrf=False
    )
    bearer = {"Authorization": f"Bearer {answer.json['access_token']}"}
    tag = client.get(f"{CUSTOMERS}{mine.id}", headers=bearer).headers["ETag"]
    login(client, people.manager)
    assert client.get(f"{CUSTOMERS}{mine.id}").status_code == 200
    assert [(each.record_id, each.label, each.changes) for each in readings()] == [
        (str(mine.id), mine.name, {"via": [None, "REST"]}),
        (str(mine.id), mine.name, {}),
    ]
    assert client.get(f"{CUSTOMERS}{mine.id}", headers={"If-None-Match": tag}).status_code == 304
    assert len(readings()) == 2


def test_what_is_refused_is_no_reading(client: Browser, people: People, theirs: Customer) -> None:
    reader = key(people)
    for path in (f"{CUSTOMERS}{theirs.id}", f"{CUSTOMERS}?f.unknown=1", f"{CUSTOMERS}{theirs.id}?fields=unknown"):
        assert client.get(path, headers=reader).status_code in (400, 404), path
    assert readings() == []


def test_the_log_tells_the_filter_in_words(client: Browser, people: People, mine: Customer) -> None:
    client.get(f"{CUSTOMERS}?f.level=key&q=138", headers=key(people))
    page = login(client, people.admin).get("/audit/?action=read_rest").text
    said = page.split("<tbody>")[1]
    assert "呼叫中心" in said and "“138”" in said and "f.level" not in said


def test_readers_at_the_same_moment_are_all_answered(
    app: Flask, client: Browser, people: People, mine: Customer
) -> None:
    """Each reading is written down: on SQLite it must take its turn, not fail as 'locked'."""
    headers = key(people)
    session.commit()
    answers: list[int] = []

    def read() -> None:
        other = app.test_client()
        for _turn in range(5):
            answers.append(other.get("/api/v1/customer/", headers=headers).status_code)

    threads = [threading.Thread(target=Context().run, args=(read,)) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 20
