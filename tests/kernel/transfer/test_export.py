"""TRF-2: a list leaves the product with its filter, columns, order and scope, and nothing in it can run."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from python_calamine import load_workbook
from sqlalchemy import select, update

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.db import now, session, transaction
from app.fields.records import create_record
from app.host.context import entity
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, login
from app.transfer.models import Export
from app.transfer.rules.cells import harmless, original
from app.transfer.services import exports
from app.transfer.services.cleaning import remove_old_files
from app.types import SYSTEM

COLUMNS = ("code", "name", "kind", "owner_id", "annual_income", "birth_date", "created_at")


def customer(owner: int | None, code: str, name: str, **values: Any) -> Any:
    with acting_as(SYSTEM):
        return create_record(entity("customer"), {"code": code, "name": name, "owner_id": owner, **values})


def read_csv(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def export(client: Browser, file_format: str, query: str = "", columns: tuple[str, ...] = COLUMNS) -> Any:
    data = {"format": file_format, "column": list(columns), "reason": "月末核对客户"}
    return client.post(f"/export/start/customer?{query}", data=data, follow_redirects=True, buffered=True)


@pytest.fixture
def cast(people: People) -> People:
    mine, other = people.manager.employee_id, people.stranger.employee_id
    customer(mine, "K1", "张三", annual_income="120000.50", birth_date="1980-02-03")
    customer(mine, "K2", " =1+1", annual_income="3")
    customer(mine, "K3", "李四", mobile="+8613800138000")
    customer(other, "K9", "外人")
    return people


def test_a_csv_of_the_filtered_list_within_the_scope(client: Browser, cast: People) -> None:
    login(client, cast.admin)
    rows = read_csv(export(client, "csv", "sort=code").data)
    assert [row[0] for row in rows[1:]] == ["K1", "K2", "K3", "K9"]
    assert rows[1][1:6] == ["张三", rows[1][2], "张经理", "120000.50", "1980-02-03"]
    assert rows[1][2] in ("个人", "Personal")
    rows = read_csv(export(client, "csv", "sort=-code&f.name=李").data)
    assert [row[0] for row in rows[1:]] == ["K3"]

    login(client, cast.head)
    rows = read_csv(export(client, "csv", "sort=code").data)
    assert [row[0] for row in rows[1:]] == ["K1", "K2", "K3"]
    login(client, cast.manager)
    assert export(client, "csv").status_code == 403


def test_cells_cannot_become_formulas(client: Browser, cast: People) -> None:
    login(client, cast.admin)
    rows = read_csv(export(client, "csv", "sort=code", ("code", "name", "mobile")).data)
    assert rows[2][1] == "' =1+1" or rows[2][1] == "'=1+1"
    assert rows[3][2] in ("13800138000", "'+8613800138000")


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1", "\n=cmd", "\u3000=1", "＝1", "\ufeff=1"]
)
def test_what_is_made_harmless(text: str) -> None:
    assert harmless(text) == "'" + text
    assert original(harmless(text)) == text


@pytest.mark.parametrize("text", ["a=1", "1-2", "", "张三", "'quoted'", "a@b.cn"])
def test_what_is_left(text: str) -> None:
    assert harmless(text) == text and original(text) == text


def test_an_xlsx_has_numbers_dates_and_text(client: Browser, cast: People) -> None:
    login(client, cast.admin)
    answer = export(client, "xlsx", "sort=code")
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = load_workbook(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert rows[1][0:2] == ["K1", "张三"] and rows[1][4] == 120000.5
    assert rows[1][5] == date(1980, 2, 3)
    local = datetime.now(UTC) + timedelta(hours=8)
    assert abs(rows[1][6] - local.replace(tzinfo=None)) < timedelta(minutes=5)
    assert str(rows[2][1]).startswith("'")


def test_a_long_list_is_a_job_and_the_audit_log_knows(
    client: Browser, cast: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    monkeypatch.setattr(exports, "_CHUNK", 2)
    login(client, cast.admin)
    answer = export(client, "xlsx", "sort=code")
    assert answer.status_code == 200 and answer.mimetype == "text/html"
    made = session.scalars(select(Export)).one()
    assert not made.stored and client.get(f"/export/{made.id}/file", buffered=True).status_code == 404
    run_pending()
    session.expire_all()
    assert client.get(f"/export/{made.id}/").status_code == 200
    content = client.get(f"/export/{made.id}/file", buffered=True).data
    assert len(load_workbook(io.BytesIO(content)).get_sheet_by_index(0).to_python()) == 5
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "export")).one()
    assert entry.changes["rows"] == [None, 4] and entry.changes["filter"] == [None, "sort=code"]
    assert "customer" in client.get("/export/").text or client.get("/export/").status_code == 200


def test_a_file_is_its_owners_until_it_expires(client: Browser, cast: People) -> None:
    login(client, cast.admin)
    export(client, "csv")
    made = session.scalars(select(Export)).one()
    assert client.get(f"/export/{made.id}/file", buffered=True).status_code == 200
    other = cast.add("other", "另管理", cast.head_office, "Admin")
    login(client, other)
    assert client.get(f"/export/{made.id}/file", buffered=True).status_code == 404
    assert client.get(f"/export/{made.id}/").status_code == 404
    login(client, cast.admin)
    with transaction() as current:
        current.execute(update(Export).values(expires_at=now() - timedelta(seconds=1)))
    for address in (f"/export/{made.id}/file", f"/export/{made.id}/"):
        answer = client.get(address, buffered=True)
        assert answer.status_code == 410 and "/export/" in answer.text, address
    with acting_as(SYSTEM):
        assert remove_old_files() == 1
    assert client.get(f"/export/{made.id}/file").status_code == 410
    login(client, other)
    assert client.get(f"/export/{made.id}/file").status_code == 404


@pytest.mark.parametrize(
    ("query", "columns", "file_format"),
    [
        ("f.bogus=1", COLUMNS, "csv"),
        ("sort=search_tokens", COLUMNS, "csv"),
        ("", ("search_tokens",), "csv"),
        ("", (), "csv"),
        ("", COLUMNS, "exe"),
    ],
)
def test_what_is_not_understood_is_refused(
    client: Browser, cast: People, query: str, columns: tuple[str, ...], file_format: str
) -> None:
    login(client, cast.admin)
    assert export(client, file_format, query, columns).status_code == 400
    assert session.scalars(select(Export)).all() == []


def test_entities_without_export_have_none(client: Browser, cast: People) -> None:
    login(client, cast.admin)
    assert client.get("/export/start/customer_share").status_code == 403
    assert client.get("/export/start/nonsense").status_code == 403
    login(client, None)
    assert client.get("/export/start/customer").status_code == 302
