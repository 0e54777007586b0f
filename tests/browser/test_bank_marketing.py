"""The bank's own rows by clicking alone: five fields, two imports, a filter, a chart, an export; counted apart by csv.

A part of the rows in every run, all 41,188 with QIAO_WHOLE_DATA set.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from app.testing.browser import PATIENCE_MS, Served, Window, check, serve, shot
from app.testing.jobs import run_pending
from tests.browser.test_custom_fields import COMES
from tests.journeys.bank_marketing import FIELDS, read_rows
from tests.journeys.data import data_is_there
from tests.kernel.fields.shaping import rebuilt
from tests.kernel.transfer.tables import csv_bytes


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory, swapped=True) as running:
        yield running


def chosen_rows() -> list[dict[str, str]]:
    """Every fortieth row, all whom the filter wants among them; or all."""
    rows = read_rows()
    if os.environ.get("QIAO_WHOLE_DATA"):
        return rows
    return [row for number, row in enumerate(rows) if number % 40 == 0 or is_wanted(row)]


def is_wanted(row: dict[str, str]) -> bool:
    return (row["job"], row["poutcome"]) == ("retired", "success")


def add_field(page: Any, name: str, choices: list[str]) -> None:
    label, kind = FIELDS[name]
    page.click(".page-actions .btn-primary")
    page.select_option("[name=entity]", "customer")
    page.fill("[name=label_zh]", label)
    page.fill("[name=label_en]", name)
    page.select_option("[name=kind]", kind)
    if kind == "choice":
        page.locator("#field-choices").wait_for(state="visible")
        page.fill("#field-choices", "\n".join(choices))
    page.click(".save-bar .btn-primary")
    page.wait_for_url("**/custom_field/show/*")


def bring(page: Any, served: Served, file: Path, duplicates: str, rows: int) -> None:
    page.goto(f"{served.url}/customer/list/")
    page.click("a[href^='/import/start/customer']")
    page.set_input_files("#file", str(file))
    page.click(".card-footer button[type=submit]")
    page.wait_for_selector(".transfer-columns")
    page.check(f"[name=duplicates][value={duplicates}]")
    page.click(".save-bar button[type=submit]")
    page.click(".card-footer form button.btn-primary")
    page.wait_for_selector(".job-piece")
    with served.acting(None), rebuilt(served.app) as new:
        run_pending(new)
    page.wait_for_selector(".job-piece", state="detached")
    expect(page.locator("main")).to_contain_text(f"{rows:,}")


def test_an_admin_shapes_fills_filters_draws_and_exports(window: Window, served: Served, tmp_path: Path) -> None:
    if not data_is_there("bank_marketing"):
        return
    rows = chosen_rows()
    files = {name: tmp_path / f"{name}.csv" for name in ("names", "fields")}
    for name, columns in (("names", ("customer number", "customer name")), ("fields", ("customer number", *FIELDS))):
        files[name].write_bytes(csv_bytes(columns, *([row[column] for column in columns] for row in rows)))
    with served.acting(None):
        shaper = served.people.add("shaper", "业管", served.people.head_office, "business_admin")
    page = window(shaper, "/", language="zh")
    bring(page, served, files["names"], "skip", len(rows))
    for name in FIELDS:
        page.click(".rail a[href='/custom_field/list/']")
        add_field(page, name, sorted({row[name] for row in rows}))
    assert page.evaluate(COMES, ["/customer/add", f'name="x_{name}"', PATIENCE_MS]), "the fields are not there yet"
    bring(page, served, files["fields"], "update", len(rows))

    page.goto(f"{served.url}/customer/list/")
    page.click("#filter-open")
    for name, value in (("job", "retired"), ("poutcome", "success")):
        page.locator(f"[name='f.x_{name}'][value={value}]").check()
    page.click("#filter-form .btn-primary")
    page.wait_for_url("**f.x_poutcome=success**")
    wanted = [row for row in rows if is_wanted(row)]
    expect(page.locator("#list-count")).to_have_text(str(len(wanted)))
    shot(page, "bank-1-list")

    page.locator("a[href^='/customer/chart/']").click()
    page.select_option("#chart-by", "x_education")
    page.wait_for_url("**by=x_education**")
    page.locator("#chart svg").wait_for()
    cells = page.locator("#chart-table tbody tr").all_inner_texts()
    drawn = {text.split("\t")[0]: int(text.split("\t")[1]) for text in cells}
    assert drawn == Counter(row["education"] for row in wanted)
    check(page)
    shot(page, "bank-2-chart")

    page.click(".page-actions a")
    page.click("a[href^='/export/start/customer']")
    page.fill("#reason", "核对上次营销成功的退休客户")
    page.check("[name=format][value=csv]")
    for name in ("code", *(f"x_{name}" for name in FIELDS)):
        page.check(f"[name=column][value={name}]")
    with page.expect_download() as fetched:
        page.click(".card-footer button[type=submit]")
    with Path(fetched.value.path()).open(encoding="utf-8-sig", newline="") as handle:
        found = [tuple(line[label] for label, _kind in FIELDS.values()) for line in csv.DictReader(handle)]
    assert Counter(found) == Counter(tuple(row[name] for name in FIELDS) for row in wanted)
