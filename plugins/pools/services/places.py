"""Which pool a customer goes to: the one its rule names, else the nearest of the kind at or above its unit."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import CTE, Select, Table, and_, func, or_, select

from app.api import Unit
from plugins.pools.models import Pool, PoolRule

_POOL, _RULE, _UNIT = (cast(Table, model.__table__) for model in (Pool, PoolRule, Unit))
#: The kind of pool looked for, by the column of the rule that may name one instead.
KINDS = {"pool_id": "head", "city_pool_id": "city"}
#: The second choice of a kind.
ELSE = {"head": "city"}


def places(named: str, wanted: Select[Any]) -> CTE:
    """A table (rule_id, unit_id, pool_id) of the pairs (rule_id, unit_id) of `wanted` that have a pool.

    `named`: the rule's column that may name one, ``pool_id`` or ``city_pool_id``. A pool takes what is of its unit and
    below only, so that nobody's customers end in a strange branch; one the rule names and that is out of use, or not
    at or above the unit, is no pool.
    """
    kind, pairs, home = KINDS[named], wanted.subquery("pairs"), _UNIT.alias("home")
    kinds = (kind, ELSE[kind]) if kind in ELSE else (kind,)
    fits = func.substr(_UNIT.c.path, 1, func.length(home.c.path)) == home.c.path
    of_kind = and_(_RULE.c[named].is_(None), _POOL.c.kind.in_(kinds))
    nearest = func.row_number().over(
        partition_by=(pairs.c.rule_id, pairs.c.unit_id),
        order_by=((_POOL.c.kind == kind).desc(), func.length(home.c.path).desc(), _POOL.c.id),
    )
    ranked = (
        select(pairs.c.rule_id, pairs.c.unit_id, _POOL.c.id.label("pool_id"), nearest.label("rank"))
        .select_from(pairs)
        .join(_RULE, _RULE.c.id == pairs.c.rule_id)
        .join(_UNIT, _UNIT.c.id == pairs.c.unit_id)
        .join(_POOL, and_(_POOL.c.active, or_(_POOL.c.id == _RULE.c[named], of_kind)))
        .join(home, and_(home.c.id == _POOL.c.unit_id, fits))
        .subquery("ranked")
    )
    found = select(ranked.c.rule_id, ranked.c.unit_id, ranked.c.pool_id).where(ranked.c.rank == 1)
    return found.cte("place").prefix_with("MATERIALIZED")  # or it would be worked out anew for every customer


__all__ = ["places"]
