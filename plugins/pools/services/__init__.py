"""Verbs of pools: where customers stand, what comes tonight, and what people do with what lies in a pool."""

from __future__ import annotations

from plugins.pools.services.appointing import change_member, change_pool, write_member, write_pool
from plugins.pools.services.asking import ask_to_keep, end_overtaken, withdraw_keeps
from plugins.pools.services.claiming import claim_customers
from plugins.pools.services.closing import mark_invalid, reopen
from plugins.pools.services.days import NIGHTLY_AT, business_today, coming_night
from plugins.pools.services.deciding import decide_keeps
from plugins.pools.services.gate import lying_in_pools, outside_pools
from plugins.pools.services.giving import assign_from_pool, return_customers
from plugins.pools.services.handing import pools_for
from plugins.pools.services.importing import lay_into_pools, releases_of, take_back_releases
from plugins.pools.services.keeping import keep_customers
from plugins.pools.services.locking import lock_customers, unlock_customers
from plugins.pools.services.members import administers, customer_condition, member_condition
from plugins.pools.services.offering import acts_for
from plugins.pools.services.outcome import Outcome
from plugins.pools.services.reach import LOOKED_AT
from plugins.pools.services.reckoning import reckon, reckon_approved, reckon_soon
from plugins.pools.services.releasing import release_customers
from plugins.pools.services.setup import change_rule, write_rule
from plugins.pools.services.tonight import count_due

__all__ = [
    "LOOKED_AT",
    "NIGHTLY_AT",
    "Outcome",
    "acts_for",
    "administers",
    "ask_to_keep",
    "assign_from_pool",
    "business_today",
    "change_member",
    "change_pool",
    "change_rule",
    "claim_customers",
    "coming_night",
    "count_due",
    "customer_condition",
    "decide_keeps",
    "end_overtaken",
    "keep_customers",
    "lay_into_pools",
    "lock_customers",
    "lying_in_pools",
    "mark_invalid",
    "outside_pools",
    "member_condition",
    "pools_for",
    "reckon",
    "reckon_approved",
    "reckon_soon",
    "release_customers",
    "releases_of",
    "reopen",
    "return_customers",
    "take_back_releases",
    "unlock_customers",
    "withdraw_keeps",
    "write_member",
    "write_pool",
    "write_rule",
]
