"""The morning of a bank: who is near a step is counted and told, beside the same counts and notices as bare SQL."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.access.actors import acting_as
from app.db import db, session
from app.jobs.runner import run_pending
from app.jobs.services import enqueue
from app.types import SYSTEM
from bench.lists import seeded
from bench.table import Line, Statements, show
from bench.transfer import peak
from plugins.pools.models import PoolRule
from plugins.pools.services import business_today

#: Account managers with a login, fifty in each of forty branches that have a head.
PEOPLE = 2000
_STAFF = (
    "INSERT INTO ab_user (id, first_name, last_name, username, password, active, email) "
    "SELECT 10000 + id, '经理', '', 'm' || id, '!', true, 'm' || id || '@example.com' "
    "FROM generate_series(1, {people}) AS n(id)",
    "INSERT INTO org_employee (id, code, name, position, unit_id) "
    "SELECT 10000 + id, 'M' || id, '经理' || id, '', 2 + mod(id, 40) "
    "FROM generate_series(1, {people}) AS n(id)",
    "UPDATE org_employee SET user_id = id WHERE id > 10000",
    "UPDATE org_unit SET head_id = 10040 + id WHERE id BETWEEN 2 AND 41",
)
#: Standings without their customers, which nobody asks for: a tenth takes a step within three days, a tenth is red.
_STANDINGS = (
    "SET LOCAL session_replication_role = replica",
    "INSERT INTO pools_standing (customer_id, rule_id, rule_version, owner_id, unit_id, basis_on, stage, amber_on, "
    "red_on, pool_on, next_on, spared) "
    "SELECT id, 1 + mod(id, 3), 1, 10001 + mod(id, {people}), 2 + mod(1 + mod(id, {people}), 40), {day} - 30, "
    "CASE WHEN mod(id / {people}, 10) = 1 THEN 'red' ELSE 'green' END, next_on, next_on + 10, next_on + 15, "
    "next_on, '' "
    "FROM (SELECT id, CASE WHEN mod(id / {people}, 10) = 1 THEN NULL WHEN mod(id / {people}, 10) = 2 "
    "THEN {day} + 1 + mod(id, 3)::integer ELSE {day} + 10 + mod(id, 60)::integer END AS next_on "
    "FROM generate_series({first}, {last}) AS n(id)) AS placed",
)
_NEAR = "next_on > :day AND next_on <= :day + 3"
_BARE = (
    f"INSERT INTO notices_message (kind, title, text, urgent, created_at, planned_at, link) SELECT 'bare', "
    f"to_json(count(*)), to_json(min(next_on)), false, now(), now(), owner_id FROM pools_standing WHERE {_NEAR} "
    "GROUP BY owner_id",
    "INSERT INTO notices_message (kind, title, text, urgent, created_at, planned_at, link) SELECT 'bare', "
    f"to_json(count(*)), to_json(count(CASE WHEN {_NEAR} THEN 1 END)), false, now(), now(), min(u.head_id) "
    "FROM pools_standing s JOIN org_unit u ON u.id = s.unit_id "
    f"WHERE s.stage = 'red' OR ({_NEAR}) GROUP BY u.id",
    "INSERT INTO notices_notice (message_id, user_id, kind, group_key, shown, created_at) "
    "SELECT m.id, e.user_id, m.kind, 'bare', true, now() FROM notices_message m "
    "JOIN org_employee e ON e.id = CAST(m.link AS integer) WHERE m.kind = 'bare'",
)


def main(rows: int = 1_000_000) -> None:
    """A morning over a tenth of the standings, one over all, the bare statements before and after; and once more."""
    with seeded("postgresql", 1) as (_app, _admin, _url), _app.app_context(), acting_as(SYSTEM):
        session.add_all(PoolRule(name=f"规则{place}", amber_days=30, red_days=10, pool_days=5) for place in range(3))
        session.commit()
        _write(*_STAFF)
        _fill(1, rows // 10)
        _morning()  # what is read once for all mornings
        small = _morning()
        _fill(rows // 10 + 1, rows)
        bare = [_bare()]
        large = _morning()
        bare.append(_bare())
        with Statements(db.engine) as asked:
            again = _morning(again=True)
        assert again["told"] == 0, "everybody has heard it this morning"
        middle = sum(bare) / 2
        what = f"a morning that tells {large['told']:,} people"
        peaks = f"over {rows // 10:,} and {rows:,} standings"
        show(
            f"Pools: a morning over {rows:,} standings, a tenth of them near a step",
            [
                Line(what, "postgresql", large["seconds"], middle, "s", large["seconds"] / middle, "",
                     f"{large['statements']:,} statements; {again['seconds']:.1f} s asked for again ({asked.count})"),
                Line("its statements", "postgresql", large["statements"], small["statements"], "",
                     large["statements"] / small["statements"], "<= 1.1", peaks),
                Line("peak memory", "postgresql", large["peak"], small["peak"], "MB", large["peak"] / small["peak"],
                     "<= 1.1", peaks),
            ],
        )  # fmt: skip


def _write(*statements: str, **more: Any) -> None:
    with db.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.format(people=PEOPLE, day=f"DATE '{business_today()}'", **more))


def _fill(first: int, last: int) -> None:
    _write(*_STANDINGS, first=first, last=last)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def _bare() -> float:
    """Seconds of the counts and the notices as three statements, which are taken back."""
    day, began = business_today(), time.perf_counter()
    for statement in _BARE:
        session.execute(text(statement), {"day": day} if ":day" in statement else {})
    session.rollback()
    return time.perf_counter() - began


def _morning(*, again: bool = False) -> dict[str, Any]:
    """The job of a morning nobody has heard of yet (`again`: of this morning, once more)."""
    if not again:
        for table in ("notices_notice", "notices_message", "pools_told"):
            session.execute(text(f"DELETE FROM {table}"))
        session.commit()
    Path("/proc/self/clear_refs").write_text("5")
    number, began = enqueue("pools.remind", {"business_date": business_today()}), time.perf_counter()
    with Statements(db.engine) as asked:
        run_pending()
    seconds = time.perf_counter() - began
    status, result = session.execute(text("SELECT status, result FROM jobs_job WHERE id = :id"), {"id": number}).one()
    assert status == "done", status
    most = peak()
    told = session.scalar(text("SELECT count(*) FROM notices_notice"))
    assert again or told == sum(result.values()), (told, result)
    session.rollback()
    return {"seconds": seconds, "statements": asked.count, "seen": asked.seen, "peak": most,
            "told": sum(result.values())}  # fmt: skip


if __name__ == "__main__":
    main()
