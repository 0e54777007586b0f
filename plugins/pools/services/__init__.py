"""Verbs of pools: where customers stand, what comes tonight, and what people do with what lies in a pool."""

from __future__ import annotations

from plugins.pools.services.acts import Outcome, assign_from_pool, claim_customers, return_customers
from plugins.pools.services.days import NIGHTLY_AT, business_today, coming_night
from plugins.pools.services.gate import lying_in_pools, outside_pools
from plugins.pools.services.handing import pools_for
from plugins.pools.services.members import customer_condition, member_condition
from plugins.pools.services.preview import Forecast, count_due, forecast
from plugins.pools.services.reckoning import reckon, reckon_record, reckon_soon
from plugins.pools.services.setup import change_rule, write_rule

__all__ = [
    "Forecast",
    "NIGHTLY_AT",
    "Outcome",
    "assign_from_pool",
    "business_today",
    "change_rule",
    "claim_customers",
    "coming_night",
    "count_due",
    "customer_condition",
    "forecast",
    "lying_in_pools",
    "outside_pools",
    "member_condition",
    "pools_for",
    "reckon",
    "reckon_record",
    "reckon_soon",
    "return_customers",
    "write_rule",
]
