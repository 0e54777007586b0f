"""The pieces of a customer's page: tabs, the panel of who may see it, its part of the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask import render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from app.access.actors import require_actor
from app.access.models import AuditEntry
from app.access.policy import readable, seen_by
from app.base.views.related import related_list
from app.customers.models import Customer, CustomerOwnership
from app.customers.rules import is_person
from app.customers.visibility import who_may_see
from app.db import session
from app.host.context import entity
from app.organisation.models import Employee
from app.types import Tab, TimelineItem


def tabs() -> Sequence[Tab]:
    """Contacts and companies, who may see it, the ownership story."""
    return (
        Tab("contacts", _l("Contacts"), contacts_tab, "ContactView", order=10),
        Tab("sharing", _l("Who may see it"), sharing_tab, "CustomerView", "can_show", order=60),
        Tab("ownership", _l("Ownership"), ownership_tab, "CustomerOwnershipView", order=70),
    )


def contacts_tab(customer: Customer) -> Markup:
    """The contacts, and for an organisation the companies below it."""
    shown = related_list("contact", "customer_id", customer)
    if is_person(customer.kind):
        return shown
    names = ("name", "kind", "industry", "level", "owner_id")
    companies = related_list("customer", "parent_id", customer, fields=names, add={"kind": "corporate"})
    return shown + Markup('<h3 class="h4 mt-3">{}</h3>').format(_("Child companies")) + companies


def sharing_tab(customer: Customer) -> Markup:
    """Who may see the customer and why, and the shares to add or end."""
    viewers, more = who_may_see(customer)
    html = render_template("customers/visibility.html", viewers=viewers, more=more, customer=customer)
    return Markup(html) + related_list("customer_share", "customer_id", customer)  # noqa: S704


def ownership_tab(customer: Customer) -> Markup:
    """The ledger of the customer."""
    return related_list("customer_ownership", "customer_id", customer)


def timeline_of(customer: Customer, before: datetime | None, limit: int) -> Sequence[TimelineItem]:
    """Changes of owner and of fields, newest first; one statement each."""
    items = [*_moves(customer.id, before, limit), *_edits(customer.id, before, limit)]
    if before is None or customer.created_at < before:
        items.append(TimelineItem(customer.created_at, _("Customer created"), icon="user-plus", kind="created"))
    return sorted(items, key=lambda item: item.at, reverse=True)[:limit]


def _moves(customer_id: int, before: datetime | None, limit: int) -> list[TimelineItem]:
    if not readable("customer", "owner_id", require_actor()):
        return []
    old, new, who = aliased(Employee), aliased(Employee), aliased(Employee)
    at = CustomerOwnership.at
    statement = (
        select(at, CustomerOwnership.cause, CustomerOwnership.reason, old.name, new.name, who.name)
        .outerjoin(old, old.id == CustomerOwnership.from_employee_id)
        .outerjoin(new, new.id == CustomerOwnership.to_employee_id)
        .outerjoin(who, who.user_id == CustomerOwnership.by_user_id)
        .where(
            CustomerOwnership.customer_id == customer_id,
            or_(CustomerOwnership.from_employee_id.is_not(None), CustomerOwnership.to_employee_id.is_not(None)),
        )
    )
    if before is not None:
        statement = statement.where(at < before)
    rows = session.execute(statement.order_by(at.desc(), CustomerOwnership.id.desc()).limit(limit)).all()
    label, nobody = _("Account manager"), _("nobody")
    return [
        TimelineItem(
            moment,
            f"{label}: {source or nobody} → {target or nobody}",
            " · ".join(filter(None, (cause_text(cause), reason))),
            icon="arrows-exchange",
            who=by or "",
            kind="ownership",
        )
        for moment, cause, reason, source, target, by in rows
    ]


def _edits(customer_id: int, before: datetime | None, limit: int) -> list[TimelineItem]:
    """Only which fields changed: the values stand in the history, under its own rules."""
    statement = select(AuditEntry.at, AuditEntry.user_name, AuditEntry.changes).where(
        AuditEntry.entity == "customer",
        AuditEntry.record_id == str(customer_id),
        AuditEntry.action == "update",
    )
    if before is not None:
        statement = statement.where(AuditEntry.at < before)
    rows = session.execute(statement.order_by(AuditEntry.id.desc()).limit(limit)).all()
    described = seen_by(entity("customer"), require_actor())
    items = []
    for at, who, changes in rows:
        labels = [str(field.label) for name in changes or () if (field := described.field(name)) is not None]
        if labels:
            text = _(", ").join(labels[:8])
            items.append(TimelineItem(at, _("Changed"), text, icon="pencil", who=who, kind="edit"))
    return items


def cause_text(cause: str) -> str:
    """Why an owner changed, in words; modules say theirs by the hook `added_fields`."""
    field = entity("customer_ownership").field("cause")
    choices = field.choices if field is not None else ()
    return next((str(choice.label) for choice in choices if choice.value == cause), cause)
