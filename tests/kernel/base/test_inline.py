"""Editing one field in place: what is saved, refused, masked, and what happens when somebody was faster."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from app.access.models import AuditEntry, FieldPermission
from app.customers.models import Customer
from app.db import session, transaction
from app.testing.factories import make_contact
from app.testing.people import Browser, People, login
from app.types import Level


def editor(browser: Browser, slug: str, pk: int, field: str) -> dict[str, str]:
    """The hidden values of the editor as a browser would send them."""
    answer = browser.get(f"/{slug}/cell/{pk}/{field}")
    assert answer.status_code == 200, answer.text
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.json["editor"])
    return {name: html.unescape(value) for name, value in found}


def send(browser: Browser, slug: str, pk: int, field: str, text: str, **more: str) -> Any:
    sent = {**editor(browser, slug, pk, field), field: text, "_shown": f"{field},name"} | more
    return browser.post(f"/{slug}/cell/{pk}/{field}", data=sent)


def test_a_cell_is_saved_and_comes_back_as_it_looks_now(manager: Browser, mine: Customer) -> None:
    answer = send(manager, "customer", mine.id, "level", "normal", unit_id="1", name="别的名字")
    assert answer.status_code == 200, answer.text
    assert set(answer.json["cells"]) == {"level", "name"}
    session.refresh(mine)
    assert (mine.level, mine.name, mine.version) == ("normal", "我的客户", 2)  # nothing else that was sent
    entry = session.query(AuditEntry).filter_by(entity="customer", record_id=str(mine.id), action="update").one()
    assert entry.changes == {"level": ["key", "normal"]}
    assert 'href="/customer/show/' in answer.json["cells"]["name"]["list"]


def test_what_is_wrong_is_said_and_what_was_typed_stays(manager: Browser, mine: Customer) -> None:
    answer = send(manager, "customer", mine.id, "mobile", "12<3")
    assert answer.status_code == 422
    assert 'value="12&lt;3"' in answer.json["editor"] and "invalid-feedback" in answer.json["editor"]
    assert send(manager, "customer", mine.id, "name", "").status_code == 422
    session.refresh(mine)
    assert (mine.mobile, mine.name) == ("13800138000", "我的客户")


@pytest.mark.parametrize("slug", ["customer", "contact"])
def test_somebody_who_was_faster_is_not_overwritten_unasked(manager: Browser, mine: Customer, slug: str) -> None:
    record: Any = mine if slug == "customer" else make_contact(mine, "联系人")  # with a version, and without one
    before = editor(manager, slug, record.id, "name")
    assert send(manager, slug, record.id, "name", "先到").status_code == 200
    answer = manager.post(f"/{slug}/cell/{record.id}/name", data={**before, "name": "后到"})
    assert answer.status_code == 409
    assert "先到" in answer.json["editor"] and 'value="后到"' in answer.json["editor"]
    session.refresh(record)
    assert record.name == "先到"
    now = re.findall(r'name="(_version|_was)" value="([^"]*)"', answer.json["editor"])
    assert manager.post(f"/{slug}/cell/{record.id}/name", data={**dict(now), "name": "后到"}).status_code == 200
    session.refresh(record)
    assert record.name == "后到"


def test_nobody_edits_what_they_may_not(manager: Browser, mine: Customer, theirs: Customer) -> None:
    assert manager.get(f"/customer/cell/{theirs.id}/level").status_code == 404
    assert manager.post(f"/customer/cell/{theirs.id}/level", data={"level": "key"}).status_code == 404
    for field in ("code_no", "version", "search_tokens"):
        assert manager.get(f"/customer/cell/{mine.id}/{field}").status_code == 404
    for field in ("owner_id", "created_at", "uscc"):  # at creation only, by the product, of companies
        assert "refused" in manager.get(f"/customer/cell/{mine.id}/{field}").json
        assert manager.post(f"/customer/cell/{mine.id}/{field}", data={field: "1", "_version": "1"}).status_code == 403
    assert manager.post(f"/customer/cell/{mine.id}/level", data={"level": "key"}, csrf=False).status_code == 400


@pytest.mark.parametrize(("level", "code"), [(Level.READ, 403), (Level.MASKED, 403), (Level.HIDDEN, 404)])
def test_field_permission_holds_in_cells(
    client: Browser, people: People, mine: Customer, level: Level, code: int
) -> None:
    role = people.manager.role_id
    with transaction() as current:
        current.add(FieldPermission(role_id=role, entity="customer", field="mobile", level=level.word))
    browser = login(client, people.manager)
    sent = {"mobile": "13900139000", "_version": str(mine.version)}
    assert browser.post(f"/customer/cell/{mine.id}/mobile", data=sent).status_code == code
    page = browser.get("/customer/list/").text
    assert 'data-field="mobile" data-edit' not in page and 'data-field="level" data-edit' in page
    # nor does what another field answers show more of it
    shown = send(browser, "customer", mine.id, "level", "normal", _shown="level,mobile").text
    assert ("13800138000" in shown) is (level is Level.READ)
    assert session.get_one(Customer, mine.id).mobile == "13800138000"
