"""POOL-7: a draft tried on screen: figures, customers within one's view, the file, and nothing saved."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from urllib.parse import urlencode
from zipfile import ZipFile

import pytest
import time_machine
from python_calamine import load_workbook
from sqlalchemy import func, select

from app.api import now
from app.testing.factories import make_customer
from app.testing.people import Browser, login
from plugins.pools.models import PoolMovement, PoolRule, PoolStanding
from plugins.pools.tests.conftest import Bank, rows
from plugins.pools.views import tonight

PAGE = "/pools_simulation/list/"
DRAFT = {"position": "1", "trigger": "follow_up", "amber_days": "5", "red_days": "5", "pool_days": "5"}


def long_ago() -> time_machine.travel:
    """Two months before today."""
    return time_machine.travel(now() - timedelta(days=60), tick=False)


def test_a_draft_is_tried_before_it_is_saved(bank: Bank, client: Browser) -> None:
    people = bank.people
    with long_ago():
        mine = make_customer(owner=people.manager, name="久未联系")
        make_customer(owner=people.stranger, name="别家客户")
    before = rows(select(func.count()).select_from(PoolMovement)), rows(select(PoolStanding.stage))
    login(client, people.head)
    page = client.get(f"{PAGE}?{urlencode(DRAFT)}")
    assert page.status_code == 200
    assert "久未联系" in page.text
    assert "别家客户" not in page.text
    assert "久未联系" in client.get(f"{PAGE}?{urlencode({**DRAFT, 'rung': 'pool'})}").text
    assert before == (rows(select(func.count()).select_from(PoolMovement)), rows(select(PoolStanding.stage)))
    assert len(rows(select(PoolRule.id))) == 1
    assert mine.owner_id == people.manager.employee_id


def test_what_is_no_draft_is_refused_with_its_reason(bank: Bank, client: Browser) -> None:
    login(client, bank.people.head)
    assert client.get(PAGE).status_code == 200, "without a draft the rules are offered"
    for wrong in (
        {"trigger": "follow_up"},
        {**DRAFT, "condition": "or(level:in:key"},
        {**DRAFT, "amber_days": "soon"},
        {"rule": "999999"},
        {"rule": "' or 1=1"},
    ):
        assert client.get(f"{PAGE}?{urlencode(wrong)}").status_code == 400, wrong
    login(client, bank.people.manager)
    assert client.get(f"{PAGE}?{urlencode(DRAFT)}").status_code == 403


def test_the_trial_as_a_file(bank: Bank, client: Browser) -> None:
    with long_ago():
        make_customer(owner=bank.people.manager, name="=1+1")
    login(client, bank.people.head)
    address = f"/pools_simulation/file?{urlencode(DRAFT)}"
    assert client.get(address).status_code == 200
    assert client.post(address, data={"reason": ""}).status_code == 400
    answer = client.post(address, data={"reason": "季度规则评审"})
    assert answer.status_code == 200
    with ZipFile(BytesIO(answer.data)) as book:
        sheets = "".join(book.read(name).decode() for name in book.namelist() if "worksheets/" in name)
    assert "=1+1" in sheets
    assert "<f>" not in sheets


def test_tonight_as_a_file(bank: Bank, client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    with long_ago():
        for owner, name in ((bank.people.manager, "久未联系"), (bank.people.colleague, "同事客户")):
            make_customer(owner=owner, name=name)
        make_customer(owner=bank.people.stranger, name="别家客户")
    login(client, bank.people.head)
    assert "/pools_rule/preview/file?act=recycle" in client.get("/pools_rule/preview?act=recycle").text
    address, why = "/pools_rule/preview/file", {"reason": "月末核对"}
    assert client.get(address).status_code == 200
    assert client.post(address, data={"reason": ""}).status_code == 400
    book = load_workbook(BytesIO(client.post(address, data=why).data))
    rules, customers = (book.get_sheet_by_index(place).to_python() for place in (0, 1))
    assert [row[0] for row in rules[1:]] == [bank.rule.name] and sum(rules[1][1:]) == 2
    assert [(row[0], row[2], row[4]) for row in customers[1:]] == [
        ("久未联系", bank.people.manager.name, bank.rule.name), ("同事客户", bank.people.colleague.name, bank.rule.name)
    ]  # fmt: skip
    narrowed = load_workbook(BytesIO(client.post(f"{address}?act=amber", data=why).data))
    assert [len(narrowed.get_sheet_by_index(place).to_python()) for place in (0, 1)] == [1, 1], "their headings"
    monkeypatch.setattr(tonight, "LONGEST_FILE", 1)
    assert "选择一条规则" in client.post(address, data=why).text
    login(client, bank.people.manager)
    assert client.post(address, data=why).status_code == 403
