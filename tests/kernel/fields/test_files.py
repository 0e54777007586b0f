"""Files in a field: nobody's but the record's, read by whoever reads the field, gone when it names them no more."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.access.actors import acting_as
from app.access.models import AuditEntry, FieldPermission
from app.db import now, session, transaction
from app.testing.people import Browser, People, login
from app.transfer.models import Attachment
from app.transfer.services import storage
from app.transfer.services.cleaning import remove_old_files
from app.types import SYSTEM, Refused
from tests.kernel.base.forms import fields_of
from tests.kernel.fields.shaping import PDF, add_fields, rebuilt, send_file

DOCS = {"key": "x_files", "label_zh": "材料", "kind": "files", "most": 2}


@pytest.fixture
def shaped(app: Flask, people: People) -> Iterator[Flask]:
    add_fields(DOCS, {"key": "x_text", "label_zh": "文字", "kind": "text"})
    with rebuilt(app) as new:
        yield new


def create(client: Browser, *ids: int) -> Any:
    return client.post("/api/v1/customer/", json={"name": "甲", "x_files": list(ids)})


def change(client: Browser, pk: int, *ids: int) -> Any:
    etag = client.get(f"/api/v1/customer/{pk}").headers["ETag"]
    return client.put(f"/api/v1/customer/{pk}", json={"x_files": list(ids)}, headers={"If-Match": etag})


def stored() -> int:
    return len(list(storage.folder("attachments").iterdir()))


def test_a_file_lives_with_the_value_that_names_it(shaped: Flask, people: People) -> None:
    manager = login(shaped.test_client(), people.manager)
    first, second, third = (send_file(manager, f"{name}.pdf") for name in "一二三")
    pk = create(manager, first, second).json["id"]
    for address in (f"/attachment/{first}/file", f"/api/v1/file/{first}"):
        fetched = manager.get(address, buffered=True)
        assert fetched.data == PDF and fetched.headers["Content-Disposition"].startswith("attachment")
        assert fetched.headers["X-Content-Type-Options"] == "nosniff"
    assert "一.pdf" not in manager.get(f"/customer/show/{pk}/tab/attachments", htmx=True).text
    assert manager.post(f"/attachment/{first}/delete", htmx=True).status_code == 200
    form = fields_of(manager.get(f"/customer/edit/{pk}").text)
    assert json.loads(form["x_files"]) == [[first, "一.pdf"], [second, "二.pdf"]]
    form["x_files"] = json.dumps([[second, "伪.pdf"], [third, "x"]])
    assert manager.post(f"/customer/edit/{pk}", data=form).status_code == 303
    answer = manager.get(f"/api/v1/customer/{pk}").json["result"]["x_files"]
    assert answer == [{"id": second, "name": "二.pdf"}, {"id": third, "name": "三.pdf"}]
    assert manager.get(f"/attachment/{first}/file").status_code == 404 and stored() == 2
    with acting_as(SYSTEM):
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "update")).all()[-1]
    assert entry.changes["x_files"][0] == [[first, "一.pdf"], [second, "二.pdf"]]
    history = manager.get(f"/customer/show/{pk}/tab/history", htmx=True).text
    assert "一.pdf、二.pdf" in history and "二.pdf、三.pdf" in history


def test_no_file_of_others_is_taken(shaped: Flask, people: People) -> None:
    manager = login(shaped.test_client(), people.manager)
    mine = send_file(manager, "甲.pdf")
    pk = create(manager, mine).json["id"]
    waiting = send_file(manager, "乙.pdf")
    tab = manager.post(f"/attachment/customer/{pk}", data={"file": (io.BytesIO(PDF), "页.pdf")}, htmx=True)
    assert "页.pdf" in tab.text
    loose = session.scalars(select(Attachment.id).where(Attachment.field.is_(None))).one()
    for ids in ([mine], [loose], [waiting, 10**9], [waiting, waiting, mine]):
        assert create(manager, *ids).status_code == 422, ids
    assert change(manager, pk, mine, waiting, send_file(manager, "丙.pdf")).status_code == 422
    colleague = login(shaped.test_client(), people.colleague)
    assert create(colleague, waiting).status_code == 422
    for client in (colleague, login(shaped.test_client(), people.stranger), shaped.test_client()):
        for number in (mine, waiting):
            assert client.get(f"/attachment/{number}/file").status_code in (302, 401, 404)
            assert client.get(f"/api/v1/file/{number}").status_code in (401, 404)
    login(manager, people.manager)
    for field, status in (("customer/x_text", 404), ("customer/x_none", 404), ("nothing/x_files", 404)):
        assert manager.post(f"/api/v1/file/{field}", data={"file": (io.BytesIO(PDF), "a.pdf")}).status_code == status
    for content, name in ((b"<html>", "a.pdf"), (b"", "a.pdf"), (PDF, "a.exe")):
        data = {"file": (io.BytesIO(content), name)}
        assert manager.post("/api/v1/file/customer/x_files", data=data).status_code == 422
    for wrong in ("[[1]]", "x", '[["1","a"]]', "[true]", "[" * 5000):
        sent = fields_of(manager.get("/customer/add").text) | {"name": "乙", "x_files": wrong}
        assert manager.post("/customer/add", data=sent).status_code == 422, wrong[:9]


@pytest.mark.parametrize(("level", "send", "fetch"), [("hidden", 404, 404), ("masked", 422, 404), ("read", 422, 200)])
def test_the_right_to_a_file_is_that_to_its_field(
    shaped: Flask, people: People, level: str, send: int, fetch: int
) -> None:
    manager = login(shaped.test_client(), people.manager)
    kept = send_file(manager, "甲.pdf")
    create(manager, kept)
    with acting_as(SYSTEM), transaction() as current:
        role = people.manager.role_id
        current.add(FieldPermission(role_id=role, entity="customer", field="x_files", level=level))
    login(manager, people.manager)
    data = {"file": (io.BytesIO(PDF), "a.pdf")}
    assert manager.post("/api/v1/file/customer/x_files", data=data).status_code == send
    assert manager.get(f"/api/v1/file/{kept}", buffered=True).status_code == fetch
    assert manager.get(f"/attachment/{kept}/file", buffered=True).status_code == fetch


def test_what_no_record_names_goes_after_a_day(shaped: Flask, people: People) -> None:
    manager = login(shaped.test_client(), people.manager)
    old, fresh = send_file(manager, "旧.pdf"), send_file(manager, "新.pdf")
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(Attachment).where(Attachment.id == old).values(created_at=now() - timedelta(hours=25)))
    with acting_as(SYSTEM):
        remove_old_files()
        assert session.scalars(select(Attachment.id)).all() == [fresh]


@pytest.mark.parametrize("values", [{"most": 21}, {"most": 0}, {"default": "a"}, {"indexed": True}, {"sole": True}])
def test_what_cannot_be(app: Flask, values: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        add_fields(DOCS | values)
    assert list(refused.value.errors) == list(values)
