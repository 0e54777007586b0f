"""Verbs of pools: the nightly recycle; claiming, assigning and returning what lies in a pool."""

from __future__ import annotations

from plugins.pools.services.acts import assign_from_pool, claim_customers, return_customers
from plugins.pools.services.recycle import catch_up, recycle_customers

__all__ = ["assign_from_pool", "catch_up", "claim_customers", "recycle_customers", "return_customers"]
