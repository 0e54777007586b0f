"""What the module's records look like on screen, in files and in REST."""

from __future__ import annotations

from plugins.pools.schemas.entries import ENTRY
from plugins.pools.schemas.keeps import KEEP
from plugins.pools.schemas.ladder import RULE
from plugins.pools.schemas.members import MEMBER
from plugins.pools.schemas.movements import ACTS, MOVEMENT
from plugins.pools.schemas.pools import POOL
from plugins.pools.schemas.runs import RUN

__all__ = ["ACTS", "ENTRY", "KEEP", "MEMBER", "MOVEMENT", "POOL", "RULE", "RUN"]
