"""Import, export and attachments as people see them: both languages, desk and phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.testing.browser import DESK, PHONE, Served, Window, check, shot
from app.testing.jobs import run_pending
from app.types import SYSTEM
from tests.kernel.transfer.tables import csv_bytes

ROWS = (
    ("姓名", "客户号", "手机号", "kind", "来源地"),
    ("张三", "W{0}1", "13800138000", "personal", "城东"),
    ("李四", "W{0}2", "1380", "personal", "城西"),
    ("", "W{0}3", "", "外星人", "城南"),
    ("桥江商贸有限公司", "W{0}4", "", "corporate", ""),
)


def work(served: Served) -> None:
    """Do what waits in the background."""
    run_pending(served.app)


@pytest.mark.parametrize(("language", "width"), [("zh", DESK), ("en", PHONE)])
def test_the_wizard(window: Window, served: Served, tmp_path: Path, language: str, width: int) -> None:
    name = f"{language}-{width}"
    look: dict[str, Any] = {"width": width, "language": language}
    file = tmp_path / "客户.csv"
    file.write_bytes(csv_bytes(*((cell.format(name) for cell in row) for row in ROWS), encoding="gb18030"))

    def seen(page: Any, what: str) -> None:
        shot(page, f"import-{what}-{language}")
        check(page)

    page = window(served.people.admin, "/import/start/customer", **look)
    seen(page, "1-file")
    page.set_input_files("#file", str(file))
    page.click(".card-footer button[type=submit]")
    page.wait_for_selector(".transfer-columns")
    assert page.locator("select[name=column-0]").input_value() == "name"
    seen(page, "2-columns")
    page.click(".save-bar button[type=submit]")
    page.wait_for_selector(".transfer-problems")
    seen(page, "3-check")
    page.click(".card-footer form button.btn-primary")
    page.wait_for_selector(".job-piece")
    seen(page, "4-running")
    page.reload()
    page.wait_for_selector(".job-piece")
    work(served)
    page.wait_for_selector("a[href$='/errors']")
    seen(page, "5-result")
    with page.expect_download() as fetched:
        page.click("a[href$='/errors']")
    assert Path(fetched.value.path()).read_bytes().startswith(b"\xef\xbb\xbf")
    page.click("form[action$='/undo'] button")
    page.click("#confirm-yes")
    page.wait_for_selector(".job-piece")
    work(served)
    page.wait_for_selector(".job-piece", state="detached")
    seen(page, "6-undone")
    page.goto(f"{served.url}/import/")
    seen(page, "7-list")


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_exports_and_attachments(window: Window, served: Served, tmp_path: Path, width: int) -> None:
    from app.fields.records import create_record
    from app.host.context import entity

    with served.acting(SYSTEM):
        record = create_record(entity("customer"), {"name": "附件客户", "owner_id": served.people.manager.employee_id})
        pk = record.id
    page = window(served.people.admin, "/export/start/customer?f.name=%E9%99%84", width=width, language="zh")
    page.fill("#reason", "月末核对客户")
    shot(page, "export-1-choose")
    check(page)
    with page.expect_download() as fetched:
        page.click(".card-footer button[type=submit]")
    assert fetched.value.suggested_filename.endswith(".xlsx")
    page.goto(f"{served.url}/export/")
    shot(page, "export-2-list")
    check(page)

    file = tmp_path / "合同 2026.pdf"
    file.write_bytes(b"%PDF-1.7\n")
    page = window(served.people.admin, f"/customer/show/{pk}", width=width, language="zh")
    page.click(".record-tabs a:has-text('附件')")
    page.wait_for_selector("#attachments")
    page.set_input_files("#attachments input[type=file]", str(file))
    page.click("#attachments .attachment-form button")
    page.wait_for_selector(".attachment-name")
    shot(page, "attachments")
    check(page)


@pytest.mark.parametrize(("language", "width"), [("zh", DESK), ("en", PHONE)])
def test_export_control(window: Window, served: Served, language: str, width: int) -> None:
    from app.access.exporting.limits import keep_limit
    from app.db import now, transaction
    from app.fields.records import create_record
    from app.host.context import entity
    from app.transfer.models import Export

    head, auditor = served.people.head, f"audit-{language}-{width}"
    with served.acting(SYSTEM):
        for name in ("甲", "乙"):
            create_record(entity("customer"), {"name": name, "owner_id": served.people.manager.employee_id})
        someone = served.people.add(auditor, "沈审计", served.people.head_office, "audit_admin")
        keep_limit(head.role_id, 1)
    look: dict[str, Any] = {"width": width, "language": language}
    window.expect("status of 400", "status of 410")  # the refusal and the file that is gone
    page = window(head, "/export/start/customer", **look)
    page.fill("#reason", "季度核对客户名单")
    page.click(".card-footer button[type=submit]")
    page.wait_for_selector(".form-summary")
    shot(page, f"export-3-refused-{language}")
    check(page)
    with served.acting(SYSTEM):
        keep_limit(head.role_id, 50_000)
    page.fill("#reason", "季度核对客户名单")
    with page.expect_download():
        page.click(".card-footer button[type=submit]")
    with served.acting(SYSTEM), transaction() as current:
        old = Export(entity="customer", format="csv", columns=["name"], created_by=head.user_id, expires_at=now())
        old.reason, old.row_count, old.masked = "一次很早的导出", 1234, ["name"]
        old.created_by_name, old.login = head.name, head.username
        current.add(old)
        current.flush()
        number = old.id
    page.goto(f"{served.url}/export/{number}/")
    shot(page, f"export-4-gone-{language}")
    page = window(someone, "/export-log/", **look)
    assert page.locator(f"#export-{number}").count() == 1
    page.locator(f"#export-{number} summary").click()
    shot(page, f"export-5-log-{language}")
    check(page)
    page = window(served.people.admin, f"/roles/{head.role_id}", **look)
    page.locator("#exports summary").click()
    shot(page, f"export-6-role-{language}")
    check(page)
