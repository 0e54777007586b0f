"""What one site's running app carries: the site, its hooks, its entities, jobs, settings, metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Flask, current_app

from app.host.discovery import Found
from app.host.policies import Hooks
from app.host.sites import Site
from app.types import (
    ApprovalAct,
    AssigneeRule,
    Entity,
    FlowDefinition,
    JobSpec,
    MenuGroup,
    Metric,
    NoticeKind,
    RoleTemplate,
    Setting,
)

EXTENSION = "qiao"


@dataclass(slots=True)
class Context:
    """The map of a built app; filled once while booting, then only read."""

    site: Site
    version: int = 0
    hooks: Hooks = field(default_factory=Hooks)
    installed: dict[str, Found] = field(default_factory=dict)
    entities: dict[str, Entity] = field(default_factory=dict)
    by_model: dict[type, Entity] = field(default_factory=dict)
    #: The same by table, which is how statements name them.
    by_table: dict[Any, Entity] = field(default_factory=dict)
    #: Which room or module brought an entity.
    owners: dict[str, str] = field(default_factory=dict)
    #: (believed until, whether small) of the parts of the organisation people act in, for the row scope.
    unit_share: dict[tuple[Any, ...], tuple[float, bool]] = field(default_factory=dict)
    #: What each role holds, as `app.access.held` last read it.
    roles_held: Any = None
    #: The navigation by permissions and language, as `app.base.shell` worked it out.
    rails: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    #: (entity slug, use) → the schema REST reads and writes records with, made when first needed.
    schemas: dict[tuple[str, str], Any] = field(default_factory=dict)
    #: Entity slug → what follows from the values of its records (`app.fields.custom.derived.Plan`).
    derived: dict[str, Any] = field(default_factory=dict)
    #: How pages of an entity are arranged, by its slug (`app.fields.layouts`).
    layouts: dict[str, Any] = field(default_factory=dict)
    jobs: dict[str, JobSpec] = field(default_factory=dict)
    settings: dict[str, Setting] = field(default_factory=dict)
    metrics: dict[str, Metric] = field(default_factory=dict)
    #: Kinds of notice by name.
    notice_kinds: dict[str, NoticeKind] = field(default_factory=dict)
    #: What approvals may call, by name.
    approval_acts: dict[str, ApprovalAct] = field(default_factory=dict)
    #: Rules of who is asked in approvals, by name.
    assignee_rules: dict[str, AssigneeRule] = field(default_factory=dict)
    #: Entity slug → the flows for its records, as `app.approvals.services.binding` last read them.
    approvals: Any = None
    #: Approval flows that modules ship, with the module, by code.
    flow_definitions: dict[str, tuple[str, FlowDefinition]] = field(default_factory=dict)
    menu: list[MenuGroup] = field(default_factory=list)
    role_templates: dict[str, RoleTemplate] = field(default_factory=dict)


def context(app: Flask | None = None) -> Context:
    """The context of an app, or of the current one."""
    found = (app or current_app).extensions[EXTENSION]
    assert isinstance(found, Context)  # noqa: S101 - for the type checker
    return found


def hooks() -> Hooks:
    """The current site's hooks."""
    return context().hooks


def entity(slug: str) -> Entity:
    """The description of an entity by slug. Raises `KeyError` for one this site does not have."""
    return context().entities[slug]
