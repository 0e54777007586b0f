"""Claims from a pool of a large bank: one person alone, fifty at once, fifty for one and the same customer."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial
from typing import cast

from flask import Flask
from sqlalchemy import Table, func, insert, select, update

from app.access.actors import acting_as
from app.api import Customer, session, transaction
from app.db import db
from app.host.settings import change_settings
from app.organisation.models import Unit
from app.testing.people import add_person
from app.types import SYSTEM, Actor
from bench.approvals import _together
from bench.lists import seeded
from bench.table import Line, show
from plugins.pools.models import Pool, PoolEntry, PoolMovement, PoolRule
from plugins.pools.services import claim_customers, reckon

CLAIMERS = 50
#: Claims of each in a turn, and the seconds one thinks between two, more or less: people look before they claim.
EACH, THINKS = 8, 5.0


def main(rows: int = 100_000) -> None:
    """Claim on PostgreSQL with a rule that watches all `rows` customers.

    A claim is timed from its call to its commit, in the process that does it. Fifty think five seconds between two
    claims; then the same without a pause, which asks what the machine can bear: fifty processes share its cores.
    """
    with seeded("postgresql", rows) as (app, _admin, _url), app.app_context():
        with acting_as(SYSTEM):
            unit = session.get_one(Unit, 1)
            people = [add_person(f"claimer{n}", f"领取{n}", unit, "account_manager") for n in range(CLAIMERS)]
            change_settings({"pools.claims_per_day": "0", "pools.owned_limit": "0"})
            ids = _fill(unit.id, CLAIMERS * 3 * EACH + 1)
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
        actors = [who.actor for who in people]
        lines, alone = [], 0.0
        for turn, (how, asked, pause) in enumerate(
            (("alone", actors[:1], 0.0), ("50 at once", actors, THINKS), ("50 at once, no pause", actors, 0.0))
        ):
            taken, seconds = _together(app, asked, partial(_claim, ids, turn), pause)
            lines.append(_told(f"claim a customer, {how}, p95", taken, seconds, alone))
            alone = alone or lines[0].ours
        lines.append(_contest(app, actors, ids[-1], alone))
        show(f"Claims from a pool with {rows:,} customers, 50 people beside one alone", lines)


def _fill(unit_id: int, count: int) -> list[int]:
    """Let the first `count` customers lie in a pool of the unit, and a rule watch all; the ids of the former."""
    with transaction() as current:
        pool = Pool(code="BENCH", name="客户池", unit_id=unit_id)
        current.add_all((pool, PoolRule(name="规则", amber_days=30, red_days=10, pool_days=10)))
        current.flush()
        mine = select(Customer.id).order_by(Customer.id).limit(count)
        table = cast(Table, Customer.__table__)
        free = {"owner_id": None, "owned_since_at": None, "unit_id": unit_id, "closed_at": None}
        current.execute(update(table).where(table.c.id.in_(mine)).values(**free))
        ids = current.scalars(mine).all()
        current.execute(insert(PoolEntry), [{"customer_id": n, "pool_id": pool.id, "unit_id": unit_id} for n in ids])
        reckon(current, None)
    return list(ids)


def _claim(ids: list[int], turn: int, number: int, actor: Actor) -> list[Callable[[], object]]:
    """Customers nobody else claims."""
    first = (turn * CLAIMERS + number) * EACH
    return [partial(claim_customers, [customer_id]) for customer_id in ids[first : first + EACH]]


def _contest(app: Flask, actors: list[Actor], last: int, alone: float) -> Line:
    """All claim one and the same customer; exactly one has it in the end."""
    warm = [partial(claim_customers, [-1])]

    def acts(_number: int, _actor: Actor) -> list[Callable[[], object]]:
        return [*warm, partial(claim_customers, [last])]

    taken, seconds = _together(app, actors, acts, 0.0)
    with acting_as(SYSTEM):
        won = session.scalar(
            select(func.count(PoolMovement.id)).where(PoolMovement.customer_id == last, PoolMovement.act == "claim")
        )
    assert won == 1, won
    return _told("claim one and the same customer, 50 at once, p95", taken, seconds, alone)


def _told(what: str, taken: list[float], seconds: float, alone: float) -> Line:
    """The 95th percentile in milliseconds beside that of one alone."""
    ordered = sorted(taken)
    p95 = ordered[int(len(ordered) * 0.95)]
    note = f"median {statistics.median(ordered):.1f} ms, {len(ordered)} acts, {len(ordered) / seconds:.0f} a second"
    print(f"{what}: {p95:.1f} ms, {note}", flush=True)
    return Line(what, "postgresql", p95, alone or p95, "ms", p95 / (alone or p95), "", note)


if __name__ == "__main__":
    main()
