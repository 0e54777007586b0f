"""An import of customers with pools on and rules in force, beside the same import without a rule in the same run."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from app import create_app
from app.access.actors import acting_as
from app.db import db, session, transaction
from app.host.sites import load_site
from app.testing.databases import drop_database
from app.types import SYSTEM
from bench.seed import people, seed_organisation
from bench.table import Line, show
from bench.transfer import HEADINGS, fresh, measured, rows_of
from plugins.pools.models import PoolRule, PoolStanding

#: Whom the first rules watch; the tenth takes whoever is left, and those after it are asked about nobody.
CONDITIONS = (
    "and(level:in:key,sex:in:male)", "and(level:in:key)", "and(level:in:important,lifecycle:in:active)",
    "and(lifecycle:in:dormant)", "and(lifecycle:in:lost,sex:in:female)", "and(kind:in:corporate)",
    "and(source:in:phone|online)", "or(region:contains:33,lifecycle:in:lost)", "and(sex:in:male)",
)  # fmt: skip


def main(rows: int = 100_000, rules: int = 10) -> None:
    """Import into a site without a rule and into one with `rules`, by turns; the best of three of each."""
    with tempfile.TemporaryDirectory(prefix="qiao-bench-") as name:
        folder = Path(name)
        file, best = _file(folder, rows), dict[int, dict[str, float]]()
        for turn in range(3):
            for number in (0, rules):
                found = _import(folder / f"{turn}-{number}", file, rows, number)
                best[number] = min(best.get(number, found), found, key=lambda one: one["seconds"])
        ours, bare = (rows / best[number]["seconds"] for number in (rules, 0))
        what = f"import {rows:,} customers with owners, {rules} rules, csv"
        note = f"best of 3; peak +{best[rules]['peak']:.0f} MB, without a rule +{best[0]['peak']:.0f} MB"
        title = f"Pools: an import of {rows:,} customers under {rules} rules, beside one without a rule"
        show(title, [Line(what, "postgresql", ours, bare, "rows/s", ours / bare, "", note)])


def _file(folder: Path, rows: int) -> Path:
    """Customers as `bench.transfer` writes them, each with the number of an account manager."""
    path = folder / "owned.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow([*HEADINGS, "owner_id"])
        for row, person in zip(rows_of(rows), people(rows), strict=True):
            writer.writerow([*row, f"E{person['owner_id']:04d}"])
    return path


def _import(folder: Path, file: Path, rows: int, rules: int) -> dict[str, float]:
    """Import the file into a fresh site, in a process of its own; what it took."""
    instance, url = fresh("postgresql", folder, 0)
    app = create_app(load_site(instance, "bench"))
    with app.app_context(), acting_as(SYSTEM):
        with db.engine.begin() as connection:
            seed_organisation(connection)
        with transaction() as current:
            current.add_all(PoolRule(**_rule(place)) for place in range(rules))
        found = measured("our_import", instance, file, rows)
        assert found["rows"] == rows, found
        watched = session.scalar(select(func.count()).select_from(PoolStanding.__table__))
        assert watched == rows or rules <= len(CONDITIONS), watched
        session.remove()
        db.engine.dispose()
    drop_database(url)
    return found


def _rule(place: int) -> dict[str, Any]:
    """A rule of working or calendar days, some that spare customers with a deal."""
    condition = [*CONDITIONS, ""][min(place, len(CONDITIONS))]
    return {"name": f"规则{place}", "position": place, "condition": condition, "amber_days": 30 + place, "red_days": 10,
            "pool_days": 5, "working_days": place % 2 == 1, "spares_deals": place % 4 == 3}  # fmt: skip


if __name__ == "__main__":
    main()
