"""The screens of pools and their REST."""

from __future__ import annotations

from plugins.pools.views.api import PoolsEntryApi
from plugins.pools.views.entries import PoolsEntryView
from plugins.pools.views.ladder import PoolsRuleView

__all__ = ["PoolsEntryApi", "PoolsEntryView", "PoolsRuleView"]
