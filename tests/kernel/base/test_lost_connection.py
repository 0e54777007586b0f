"""A database connection is lost, within a request or between two: nothing is half saved, and the next one works."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, event, select, text

from app.access.models import AuditEntry
from app.customers.models import Customer
from app.db import db, session
from app.testing.people import Browser, People

#: SQLite has no connection that another could end.
pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
EDIT = {"name": "改名", "remark": "改"}


@contextmanager
def killing() -> Iterator[Any]:
    """What ends connections of the app's database from outside: the one of that backend, or all."""
    outside = create_engine(db.engine.url, isolation_level="AUTOCOMMIT")

    others = text("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()")

    def kill(*chosen: int) -> int:
        with outside.connect() as connection:
            pids = chosen or tuple(connection.scalars(others))
            # waits until they are gone
            gone = [connection.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid}) for pid in pids]
        return sum(gone)

    yield kill
    outside.dispose()


@pytest.fixture
def killer(app: Flask) -> Iterator[Any]:
    with killing() as kill:
        yield kill


@contextmanager
def lost(kill: Any, moment: str, first: str = "UPDATE customer ") -> Iterator[list[int]]:
    """The first connection that gets to the moment is lost there: ``change`` after a change was sent that begins like
    `first`, ``commit`` before it is kept, ``answer`` after it is kept and before that is known here."""
    ended: list[int] = []

    def end(connection: Any) -> None:
        if not ended:
            ended.append(kill(connection.connection.driver_connection.info.backend_pid))

    def after(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(first):
            changed.append(connection)
            if moment == "change":
                end(connection)

    def before_commit(connection: Any) -> None:
        if connection not in changed or moment == "change":
            return
        if moment == "answer" and not ended:
            driver = connection.connection.driver_connection
            driver.commit()
            end(connection)
            with suppress(Exception):
                driver.execute("SELECT 1")  # notices; what is committed next then fails as the lost answer would
        end(connection)

    changed: list[Any] = []
    event.listen(db.engine, "after_cursor_execute", after)
    event.listen(db.engine, "commit", before_commit)
    try:
        yield ended
    finally:
        event.remove(db.engine, "after_cursor_execute", after)
        event.remove(db.engine, "commit", before_commit)


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize("moment", ["change", "commit"])
def test_a_change_that_loses_its_connection_is_told_and_not_half_saved(
    manager: Browser, mine: Customer, killer: Any, moment: str, htmx: bool
) -> None:
    number, name = mine.id, mine.name
    with lost(killer, moment) as ended:
        answer = manager.post(f"/customer/edit/{number}", data=EDIT, htmx=htmx)
    assert ended == [1]
    assert answer.status_code == 503
    trace = answer.headers["X-Trace-Id"]
    if htmx:
        said = json.loads(answer.headers["HX-Trigger"])["toast"]["text"]
    else:
        said = answer.text
    assert "系统暂时不可用" in said and trace in said
    assert session.scalar(select(Customer.__table__.c.name).where(Customer.__table__.c.id == number)) == name
    updates = select(AuditEntry.id).where(AuditEntry.action == "update", AuditEntry.entity == "customer")
    assert session.scalar(updates) is None
    again = manager.post(f"/customer/edit/{number}", data=EDIT)
    assert again.status_code == 303
    assert session.scalar(updates) is not None


def test_connections_lost_between_requests_are_not_noticed(
    manager: Browser, mine: Customer, people: People, killer: Any
) -> None:
    assert manager.get("/customer/list/").status_code == 200
    session.commit()
    assert killer() >= 1
    answer = manager.get("/customer/list/")
    assert answer.status_code == 200 and mine.name in answer.text


def test_a_script_is_told_in_json(manager: Browser, mine: Customer, killer: Any) -> None:
    with lost(killer, "change") as ended:
        answer = manager.patch(f"/api/v1/customer/{mine.id}", json={"name": "改名"})
    assert (ended, answer.status_code) == ([1], 503)
    assert answer.json["trace_id"] == answer.headers["X-Trace-Id"] and answer.headers["Retry-After"]
    assert manager.patch(f"/api/v1/customer/{mine.id}", json={"name": "改名"}).status_code == 200
