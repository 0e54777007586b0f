"""TRF-3: files of records: by content, within the scope of the record, never run by a browser."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from sqlalchemy import func, select

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.db import session
from app.fields.records import create_record
from app.host.context import entity
from app.testing.people import Browser, People, login
from app.transfer.models import Attachment
from app.transfer.rules import attached
from app.transfer.services import storage
from app.types import SYSTEM
from tests.kernel.transfer.tables import xlsx_bytes

PDF = b"%PDF-1.7\n1 0 obj\n"


@pytest.fixture
def record(people: People) -> Any:
    with acting_as(SYSTEM):
        return create_record(entity("customer"), {"name": "张三", "owner_id": people.manager.employee_id})


def add(client: Browser, record_id: int, content: bytes, name: str, slug: str = "customer") -> Any:
    data = {"file": (io.BytesIO(content), name)}
    return client.post(f"/attachment/{slug}/{record_id}", data=data, htmx=True)


def count() -> int:
    return session.scalar(select(func.count()).select_from(Attachment)) or 0


def test_a_file_is_kept_shown_fetched_and_removed(client: Browser, people: People, record: Any) -> None:
    login(client, people.admin)
    answer = add(client, record.id, PDF, "合同.pdf")
    assert answer.status_code == 200 and "合同.pdf" in answer.text
    pk = int(re.search(r"/attachment/(\d+)/file", answer.text)[1])
    fetched = client.get(f"/attachment/{pk}/file", buffered=True)
    assert fetched.data == PDF and fetched.headers["Content-Disposition"].startswith("attachment")
    assert fetched.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in fetched.headers["Content-Security-Policy"]
    tab = client.get(f"/customer/show/{record.id}/tab/attachments")
    assert tab.status_code in (200, 404) and (tab.status_code == 404 or "合同.pdf" in tab.text)
    acts = session.scalars(select(AuditEntry.action).where(AuditEntry.record_id == str(record.id)))
    assert "attach" in set(acts)

    assert client.post(f"/attachment/{pk}/delete", htmx=True).status_code == 200
    assert count() == 0 and not list(storage.folder("attachments").iterdir())
    assert client.get(f"/attachment/{pk}/file", buffered=True).status_code == 404


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.html", b"<html><script>alert(1)</script>"),
        ("a.svg", b"<svg onload=alert(1)>"),
        ("a.txt", b"<!DOCTYPE html><script>alert(1)</script>"),
        ("a.txt", b"#!/bin/sh\nrm -rf /"),
        ("a.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("a.pdf", b"MZ\x90\x00"),
        ("a.exe", b"MZ\x90\x00"),
        ("a.docx", b"PK\x03\x04not a zip"),
        ("a.docx", xlsx_bytes(("a",))),
        ("a", PDF),
        ("a.pdf", b""),
    ],
)
def test_what_is_not_taken(client: Browser, people: People, record: Any, name: str, content: bytes) -> None:
    login(client, people.admin)
    answer = add(client, record.id, content, name)
    assert "alert-danger" in answer.text and count() == 0
    assert not list(storage.folder("attachments").iterdir())


def test_a_path_in_a_name_is_harmless(client: Browser, people: People, record: Any) -> None:
    login(client, people.admin)
    add(client, record.id, PDF, "../../../etc/cron.d/x.pdf")
    made = session.scalars(select(Attachment)).one()
    assert made.name == "x.pdf" and re.fullmatch(r"[0-9a-f]{32}", made.stored)


def test_the_largest_file(client: Browser, people: People, record: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.transfer.services.attachments.MAX_ATTACHMENT", 10)
    login(client, people.admin)
    assert "alert-danger" in add(client, record.id, PDF, "a.pdf").text and count() == 0


def test_only_within_the_scope_of_the_record(client: Browser, people: People, record: Any) -> None:
    login(client, people.admin)
    answer = add(client, record.id, PDF, "a.pdf")
    pk = int(re.search(r"/attachment/(\d+)/file", answer.text)[1])
    login(client, people.manager)
    assert client.get(f"/attachment/{pk}/file", buffered=True).status_code == 200
    login(client, people.stranger)
    assert client.get(f"/attachment/{pk}/file", buffered=True).status_code == 404
    assert client.post(f"/attachment/{pk}/delete").status_code == 404
    assert add(client, record.id, PDF, "b.pdf").status_code == 404
    login(client, None)
    assert client.get(f"/attachment/{pk}/file", buffered=True).status_code == 302
    assert count() == 1


def test_every_kind_that_is_taken_has_a_type() -> None:
    for suffix, types in attached.ALLOWED.items():
        assert suffix.startswith(".") and all("/" in one for one in types)
    assert not {".svg", ".html", ".htm", ".xml", ".js", ".exe"} & attached.ALLOWED.keys()
