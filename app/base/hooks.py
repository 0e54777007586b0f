"""What the base brings to every site: the screens of roles, logins, API keys and the audit log."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

from app.base import formulas
from app.base.bulk.running import JOBS
from app.base.bulk.views import BulkEditView
from app.base.converting import JOB_SPEC, kind_tab
from app.base.entities.screens import ROLES, CustomEntityView, custom_entity_entity, entity_tabs
from app.base.layouts.views import LayoutView
from app.base.saved.entity import SHARING, SavedViewView, own_views, saved_view_entity
from app.base.saved.views import ListDeskView
from app.base.security import recovery
from app.base.security.audit import AuditView
from app.base.security.audit_export import AuditExportView
from app.base.security.screens import (
    AccountView,
    DelegationView,
    ExplainView,
    FactorView,
    KeyView,
    RoleView,
    SessionView,
    ViewAsView,
)
from app.base.shaping import CustomFieldView, custom_field_entity
from app.base.views.palette import SearchView
from app.hookspecs import hookimpl
from app.types import Action, Actor, Entity, JobSpec, MenuGroup, MenuItem, RoleTemplate, ScopeFilter, Setting, Tab


@hookimpl
def entities() -> Sequence[Entity]:
    return (custom_field_entity(), custom_entity_entity(), saved_view_entity())


@hookimpl
def views() -> Sequence[type]:
    roles, logins = (RoleView, DelegationView, ExplainView), (AccountView, KeyView, SessionView, FactorView, ViewAsView)
    fields = (CustomFieldView, CustomEntityView, LayoutView)
    lists = (BulkEditView, ListDeskView, SavedViewView)
    return (*roles, *logins, *fields, *lists, AuditView, AuditExportView, SearchView)


@hookimpl
def record_tabs(entity: str, actor: Actor) -> Sequence[Tab]:
    own = (kind_tab(),) if entity == "custom_field" else ()
    return (*entity_tabs(entity), *own, *formulas.tabs(entity))


@hookimpl
def jobs() -> Sequence[JobSpec]:
    return (*JOBS, JOB_SPEC)


@hookimpl
def record_actions(entity: str, actor: Actor) -> Sequence[Action]:
    return (ROLES,) if entity == "custom_entity" else ()


@hookimpl
def scope_filters(entity: str, actor: Actor) -> Sequence[ScopeFilter]:
    return own_views(entity, actor)


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    return SHARING


@hookimpl
def settings() -> Sequence[Setting]:
    return recovery.SETTINGS


@hookimpl
def menu() -> Sequence[MenuGroup]:
    items = (
        MenuItem("accounts", _l("Logins"), "AccountView.list", "AccountView", icon="user-cog", order=10),
        MenuItem(
            "roles", _l("Roles and permissions"), "RoleView.list", "RoleView", icon="shield-lock", order=20
        ),
        MenuItem("keys", _l("API keys"), "KeyView.list", "KeyView", icon="key", order=30),
        MenuItem("audit", _l("Audit log"), "AuditView.list", "AuditView", icon="history", order=40),
    )
    return (MenuGroup("system", _l("System"), "settings", items, order=900),)
