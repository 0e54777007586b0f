"""Import of XLSX and CSV, export to XLSX, each beside the bare ceiling of the same work in the same run.

Each measurement is a process of its own, so that its peak memory is its own: ``python -m bench.transfer WHAT …``.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import python_calamine
import xlsxwriter

from app import create_app
from app.access.actors import acting_as
from app.db import db, session
from app.host.sites import load_site
from app.testing.databases import copy_database, drop_database
from app.testing.plugin import site_in, template
from app.transfer.commands import ConsoleRun
from app.transfer.services import exports, imports
from app.transfer.services.running import run_import
from app.types import SYSTEM
from bench.seed import people, seed_customers, seed_organisation
from bench.table import Line, show

#: What the files hold, as a branch would send it; the headings are the fields' names, so that they are guessed.
HEADINGS = ("code", "kind", "name", "mobile", "level", "lifecycle", "sex", "email")


def rows_of(count: int) -> list[list[Any]]:
    """The rows of the file: the generated people, the last column an address."""
    return [
        [row["code"], row["kind"], row["name"], row["mobile"], row["level"], row["lifecycle"], row["sex"],
         f"u{row['id']}@example.com"]
        for row in people(count)
    ]  # fmt: skip


def write_files(folder: Path, count: int) -> dict[str, Path]:
    """The same rows as XLSX and CSV."""
    rows = rows_of(count)
    paths = {kind: folder / f"customers.{kind}" for kind in ("xlsx", "csv")}
    book = xlsxwriter.Workbook(str(paths["xlsx"]), {"constant_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate([list(HEADINGS), *rows]):
        sheet.write_row(number, 0, row)
    book.close()
    with paths["csv"].open("w", encoding="utf-8-sig", newline="") as handle:
        csv.writer(handle).writerows([HEADINGS, *rows])
    return paths


def in_app(instance: Path, act: Callable[[], Any]) -> Any:
    """Do something in the bench site as the installation itself."""
    app = create_app(load_site(instance, "bench"))
    with app.app_context(), acting_as(SYSTEM):
        answer = act()
        session.remove()
        return answer


def our_import(instance: Path, file: Path) -> dict[str, float]:
    """Upload, map by guess, import: as `qiao import` does it."""

    def act() -> dict[str, float]:
        base, began = peak(), time.perf_counter()
        with file.open("rb") as source:
            made = imports.upload(source, file.name, "customer")
        imports.begin(made.id)
        run_import(ConsoleRun(quiet=True), made.id)
        taken = time.perf_counter() - began
        found = imports.find_import(made.id)
        return {"rows": found.created_count, "seconds": taken, "peak": peak() - base}

    return in_app(instance, act)  # type: ignore[no-any-return]


def bare_import(instance: Path, file: Path) -> dict[str, float]:
    """The ceiling: read the file, one COPY (or bulk insert) into the same table with all its indexes."""

    def act() -> dict[str, float]:
        base, began = peak(), time.perf_counter()
        if file.suffix == ".xlsx":
            rows = python_calamine.CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python()[1:]
        else:
            with file.open(encoding="utf-8-sig", newline="") as handle:
                rows = list(csv.reader(handle))[1:]
        fixed = {"version": 1, "created_at": "2026-01-01", "updated_at": "2026-01-01"}
        with db.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                cursor = connection.connection.driver_connection.cursor()  # type: ignore[union-attr]
                columns = ", ".join([*HEADINGS, *fixed])
                with cursor.copy(f"COPY customer ({columns}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row([*row, *fixed.values()])
            else:
                columns, marks = ", ".join([*HEADINGS, *fixed]), ", ".join("?" * (len(HEADINGS) + len(fixed)))
                connection.exec_driver_sql(
                    f"INSERT INTO customer ({columns}) VALUES ({marks})",
                    [(*row, *fixed.values()) for row in rows],
                )
        return {"rows": len(rows), "seconds": time.perf_counter() - began, "peak": peak() - base}

    return in_app(instance, act)  # type: ignore[no-any-return]


def our_export(instance: Path, _file: Path) -> dict[str, float]:
    """Export the whole list with its columns to XLSX, as the job does it."""

    def act() -> dict[str, float]:
        from app.transfer.models import Export

        columns = [
            "name",
            "code",
            "kind",
            "mobile",
            "level",
            "lifecycle",
            "owner_id",
            "unit_id",
            "last_followed_at",
        ]
        made = exports.start_export("customer", "", "xlsx", columns, "measuring")
        base, began = peak(), time.perf_counter()
        count = exports.write_export(made.id)
        taken = time.perf_counter() - began
        assert session.get(Export, made.id) is not None
        return {"rows": count, "seconds": taken, "peak": peak() - base}

    return in_app(instance, act)  # type: ignore[no-any-return]


def bare_export(instance: Path, _file: Path) -> dict[str, float]:
    """The ceiling: XlsxWriter in constant memory, the same number of rows and columns, no database."""
    rows = int(sys.argv[4])
    base, began = peak(), time.perf_counter()
    book = xlsxwriter.Workbook(str(instance / "bare.xlsx"), {"constant_memory": True})
    sheet, moment = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for number in range(rows):
        for column, value in enumerate(
            ("张建国", f"B{number:08d}", "个人", "13812345678", "普通", "活跃", "经理7", "第7支行")
        ):
            sheet.write_string(number, column, value)
        sheet.write_number(number, 8, 45000.5, moment)
    book.close()
    return {"rows": rows, "seconds": time.perf_counter() - began, "peak": peak() - base}


PARTS = {
    "our_import": our_import,
    "bare_import": bare_import,
    "our_export": our_export,
    "bare_export": bare_export,
}


def peak() -> float:
    """Peak resident memory of this process in MB; `getrusage` would count the process it was started by."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def measured(part: str, instance: Path, file: Path, rows: int) -> dict[str, float]:
    """One part in a process of its own."""
    command = [sys.executable, "-m", "bench.transfer", part, str(instance), str(file), str(rows)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr[-3000:]
    found: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def fresh(kind: str, folder: Path, rows: int) -> tuple[Path, str]:
    """(instance folder, database URL) of a site with `rows` customers."""
    folder.mkdir()
    url = copy_database(template(kind, folder), folder)
    site_in(folder / "instance", url, "bench")
    if rows:
        with create_app(load_site(folder / "instance", "bench")).app_context():
            with db.engine.begin() as connection:
                seed_organisation(connection)
                seed_customers(connection, rows)
            db.engine.dispose()
    return folder / "instance", url


def best_of(rounds: int, kind: str, folder: Path, file: Path, rows: int) -> dict[str, dict[str, float]]:
    """Bare and ours by turns, each in an empty site; of each the round the machine disturbed least."""
    best: dict[str, dict[str, float]] = {}
    for turn in range(rounds):
        for part in ("bare_import", "our_import"):
            instance, url = fresh(kind, folder / f"{file.suffix[1:]}-{part}-{turn}", 0)
            found = measured(part, instance, file, rows)
            drop_database(url)
            assert found["rows"] == rows, found
            best[part] = min(best.get(part, found), found, key=lambda one: one["seconds"])
    return best


def measure_import(kind: str, rows: int, rounds: int = 3) -> list[Line]:
    """Rows a second of ours and of the ceiling, for both kinds of file."""
    lines = []
    with tempfile.TemporaryDirectory(prefix="qiao-bench-") as name:
        folder = Path(name)
        for suffix, file in write_files(folder, rows).items():
            best = best_of(rounds, kind, folder, file, rows)
            ours, bare = (best[part]["rows"] / best[part]["seconds"] for part in ("our_import", "bare_import"))
            note = (
                f"best of {rounds}; peak +{best['our_import']['peak']:.0f} MB, "
                f"ceiling +{best['bare_import']['peak']:.0f} MB"
            )
            aim = ">= 0.33" if kind == "postgresql" else ""
            what = f"import {rows:,} customers, {suffix}"
            lines.append(Line(what, kind, ours, bare, "rows/s", ours / bare, aim, note))
            print(f"  {what}: {ours:,.0f} of {bare:,.0f} rows/s, {note}", flush=True)
    return lines


def measure_export(kind: str, rows: int) -> Line:
    """Rows a second of the export of a whole list beside the bare writer."""
    with tempfile.TemporaryDirectory(prefix="qiao-bench-") as name:
        folder = Path(name)
        instance, url = fresh(kind, folder / "export", rows)
        bare = measured("bare_export", instance, folder, rows)
        ours = measured("our_export", instance, folder, rows)
        drop_database(url)
    assert ours["rows"] == rows, ours
    speeds = ours["rows"] / ours["seconds"], bare["rows"] / bare["seconds"]
    note = f"peak +{ours['peak']:.0f} MB, bare +{bare['peak']:.0f} MB"
    line = Line(f"export {rows:,} customers, xlsx", kind, *speeds, "rows/s", speeds[0] / speeds[1], ">= 0.7", note)
    print(f"  {line.what}: {speeds[0]:,.0f} of {speeds[1]:,.0f} rows/s, {note}", flush=True)
    return line


def main(rows: int | None = None) -> None:
    """Measure both databases and print the tables."""
    kinds = ("postgresql", "sqlite")
    show("Import", [line for kind in kinds for line in measure_import(kind, rows or 100_000)])
    show("Export", [measure_export(kind, rows or 1_000_000) for kind in kinds])


if __name__ == "__main__":
    print(json.dumps(PARTS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))))
