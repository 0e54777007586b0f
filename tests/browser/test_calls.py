"""ACT-2: what docs/call-centre.md shows works as it stands there; calls that wait are settled on screen."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.activities.calls.services import receive_calls
from app.activities.calls.sources import create_source, issue_secret
from app.db import now
from app.testing.browser import Served, check
from app.testing.factories import make_customer
from app.types import SYSTEM

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "call-centre.md").read_text("utf-8")


def example(kind: str) -> str:
    found = re.search(rf"```{kind}\n(.*?)```", GUIDE, re.DOTALL)
    assert found is not None
    return found[1]


def connection(served: Served, code: str) -> tuple[str, str]:
    with served.acting(SYSTEM):
        source, secret = issue_secret(create_source({"code": code, "name": "热线"}).id)
        return source.key, secret


def test_the_example_in_python_is_accepted(served: Served) -> None:
    key, secret = connection(served, "python")
    names: dict[str, Any] = {}
    exec(example("python"), names)
    call = {"call_id": "c1", "started_at": (now() - timedelta(hours=1)).isoformat(), "number": "13700001111"}
    for status in (201, 200):
        answer = names["send_calls"](f"{served.url}/api/v1/call_record/", key, secret, [call])
        assert [one["status"] for one in answer["results"]] == [status]


@pytest.mark.skipif(
    "CI" not in os.environ and not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl"
)
def test_the_example_for_a_shell_is_accepted(served: Served) -> None:
    key, secret = connection(served, "shell")
    names = {"QIAO_URL": served.url, "QIAO_KEY": key, "QIAO_SECRET": secret, "NO_PROXY": "*"}
    said = subprocess.run(["sh", "-ec", example("sh")], env=os.environ | names, capture_output=True, text=True)
    assert '"status":201' in said.stdout.replace(" ", ""), said


def test_a_head_finds_the_customer_of_a_call(window: Any, served: Served) -> None:
    with served.acting(SYSTEM):
        customer = make_customer("来电客户", owner=served.people.manager)
        call = {"call_id": "desk-1", "number": "137 0000 2222", "started_at": now() - timedelta(hours=2)}
        number = receive_calls("desk", [{**call, "answered": True, "duration_seconds": 64}])[0].id
        customer_id = customer.id
    page = window(served.people.head, f"/activity_call/show/{number}")
    page.get_by_role("button", name="匹配客户").click()
    dialog = page.locator("#dialog.show")
    dialog.locator(".ts-control input").fill("来电客户")
    dialog.get_by_role("option", name="来电客户").click()
    dialog.get_by_role("button", name="匹配", exact=True).click()
    page.get_by_text("已匹配 1 条通话记录并登记为跟进").wait_for()
    check(page)
    page.get_by_role("link", name="来电客户").click()
    page.wait_for_url(f"**/customer/show/{customer_id}*")
    page.get_by_text("呼叫中心外呼").first.wait_for()
