"""SEC-5: the log is searched by field and text, a page at a time, and the entries found are a file."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text

import app.access.audit.reading as reading
from app.access.actors import acting_as
from app.access.audit import Act, record_acts
from app.access.audit.reading import AuditQuery, every_entry, read_entries
from app.access.models import AuditEntry, FieldPermission
from app.db import db, session, transaction
from app.fields.records import update_record
from app.host.context import entity
from app.testing.factories import make_customer
from app.testing.people import Browser, People, Person, login
from app.testing.statements import heard
from app.types import SYSTEM


@pytest.fixture
def auditor(people: People) -> Person:
    return people.add("shen", "沈审计", people.head_office, "audit_admin")


def write(*acts: Act) -> None:
    with acting_as(SYSTEM), transaction() as current:
        record_acts(current, acts)


def numbers(**asked: Any) -> list[str]:
    found, _before = read_entries(AuditQuery(**asked))
    return [entry.record_id for entry in found]


@pytest.fixture
def written(people: People) -> None:
    write(
        Act("tested", "customer", "1", "赵六", {"remark": [None, '他说"好"\n再谈'], "level": ["normal", "key"]}),
        Act("tested", "customer", "2", "钱七", {"mobile": ["13800000000", "13911112222"]}),
        Act("tested", "employee", "3", "Zhang San", {"name": ["level", None]}),
        Act("tested", "customer", "4", "100%_甲"),
    )


@pytest.mark.usefixtures("written")
def test_fields_and_texts_are_found(people: People) -> None:
    assert numbers(action="tested", fields=("level",)) == ["1"]  # not the value "level" of entry 3
    assert numbers(action="tested", fields=("mobile", "name")) == ["3", "2"]
    assert numbers(text="赵") == ["1"]
    assert numbers(text='"好"\n再') == ["1"]
    assert numbers(text="13911112222") == ["2"]
    assert numbers(text="zhang san") == ["3"]
    assert numbers(text="100%_") == ["4"]
    assert numbers(text="1%2") == []
    assert numbers(text="normal", fields=("level",), entity="customer") == ["1"]


@pytest.mark.usefixtures("written")
def test_what_one_does_not_read_is_not_searched_by(people: People) -> None:
    untold = {"customer": frozenset({"mobile"})}
    assert numbers(text="13911112222", untold=untold) == []
    assert numbers(action="tested", fields=("mobile", "name"), untold=untold) == ["3"]
    assert numbers(action="tested", fields=("level",), untold=untold) == ["1"]


def test_hidden_values_are_not_guessed_through_the_screen(client: Browser, people: People, auditor: Person) -> None:
    customer = make_customer("赵六", people.manager)
    with acting_as(people.manager.actor):
        update_record(entity("customer"), customer, {"mobile": "13911112222"})
    login(client, auditor)
    assert 'id="entry-' in client.get("/audit/?text=1391111").text
    with acting_as(SYSTEM), transaction() as current:
        row = {"role_id": auditor.role_id, "entity": "customer", "field": "mobile", "level": "masked"}
        current.execute(insert(FieldPermission), [row])
    assert 'id="entry-' not in client.get("/audit/?text=1391111").text
    exported = client.post("/audit/export", data={"format": "csv", "entity": "customer"}, buffered=True)
    assert exported.status_code == 200
    assert "13911112222" not in exported.text
    assert "赵六" in exported.text


def test_a_search_goes_back_a_window_at_a_time(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WINDOW", 20)
    write(Act("tested", "customer", "old", "找我"))
    write(*(Act("tested", "customer", str(i)) for i in range(50)))
    seen, before, steps = [], None, 0
    while True:
        found, before = read_entries(AuditQuery(text="找我", action="tested", before=before))
        seen += [entry.record_id for entry in found]
        steps += 1
        if before is None:
            break
    assert (seen, steps) == (["old"], 3)


def statements_of(act: Any) -> list[str]:
    with heard() as said:
        act()
    return [one for one in said if one.startswith("SELECT")]


@pytest.mark.usefixtures("written")
def test_a_page_takes_at_most_two_statements(people: People) -> None:
    session.execute(text("SELECT 1"))
    assert len(statements_of(lambda: read_entries(AuditQuery(action="tested")))) == 1
    assert len(statements_of(lambda: read_entries(AuditQuery(action="tested", text="赵", fields=("level",))))) == 2


def test_a_rare_act_and_an_entity_have_an_index(people: People) -> None:
    session.execute(text("SELECT 1"))
    on_postgresql = db.engine.dialect.name == "postgresql"
    if on_postgresql:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        session.execute(text("SET LOCAL enable_sort = off"))
    for where, index in (
        ("action = 'login_failed' AND " + reading.RARE_ACTS, "ix_access_audit_act"),
        ("entity = 'role'", "ix_access_audit_entity"),
    ):
        explain = "EXPLAIN " if on_postgresql else "EXPLAIN QUERY PLAN "
        plan = session.execute(text(f"{explain}SELECT * FROM access_audit WHERE {where} ORDER BY id DESC LIMIT 51"))
        assert index in "\n".join(str(row) for row in plan), index


@pytest.mark.usefixtures("written")
def test_the_entries_found_are_a_file_and_that_is_written_down(client: Browser, auditor: Person) -> None:
    write(Act("tested", "customer", "5", "=HYPERLINK(1)", {"remark": ["@a", "+b"]}))
    login(client, auditor)
    exported = client.post("/audit/export", data={"format": "csv", "action": "tested"}, buffered=True)
    assert (exported.status_code, exported.headers["X-Content-Type-Options"]) == (200, "nosniff")
    assert "attachment" in exported.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(exported.get_data().decode("utf-8-sig"))))
    assert len(rows) == 6
    assert [row[5] for row in rows[1:]] == ["5", "4", "3", "2", "1"]
    assert not any(cell[:1] in "=+@" for row in rows for cell in row if cell)
    assert "13911112222" in rows[4][7]
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (entry.action, entry.entity, entry.user_id) == ("export", "audit", auditor.user_id)
    assert entry.changes == {"filter": [None, "action=tested"], "rows": [None, 5], "format": [None, "csv"]}
    book = client.post("/audit/export", data={"format": "xlsx", "action": "tested", "text": "赵"}, buffered=True)
    sheet = zipfile.ZipFile(io.BytesIO(book.get_data())).read("xl/worksheets/sheet1.xml")
    assert sheet.count(b"<row ") == 2
    assert b"<f>" not in sheet


def test_only_with_a_permission_of_its_own(client: Browser, people: People, auditor: Person) -> None:
    login(client, people.manager)
    assert client.post("/audit/export", data={"format": "csv"}).status_code == 403
    login(client, auditor)
    assert 'value="xlsx"' in client.get("/audit/").text
    assert client.post("/audit/export", data={"format": "csv"}, csrf=False).status_code == 400
    from app.base.security.roles import matrix, read_role, save_role
    from app.base.security.roles.matrix import shown_pairs

    with acting_as(people.admin.actor):
        role = read_role(auditor.role_id)
        assert role is not None
        save_role(role.id, (role.pairs & shown_pairs(matrix())) - {("can_export", "AuditView")}, {}, role.seen)
    page = client.get("/audit/")
    assert page.status_code == 200
    assert 'value="xlsx"' not in page.text
    assert client.post("/audit/export", data={"format": "csv"}).status_code == 403


def test_too_much_or_not_understood_exports_nothing(
    client: Browser, people: People, auditor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.base.security.audit_export.MAX_EXPORTED", 3)
    write(*(Act("tested", "customer", str(i)) for i in range(4)))
    login(client, auditor)
    count = session.scalar(select(func.count()).select_from(AuditEntry))
    for data in (
        {"format": "csv"},
        {"format": "pdf"},
        {"format": "csv", "from": "bald"},
        {"format": "csv", "entity": "x"},
    ):
        answer = client.post("/audit/export", data={**data, "action": "tested"})
        assert answer.status_code == 303, data
        assert "/audit/" in answer.headers["Location"]
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == count


def test_every_entry_is_read_once_in_chunks(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_CHUNK", 7)
    write(*(Act("tested", "customer", str(i)) for i in range(30)))
    chunks = [[entry.record_id for entry in chunk] for chunk in every_entry(AuditQuery(action="tested"))]
    assert [len(chunk) for chunk in chunks] == [7, 7, 7, 7, 2]
    assert [number for chunk in chunks for number in chunk] == [str(i) for i in reversed(range(30))]
