"""The screens of pools and their REST."""

from __future__ import annotations

from plugins.pools.views.api import PoolsEntryApi, PoolsMovementApi
from plugins.pools.views.board import PoolsBoardView
from plugins.pools.views.customers import PoolsCustomerView
from plugins.pools.views.entries import PoolsEntryView
from plugins.pools.views.keeps import PoolsKeepView
from plugins.pools.views.ladder import PoolsRuleView
from plugins.pools.views.movements import PoolsMovementView
from plugins.pools.views.runs import PoolsRunView
from plugins.pools.views.simulation import PoolsSimulationView

#: What FAB registers, in this order.
VIEWS = (
    PoolsBoardView,
    PoolsEntryView,
    PoolsMovementView,
    PoolsRuleView,
    PoolsRunView,
    PoolsSimulationView,
    PoolsKeepView,
    PoolsCustomerView,
    PoolsEntryApi,
    PoolsMovementApi,
)

__all__ = ["VIEWS"]
