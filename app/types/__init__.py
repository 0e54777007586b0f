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
    Undoing,
    Verbs,
)
from app.types.handing import Handing, Holding, Place
from app.types.people import (
    SYSTEM,
    Actor,
    FieldLevels,
    Grant,
    Level,
    Placement,
    Refused,
    Scope,
    ScopeFilter,
    Text,
    Veto,
)
from app.types.pieces import (
    Action,
    AddedFields,
    Card,
    FlowDefinition,
    JobSpec,
    MenuGroup,
    MenuItem,
    Metric,
    Named,
    NoticeKind,
    RoleTemplate,
    Setting,
    Tab,
    TimelineItem,
)
from app.types.writes import ApprovalAct, AssigneeRule, Begun, Held, Lock, Write

__all__ = [
    "AddedFields",
    "SYSTEM",
    "Action",
    "Actor",
    "ApprovalAct",
    "AssigneeRule",
    "Begun",
    "Card",
    "Choice",
    "Entity",
    "Field",
    "FieldLevels",
    "FlowDefinition",
    "Grant",
    "Handing",
    "Held",
    "Holding",
    "JobSpec",
    "Kind",
    "Level",
    "Lock",
    "MenuGroup",
    "MenuItem",
    "Metric",
    "Named",
    "NoticeKind",
    "Place",
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
    "Undoing",
    "Verbs",
    "Veto",
    "Write",
]
