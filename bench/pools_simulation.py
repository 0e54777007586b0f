"""A draft of a pool rule tried on the last ninety nights of a million customers; standings of all worked out anew."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Any

from app.access.actors import acting_as
from app.db import db, session, transaction
from app.types import SYSTEM
from bench.lists import seeded
from bench.table import Line, Statements, median, show
from plugins.pools.models import PoolRule
from plugins.pools.services import reckon
from plugins.pools.services.simulation import draft, simulate, simulated_steps

#: Who had each customer since when, a fifth of them two people; two follow-ups of every customer in half a year.
_HISTORY = (
    # the indexes of lists and searches are not what is measured, and take minutes
    "SET LOCAL session_replication_role = replica",
    "DO $$ DECLARE one text; BEGIN FOR one IN SELECT i.indexrelid::regclass::text FROM pg_index i WHERE "
    "i.indrelid = 'customer'::regclass AND NOT i.indisunique LOOP EXECUTE 'DROP INDEX ' || one; END LOOP; END $$",
    "INSERT INTO customer (id, code, kind, name, level, lifecycle, owner_id, unit_id, owned_since_at, "
    "last_effective_at, created_at, updated_at, version) "
    "SELECT id, 'B' || id, 'personal', '客户', CASE mod(id, 5) WHEN 0 THEN 'key' ELSE 'normal' END, 'active', "
    "1 + mod(id, 400), 2 + mod(1 + mod(id, 400), 40), now() - mod(id, 300) * interval '1 day', "
    "(SELECT max(now() - mod(id * 7919 * place, 15552000) * interval '1 second') "
    "FROM generate_series(1, 2) AS n(place)), now() - interval '900 days', now(), 1 "
    "FROM generate_series(2, {rows}::bigint) AS n(id)",
    "INSERT INTO activity (customer_id, employee_id, kind, direction, subject, effective, at, created_at, updated_at) "
    "SELECT c.id, c.owner_id, 'call', 'out', '', n.place < 3, m.at, m.at, m.at "
    "FROM customer c, generate_series(1, 3) AS n(place), "
    "LATERAL (SELECT now() - mod(c.id * 7919 * n.place, 15552000) * interval '1 second' AS at) m",
    "INSERT INTO customer_ownership (customer_id, to_employee_id, to_unit_id, cause, reason, at) "
    "SELECT id, 1 + mod(id + 7, 400), unit_id, 'create', '', now() - interval '400 days' "
    "FROM customer WHERE mod(id, 5) = 0",
    "INSERT INTO customer_ownership (customer_id, from_employee_id, to_employee_id, to_unit_id, cause, reason, at) "
    "SELECT id, CASE WHEN mod(id, 5) = 0 THEN 1 + mod(id + 7, 400) END, owner_id, unit_id, 'assign', '', "
    "owned_since_at FROM customer",
)
#: Seconds a draft may take.
SIMULATED = 10.0
_RULE: dict[str, Any] = {"amber_days": 30, "red_days": 10, "pool_days": 5}


def main(rows: int = 1_000_000) -> None:
    """Seed by SQL, then print seconds and memory of a reckoning of all, and of drafts by follow-up and working days."""
    with seeded("postgresql", 1) as (app, _admin, _url), app.app_context(), acting_as(SYSTEM):
        with db.engine.begin() as connection:
            for statement in _HISTORY:  # the braces of one name the number of rows
                connection.exec_driver_sql(statement.replace("{rows}", str(rows)))
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
        with transaction() as current:
            current.add(PoolRule(name="规则", **_RULE))
        before, lines = _memory(), []
        first, again = _timed(_reckon)[0], _timed(_reckon)[0]
        lines.append(_seconds("standings worked out again", again, first, f"from nothing {first:.1f} s"))
        lines.append(_one())
        for said, values in {
            "calendar days": _RULE,
            "working days": {**_RULE, "working_days": True},
            "protection": {"trigger": "protection", "protect_days": 20, "extend_days": 7, "hard_stop_days": 60,
                           "red_days": 5, "pool_days": 5},
        }.items():  # fmt: skip
            tried = draft({"name": "草稿", "position": 1, **values})
            taken, told = _timed(partial(simulate, tried))
            page, _rows = _timed(partial(_page, tried))
            session.rollback()
            counts = ", ".join(f"{rung} {count:,}" for rung, count in sorted(told.totals.items()))
            lines.append(_seconds(f"a draft over 90 nights, {said}", taken, SIMULATED, counts, aim=True))
            print(f"  its first page of steps: {page:.2f} s", flush=True)
        lines.append(Line("peak memory", "postgresql", _memory(), before, "MB", _memory() / before, "<= 1.1"))
        show(f"Pools: standings and drafts of {rows:,} customers", lines)


def _seconds(what: str, taken: float, beside: float, note: str, *, aim: bool = False) -> Line:
    print(f"{what}: {taken:.1f} s, {note}", flush=True)
    return Line(what, "postgresql", taken, beside, "s", beside / taken, ">= 1" if aim else "", note)


def _reckon() -> None:
    with transaction() as current:
        reckon(current, None)


def _page(tried: Any) -> list[Any]:
    return list(islice(simulated_steps(tried), 50))


def _one() -> Line:
    """What one customer costs in the transaction of its follow-up."""

    def once() -> None:
        with transaction() as current:
            reckon(current, [4711])

    with Statements(db.engine) as asked:
        once()
    taken = median(once, times=30, warm=12)
    print(f"one customer: {taken:.1f} ms", flush=True)
    return Line("one customer's standing", "postgresql", taken, 0, "ms", 0, "", f"{asked.count} statements")


def _timed(act: Callable[[], Any]) -> tuple[float, Any]:
    """(seconds, what it answers)."""
    began = time.perf_counter()
    answer = act()
    return time.perf_counter() - began, answer


def _memory() -> int:
    """The most this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
