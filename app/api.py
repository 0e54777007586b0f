"""The one door: everything a module may use of the kernel, besides `app.types` and `app.testing`."""

from __future__ import annotations

from app.access.actors import acting_as, current_actor, require_actor
from app.access.audit import Act, record_acts
from app.access.models import BigId
from app.access.scope import UNSCOPED, scope_condition
from app.activities.models import Activity
from app.base.rest.entity import EntityApi
from app.base.views.entity import EntityView
from app.customers.models import Contact, Customer
from app.db import Model, Money, UtcDateTime, after_commit, now, reading, session, transaction
from app.fields.records import create_record, delete_record, find_record, update_record
from app.host.context import context, entity, hooks
from app.host.settings import setting
from app.hookspecs import hookimpl
from app.organisation.models import Employee, Unit

__all__ = [
    "UNSCOPED",
    "Act",
    "Activity",
    "BigId",
    "Contact",
    "Customer",
    "Employee",
    "EntityApi",
    "EntityView",
    "Model",
    "Money",
    "Unit",
    "UtcDateTime",
    "acting_as",
    "after_commit",
    "context",
    "create_record",
    "current_actor",
    "delete_record",
    "entity",
    "find_record",
    "hookimpl",
    "hooks",
    "now",
    "reading",
    "record_acts",
    "require_actor",
    "scope_condition",
    "session",
    "setting",
    "transaction",
    "update_record",
]
