"""The figures in the header of a customer's page, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import case, func, select

from app.access.actors import require_actor
from app.access.policy import readable
from app.activities.models import Activity
from app.base.views.cells import zone
from app.base.views.formats import date_text, moment_text
from app.base.views.screen import Figure
from app.customers.models import Customer
from app.customers.rules import full_years, is_person
from app.db import now, session

FOLLOWED = ("last_followed_at",)


def figures_of(customer: Customer) -> Sequence[Figure]:
    """Since the last follow-up, how many there were, what comes next, how old the customer is."""
    clock = zone()
    today = now().astimezone(clock).date()
    ahead = case((Activity.next_on >= today, Activity.next_on))
    number, effective, coming, missed = session.execute(
        select(
            func.count(Activity.id),
            func.sum(case((Activity.effective, 1), else_=0)),
            func.min(ahead),
            func.max(Activity.next_on),
        ).where(Activity.customer_id == customer.id)
    ).one()
    shown = []
    if customer.last_followed_at is None:
        shown.append(Figure(_("Since the last follow-up"), _("never"), tone="warning", fields=FOLLOWED))
    else:
        days = (today - customer.last_followed_at.astimezone(clock).date()).days
        text = _("today") if days <= 0 else ngettext("%(num)d day", "%(num)d days", days)
        exact = moment_text(customer.last_followed_at, clock)
        shown.append(Figure(_("Since the last follow-up"), text, title=exact, fields=FOLLOWED))
    exact = _("%(count)s of them effective", count=f"{effective or 0:,}")
    shown.append(Figure(_("Follow-ups"), f"{number:,}", title=exact))
    if readable("activity", "next_on", require_actor()):
        shown.append(_next_step(coming, missed, customer, today))
    born = customer.birth_date if is_person(customer.kind) else customer.founded_on
    if born is not None:
        years = full_years(born, today)
        label = _("Age") if is_person(customer.kind) else _("In business")
        age = ngettext("%(num)d year", "%(num)d years", years)
        asked = "birth_date" if is_person(customer.kind) else "founded_on"
        shown.append(Figure(label, age, title=date_text(born), fields=(asked,)))
    return shown


def _next_step(coming: date | None, missed: date | None, customer: Customer, today: date) -> Figure:
    """What is planned; a plan whose day went by without a follow-up is overdue."""
    if coming is not None:
        return Figure(_("Next step"), date_text(coming), tone="success" if coming == today else "")
    followed = customer.last_followed_at
    if missed is not None and (followed is None or followed.astimezone(zone()).date() < missed):
        return Figure(_("Next step"), date_text(missed), title=_("Overdue"), tone="danger")
    return Figure(_("Next step"), "--")
