"""The screens of pools and their REST."""

from __future__ import annotations

from plugins.pools.views.api import PoolsEntryApi
from plugins.pools.views.board import PoolsBoardView
from plugins.pools.views.customers import PoolsCustomerView
from plugins.pools.views.entries import PoolsEntryView
from plugins.pools.views.keeps import PoolsKeepView
from plugins.pools.views.ladder import PoolsRuleView

__all__ = [
    "PoolsBoardView",
    "PoolsCustomerView",
    "PoolsEntryApi",
    "PoolsEntryView",
    "PoolsKeepView",
    "PoolsRuleView",
]
