"""Background work of pools: the night and its reversal, the standings worked out anew, the morning's reminders."""

from __future__ import annotations

from plugins.pools.jobs.nights import NIGHTLY, REVERSAL, STEPS
from plugins.pools.jobs.reminders import REMIND
from plugins.pools.jobs.upkeep import RECKON

JOBS = (NIGHTLY, REVERSAL, RECKON, REMIND)

__all__ = ["JOBS", "STEPS"]
