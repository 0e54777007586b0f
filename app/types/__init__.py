"""The small frozen values that cross the door between the kernel and its modules.

Nothing here imports Flask, SQLAlchemy or another room, so a `rules.py` may use it and stay pure.
"""

from __future__ import annotations

from app.types.entities import (
    Choice,
    Entity,
    Field,
    Kind,
    ScopedBy,
    Section,
    Verbs,
)
from app.types.people import (
    SYSTEM,
    Actor,
    Grant,
    Placement,
    Refused,
    Scope,
    ScopeFilter,
    Text,
    Veto,
)
from app.types.pieces import (
    Action,
    Card,
    JobSpec,
    MenuGroup,
    MenuItem,
    Metric,
    RoleTemplate,
    Setting,
    Tab,
    TimelineItem,
)

__all__ = [
    "SYSTEM",
    "Action",
    "Actor",
    "Card",
    "Choice",
    "Entity",
    "Field",
    "Grant",
    "JobSpec",
    "Kind",
    "MenuGroup",
    "MenuItem",
    "Metric",
    "Placement",
    "Refused",
    "RoleTemplate",
    "Scope",
    "ScopeFilter",
    "ScopedBy",
    "Section",
    "Setting",
    "Tab",
    "Text",
    "TimelineItem",
    "Verbs",
    "Veto",
]
