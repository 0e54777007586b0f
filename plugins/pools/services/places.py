"""Which pool a customer goes to: the one its rule names, else the nearest of the kind at or above its unit."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from sqlalchemy import Integer, Table, and_, func, or_, select
from sqlalchemy.orm import Session

from app.api import Unit, as_table
from plugins.pools.models import Pool, PoolRule

_POOL, _RULE, _UNIT = (cast(Table, model.__table__) for model in (Pool, PoolRule, Unit))
#: The kinds of pool looked for, the first before the others, by the column of the rule that may name one instead.
KINDS = {"pool_id": ("head", "city"), "city_pool_id": ("city",)}


def places(current: Session, named: str, pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """{(rule, unit): pool} of the pairs that have one; one statement.

    `named`: the rule's column that may name a pool, ``pool_id`` or ``city_pool_id``. A pool takes what is of its unit
    and below only, so that nobody's customers end in a strange branch; one the rule names and that is out of use, or
    not at or above the unit, is no pool.
    """
    rows = ({"rule_id": rule, "unit_id": unit} for rule, unit in pairs)
    asked = as_table(current, "asked", rows, {"rule_id": Integer, "unit_id": Integer})
    home, kinds = _UNIT.alias("home"), KINDS[named]
    fits = func.substr(_UNIT.c.path, 1, func.length(home.c.path)) == home.c.path
    of_kind = and_(_RULE.c[named].is_(None), _POOL.c.kind.in_(kinds))
    found = (
        select(asked.c.rule_id, asked.c.unit_id, _POOL.c.id)
        .select_from(asked)
        .join(_RULE, _RULE.c.id == asked.c.rule_id)
        .join(_UNIT, _UNIT.c.id == asked.c.unit_id)
        .join(_POOL, and_(_POOL.c.active, or_(_POOL.c.id == _RULE.c[named], of_kind)))
        .join(home, and_(home.c.id == _POOL.c.unit_id, fits))
        # the one to take comes last: of the kind wanted first, the nearest, the oldest
        .order_by(_POOL.c.kind == kinds[0], func.length(home.c.path), _POOL.c.id.desc())
    )
    return {(row.rule_id, row.unit_id): row.id for row in current.execute(found)}


__all__ = ["places"]
