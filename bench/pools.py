"""A night that takes 100,000 of a million customers into pools, beside the bare SQL that has the same effect."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.access.actors import acting_as
from app.db import db, session
from app.jobs.runner import run_pending
from app.jobs.services import enqueue
from app.types import SYSTEM
from bench.lists import seeded
from bench.table import Line, show
from plugins.pools.jobs import nights as nightly
from plugins.pools.models import Pool, PoolRule
from plugins.pools.services.reckoning import reckon

#: The nights measured: a tenth of the due is due on the first.
NIGHT = date(2026, 6, 30)
FIRST = NIGHT - timedelta(days=1)

_UPDATE = """
UPDATE customer SET owner_id = NULL, owned_since_at = NULL, version = version + 1
WHERE id % 10 = :rest AND owner_id IS NOT NULL"""
_INSERT = """
INSERT INTO pools_movement (customer_id, act, from_employee_id, to_pool_id, rule_id, rule_version,
  business_date, reason, at)
SELECT c.id, 'bare', c.owner_id, p.id, 1, 1, :day, 'bare', now()
FROM customer c JOIN pools_pool p ON p.unit_id = c.unit_id WHERE c.id % 10 = :rest AND c.owner_id IS NOT NULL"""


def main(rows: int = 1_000_000) -> None:
    """Seed, run the bare SQL, a small night, a large one, the bare SQL again; times, memory, time by step."""
    with seeded("postgresql", rows) as (app, _admin, _url), app.app_context(), acting_as(SYSTEM):
        _fill(rows)
        bare = [_bare(5)]
        small, small_peak = _night(FIRST)
        session.execute(text("ANALYZE pools_movement"))  # as any bank's ledger is that has nights behind it
        session.commit()
        large, large_peak = _night(NIGHT)
        bare.append(_bare(6))
        moved = large["moved"]["recycle"]
        middle = sum(bare) / len(bare)
        print(f"bare: {bare[0]:.1f} s before, {bare[1]:.1f} s after the night")
        total = sum(large["seconds"].values())
        steps = total - large["seconds"]["reckon"]
        spent = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in large["seconds"].items())
        what = f"a night that takes {moved:,} into pools"
        peaks = f"{small['moved']['recycle']:,} and {moved:,} due"
        memory = large_peak, small_peak, "MB", large_peak / small_peak, "<= 1.1", peaks
        lines = [
            Line(what, "postgresql", total, middle, "s", total / middle, "<= 2", spent),
            Line(f"{what}, without standings", "postgresql", steps, middle, "s", steps / middle, ""),
            Line("peak memory", "postgresql", *memory),
        ]
        show(f"Pools: a night over {rows:,} customers, beside the bare UPDATE and INSERT … SELECT", lines)


def _fill(rows: int) -> None:
    """A head's pool per branch, one rule of thirty days, and who is due when: a hundredth on the first night."""
    for number in range(2, 42):
        session.add(Pool(code=f"H{number}", name=f"主管池{number}", kind="head", unit_id=number))
    session.add(PoolRule(name="三十天", pool_days=30, counts_from=date(2020, 1, 1)))
    session.commit()
    session.execute(
        text(
            "UPDATE customer SET owned_since_at = '2024-01-01', last_effective_at = CASE "
            "WHEN id % 100 = 3 THEN CAST(:first AS timestamptz) WHEN id % 10 = 1 THEN CAST(:due AS timestamptz) "
            "ELSE CAST(:recent AS timestamptz) END"
        ),
        {"first": f"{FIRST - timedelta(days=31)} 12:00+08", "due": f"{NIGHT - timedelta(days=31)} 12:00+08",
         "recent": f"{NIGHT - timedelta(days=3)} 12:00+08"},
    )  # fmt: skip
    session.commit()
    print(f"reckoned anew from nothing in {_timed(lambda: reckon(session(), None, FIRST)):.1f} s")
    session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM FULL ANALYZE customer")
        connection.exec_driver_sql("VACUUM ANALYZE")
        connection.exec_driver_sql("CHECKPOINT")


def _bare(rest: int) -> float:
    """Seconds of the two statements over a tenth of the customers, committed."""

    def act() -> None:
        session.execute(text(_INSERT), {"rest": rest, "day": NIGHT})
        session.execute(text(_UPDATE), {"rest": rest})
        session.commit()

    seconds = _timed(act)
    session.execute(text("DELETE FROM pools_standing WHERE customer_id % 10 = :rest"), {"rest": rest})
    session.commit()
    return seconds


def _night(day: date) -> tuple[dict[str, Any], int]:
    """(the job's result with the seconds of each phase, the peak of the process's memory in MB)."""
    spent: dict[str, float] = dict.fromkeys(("reckon", *nightly.STEPS), 0.0)
    take, reckoning = nightly._take, nightly._reckon

    def timed_take(run: Any, name: str, *rest: Any) -> None:
        spent[name] += _timed(lambda: take(run, name, *rest))

    def timed_reckon(run: Any, on: date) -> None:
        spent["reckon"] += _timed(lambda: reckoning(run, on))

    nightly._take, nightly._reckon = timed_take, timed_reckon
    Path("/proc/self/clear_refs").write_text("5")
    number = enqueue(nightly.NIGHTLY_JOB, {"business_date": day})
    run_pending()
    nightly._take, nightly._reckon = take, reckoning
    status, result = session.execute(text("SELECT status, result FROM jobs_job WHERE id = :id"), {"id": number}).one()
    assert status == "done", status
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return {**result, "seconds": spent}, int(peak.split()[1]) // 1024


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
