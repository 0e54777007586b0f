"""The screens of pools and their REST."""

from __future__ import annotations

from plugins.pools.views.api import PoolsEntryApi
from plugins.pools.views.board import PoolsBoardView
from plugins.pools.views.customers import PoolsCustomerView
from plugins.pools.views.entries import PoolsEntryView
from plugins.pools.views.keeps import PoolsKeepView
from plugins.pools.views.ladder import PoolsRuleView
from plugins.pools.views.simulation import PoolsSimulationView

#: What FAB registers, in this order.
VIEWS = (
    PoolsBoardView,
    PoolsEntryView,
    PoolsRuleView,
    PoolsSimulationView,
    PoolsKeepView,
    PoolsCustomerView,
    PoolsEntryApi,
)

__all__ = ["VIEWS"]
