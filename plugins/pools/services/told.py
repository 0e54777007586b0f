"""What became of a night, as its page tells it: counts by rule and act within the reader's scope, and who stayed."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.api import (
    UNSCOPED,
    RunLine,
    RunRow,
    entity,
    read_titles,
    record_url,
    require_actor,
    say_text,
    scope_condition,
    session,
    title_text,
)
from plugins.pools.models import Pool, PoolMovement, PoolRule, PoolRun
from plugins.pools.services.nights import reason_text

#: Customers that stayed on one page.
PAGE = 50
_OPEN = {UNSCOPED: True}


def lines_of(run: PoolRun) -> list[RunLine]:
    """Per rule and version: customers by act, and by the pool they went to; those the reader may see."""
    m = PoolMovement
    counted = (
        select(m.rule_id, m.rule_version, m.act, PoolRule.name, Pool.name.label("pool"), func.count().label("n"))
        .outerjoin(PoolRule, PoolRule.id == m.rule_id)
        .outerjoin(Pool, Pool.id == m.to_pool_id)
        .where(m.run_id == run.id, scope_condition(entity("pools_movement"), require_actor()))
        .group_by(m.rule_id, m.rule_version, m.act, PoolRule.name, Pool.name)
        .order_by(m.rule_id, m.rule_version)
    )
    counts: dict[Any, Counter[str]] = defaultdict(Counter)
    pools: dict[Any, Counter[str]] = defaultdict(Counter)
    names: dict[Any, str] = {}
    for row in session.execute(counted.execution_options(**_OPEN)):
        key = (row.rule_id, row.rule_version)
        names[key] = _("%(rule)s, version %(version)s", rule=row.name or "--", version=row.rule_version or "--")
        counts[key][row.act] += row.n
        if row.pool is not None and row.act != "reverse":
            pools[key][row.pool] += row.n
    return [
        RunLine(f"{rule}.{version}", names[rule, version], _rule_url(rule), counts[rule, version],
                tuple(pools[rule, version].most_common()))
        for rule, version in names
    ]  # fmt: skip


def stayed_rows(run: PoolRun, kept: str, page: int) -> tuple[list[RunRow], bool]:
    """(a page of those a night (``stayed``) or its reversal (``kept``) left where they stand, whether there are more).

    Names and reasons are shown of customers the reader may see.
    """
    found = run.notes.get(kept, [])[(page - 1) * PAGE : page * PAGE + 1]
    titles = read_titles({("customer", row["customer_id"]) for row in found[:PAGE]})
    rules = read_titles({("pools_rule", row["rule_id"]) for row in found[:PAGE] if row["rule_id"] is not None})
    rows = []
    for row in found[:PAGE]:
        number, title = row["customer_id"], titles.get(("customer", row["customer_id"]))
        rows.append(
            RunRow(
                number, title_text("customer", title, number) if title else f"#{number}",
                record_url("customer", number) if title else None, rules.get(("pools_rule", row["rule_id"]), "--"),
                row["step"], "", reason_text(row["reason"]) if title else "",
            )
        )  # fmt: skip
    return rows, len(found) > PAGE


def broken_rules(run: PoolRun) -> list[tuple[str, str]]:
    """(rule, why it watched nobody) of the rules that were not understood."""
    broken = {int(number): why for number, why in run.notes.get("broken", {}).items()}
    titles = read_titles({("pools_rule", number) for number in broken})
    return [(titles.get(("pools_rule", number), f"#{number}"), say_text(why)) for number, why in broken.items()]


def _rule_url(rule_id: int | None) -> str | None:
    return record_url("pools_rule", rule_id) if rule_id is not None else None


__all__ = ["PAGE", "broken_rules", "lines_of", "stayed_rows"]
