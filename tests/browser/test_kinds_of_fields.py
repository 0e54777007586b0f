"""Several choices, a region, files and a counted number, filled in by clicking: on a new record, its page, its list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.fields.records import create_record
from app.host.context import entity
from app.testing.browser import DESK, PATIENCE_MS, PHONE, Served, Window, check, serve, shot
from app.types import SYSTEM
from tests.browser.test_custom_fields import COMES

TAGS = "vip | 贵宾 | VIP | amber\nloan | 有贷款 | Borrower | blue\nfund | 买基金 | Investor | green"
FIELDS = (
    {"key": "x_tags", "label_zh": "客户标签", "label_en": "Tags", "kind": "choices", "choices": TAGS, "in_list": True},
    {"key": "x_home", "label_zh": "户籍地", "label_en": "Home", "kind": "region", "in_list": True},
    {"key": "x_docs", "label_zh": "证件材料", "label_en": "Papers", "kind": "files", "in_list": True},
    {"key": "x_no", "label_zh": "档案号", "label_en": "File number", "kind": "auto_number", "pattern": "DA-{seq:4}",
     "in_list": True},
)  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory, swapped=True) as running:
        with running.acting(SYSTEM):
            for values in FIELDS:
                create_record(entity("custom_field"), {"entity": "customer", **values})
        yield running


@pytest.mark.parametrize(("language", "width"), [("zh", DESK), ("en", PHONE)])
def test_filled_in_by_clicking(window: Window, served: Served, tmp_path: Path, language: str, width: int) -> None:
    paper, second, fake = (tmp_path / name for name in ("身份证 正面.pdf", "反面.pdf", "假.pdf"))
    for sound in (paper, second):
        sound.write_bytes(b"%PDF-1.7\n1 0 obj\n")
    fake.write_text("<html>")
    page = window(served.people.manager, "/", language=language, width=width)
    assert page.evaluate(COMES, ["/customer/add", "x_docs", PATIENCE_MS]), "the fields are not there yet"
    page.goto(f"{served.url}/customer/add")
    page.fill("#field-name", f"标签客户{width}")
    tags = page.locator("[data-field=x_tags]")
    for words in ("贵" if language == "zh" else "VIP", "loan"):
        tags.locator(".ts-control input").fill(words)
        tags.locator(".ts-dropdown .option").first.click()
    tags.locator(".ts-control input").press("Escape")
    home = page.locator("[data-field=x_home]")
    home.locator(".ts-control").click()
    home.locator(".ts-control input").fill("haishu")
    home.locator(".ts-dropdown .option", has_text="海曙区").click()
    docs = page.locator("[data-field=x_docs]")
    window.expect("422")
    docs.locator("input[type=file]").set_input_files([paper, fake])
    expect(docs.locator(".file-list li")).to_have_count(1)
    expect(docs.locator("[data-note]")).to_contain_text("假.pdf")
    check(page)
    shot(page, f"kinds-1-form-{language}")
    page.click(".save-bar .btn-primary")
    page.wait_for_url("**/customer/show/*")
    panel = page.locator("#record-panel")
    for text in ("DA-000", "浙江省/宁波市/海曙区", "身份证 正面.pdf", "贵宾" if language == "zh" else "VIP"):
        expect(panel).to_contain_text(text)
    check(page)
    shot(page, f"kinds-2-page-{language}")
    with page.expect_download() as fetched:
        panel.get_by_role("link", name="身份证 正面.pdf").click()
    assert fetched.value.path().read_bytes() == paper.read_bytes()

    page.goto(f"{served.url}/customer/list/?f.x_home=330000&f.x_tags=vip&f.x_tags=loan&op.x_tags=all")
    row = page.locator("[data-row]", has_text=f"标签客户{width}")
    expect(row).to_contain_text("身份证 正面.pdf")
    if width == DESK:
        row.locator("[data-field=x_tags]").dblclick(position={"x": 2, "y": 2})
        page.locator(".cell-box .ts-control input").fill("基金")
        page.locator(".cell-box .ts-dropdown .option").click()
        page.click(".cell-box .btn-primary")
        expect(row.locator("[data-field=x_tags]")).to_contain_text("买基金")
        row.locator("[data-field=x_docs]").dblclick(position={"x": 2, "y": 2})
        page.locator(".cell-box input[type=file]").set_input_files([second])
        expect(page.locator(".cell-box .file-list li")).to_have_count(2)
        shot(page, "kinds-4-cell")
        page.click(".cell-box .btn-primary")
        expect(row.locator("[data-field=x_docs]")).to_contain_text("反面.pdf")
    page.click("#filter-open")
    page.locator("#filter-x_tags").wait_for(state="visible")
    expect(page.locator("#filter-x_tags")).to_have_value("all")
    check(page)
    shot(page, f"kinds-3-filter-{language}")
