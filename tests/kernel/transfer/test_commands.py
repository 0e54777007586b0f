"""`qiao import`: the console's way through the same import."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import func, select

from app.access.actors import acting_as
from app.cli import qiao
from app.customers.models import Customer
from app.db import session
from app.testing.people import People
from app.transfer.models import Import
from app.types import SYSTEM
from config import settings
from tests.kernel.transfer.tables import csv_bytes, xlsx_bytes

Command = Callable[..., Result]


@pytest.fixture
def command(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command on the test's site, as another process would."""
    monkeypatch.setattr(settings(), "instance", tmp_path / "instance")

    def run(*words: object) -> Result:
        session.rollback()
        return CliRunner().invoke(qiao, ["import", *map(str, words), "--site", "test"])

    return run


def count(model: type) -> int:
    session.rollback()
    with acting_as(SYSTEM):
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_dry_run_then_the_import_with_a_mapping(command: Command, people: People, tmp_path: Path) -> None:
    file, mapping, errors = (tmp_path / name for name in ("a.xlsx", "m.yaml", "errors.xlsx"))
    file.write_bytes(xlsx_bytes(("Firm", "Sector"), ("Acme", "tech"), ("", "food")))
    mapping.write_text("fields:\n  name: Firm\n  kind: {constant: corporate}\n  industry: Sector\n", "utf-8")
    words = (file, "--entity", "customer", "--mapping", mapping)

    tried = command(*words, "--dry-run")
    assert tried.exit_code == 0, tried.output
    assert "new 1" in tried.output and "wrong 1" in tried.output and "row 3:" in tried.output
    assert count(Customer) == count(Import) == 0

    done = command(*words, "--errors", errors)
    assert done.exit_code == 0, done.output
    assert "new 1, changed 0, skipped 0, wrong 1" in done.output
    assert count(Customer) == 1 and errors.read_bytes().startswith(b"PK")


def test_somebody_s_rights_are_kept(command: Command, people: People, tmp_path: Path) -> None:
    file = tmp_path / "units.csv"
    file.write_bytes(csv_bytes(("code", "name"), ("X1", "新网点")))
    refused = command(file, "--entity", "unit", "--as", people.manager.username)
    assert refused.exit_code == 1 and "Traceback" not in refused.output
    assert command(file, "--entity", "unit", "--as", "nobody").exit_code == 1
    allowed = command(file, "--entity", "unit", "--as", people.admin.username)
    assert allowed.exit_code == 0 and "new 1" in allowed.output


@pytest.mark.parametrize(
    "mapping",
    [
        "fields: [",
        "fields:\n  name: {eval: 1}\n",
        "fields:\n  bogus: Firm\n",
        "fields:\n  name: Nirgends\n",
        "fields:\n  name: {column: Firm, steps: [import os]}\n",
        "!!python/object/apply:os.system ['true']",
    ],
)
def test_a_mapping_is_data_and_is_checked(command: Command, tmp_path: Path, mapping: str) -> None:
    file, path = tmp_path / "a.csv", tmp_path / "m.yaml"
    file.write_bytes(csv_bytes(("Firm", "x"), ("Acme", "1")))
    path.write_text(mapping, "utf-8")
    refused = command(file, "--entity", "customer", "--mapping", path)
    assert refused.exit_code == 1 and "Error:" in refused.output
    assert count(Customer) == count(Import) == 0
