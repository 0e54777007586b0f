"""What pools add to pages of the kernel and to their own: a card, tabs, lines of the timeline, columns, buttons."""

from __future__ import annotations

from plugins.pools.pieces.countdown import COUNTDOWN, STAGES
from plugins.pools.pieces.customers import CARD, KEEPS_TAB, STORY, actions_of, timeline_of
from plugins.pools.pieces.rule_versions import VERSIONS

__all__ = ["CARD", "COUNTDOWN", "KEEPS_TAB", "STAGES", "STORY", "VERSIONS", "actions_of", "timeline_of"]
