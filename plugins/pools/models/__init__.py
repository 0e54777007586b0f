"""The tables of pools."""

from __future__ import annotations

from plugins.pools.models.ladder import PoolDay, PoolKeep, PoolLock, PoolRule, PoolRuleVersion, PoolStanding, PoolTold
from plugins.pools.models.ledger import PoolEntry, PoolMovement, PoolRun
from plugins.pools.models.pools import Pool, PoolMember

__all__ = [
    "Pool",
    "PoolDay",
    "PoolEntry",
    "PoolKeep",
    "PoolLock",
    "PoolMember",
    "PoolMovement",
    "PoolRule",
    "PoolRuleVersion",
    "PoolRun",
    "PoolStanding",
    "PoolTold",
]
