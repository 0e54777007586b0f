"""What pools add to other pages: a card on the home page, a tab and lines on the customer's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import render_template, url_for
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from app.api import (
    UNSCOPED,
    Customer,
    Employee,
    number_text,
    readable,
    related_list,
    require_actor,
    session,
)
from app.types import Action, Actor, Card, Tab, TimelineItem
from plugins.pools.models import Pool, PoolEntry, PoolMovement
from plugins.pools.schemas import ACTS
from plugins.pools.services import acts_for, coming_night, count_due
from plugins.pools.services.deciding import KEEPS
from plugins.pools.services.members import VIEW
from plugins.pools.views.acts import BULK_ACTS, CUSTOMER_ACTS, ENTRY_ACTS
from plugins.pools.views.keeps import KEEP_ACTIONS
from plugins.pools.views.movements import REVERSE
from plugins.pools.views.runs import REVERSE as REVERSE_RUN

CARD = Card("pools.mine", _l("Pools"), lambda: pool_card(), VIEW, order=60)
STORY = Tab("pools_story", _l("Pool story"), lambda customer: story(customer), "PoolsMovementView", order=75)
ICONS = {
    "recycle": "recycle", "claim": "hand-grab", "assign": "user-share", "return": "arrow-back-up",
    "release": "transfer-out", "keep": "shield-check", "lock": "lock", "unlock": "lock-open", "invalid": "user-x",
    "reverse": "arrow-back-up",
}  # fmt: skip

KEEPS_TAB = Tab("pools_keeps", _l("Applications to keep"), lambda customer: keeps(customer), KEEPS, order=76)


def actions_of(slug: str, actor: Actor, record: Any) -> Sequence[Action]:
    """The acts on records of that kind, on the page of one only what fits it now."""
    own = {"pools_keep": KEEP_ACTIONS, "pools_movement": (REVERSE,), "pools_run": (REVERSE_RUN,)}
    if slug in own:
        return own[slug]
    if slug == "pools_entry":
        return [act.action(VIEW) for act in ENTRY_ACTS if act.allowed()]
    if slug != "customer" or not actor.can("can_list", VIEW):
        return ()
    if record is None:
        offered = [act for act in BULK_ACTS if act.allowed()]
    else:
        fitting = acts_for(record)
        offered = [act for act in CUSTOMER_ACTS if act.name in fitting and act.allowed()]
    return [act.action("PoolsCustomerView") for act in offered]


def pool_card() -> Markup:
    """How many customers lie in the pools the person sees, and how many of the own ones go there tonight."""
    actor = require_actor()
    lying = int(session.scalar(select(func.count(PoolEntry.id))) or 0)
    tonight = None
    if actor.employee_id is not None:
        tonight = count_due(coming_night(), actor.employee_id)
    may_look = actor.can("can_preview", "PoolsRuleView")
    figures = {
        "lying": number_text(lying), "tonight": tonight, "pool_url": url_for("PoolsEntryView.list"),
        "night_url": url_for("PoolsRuleView.preview") if may_look else None,
    }  # fmt: skip
    return Markup(render_template("pools/card.html", **figures))  # noqa: S704


def story(customer: Customer) -> Markup:
    """The movements of a customer."""
    return related_list("pools_movement", "customer_id", customer)


def keeps(customer: Customer) -> Markup:
    """The applications to keep a customer."""
    return related_list("pools_keep", "customer_id", customer)


def timeline_of(customer: Customer, before: datetime | None, limit: int) -> Sequence[TimelineItem]:
    """The movements of a customer as lines of its timeline; the customer has been found within the scope."""
    if not readable("customer", "owner_id", require_actor()):
        return []
    to, former, into, out = aliased(Employee), aliased(Employee), aliased(Pool), aliased(Pool)
    statement = (
        select(
            PoolMovement.at,
            PoolMovement.act,
            PoolMovement.reason,
            into.name.label("to_pool"),
            out.name.label("from_pool"),
            to.name.label("to"),
            former.name.label("former"),
        )
        .outerjoin(into, into.id == PoolMovement.to_pool_id)
        .outerjoin(out, out.id == PoolMovement.from_pool_id)
        .outerjoin(to, to.id == PoolMovement.to_employee_id)
        .outerjoin(former, former.id == PoolMovement.from_employee_id)
        .where(PoolMovement.customer_id == customer.id, *([PoolMovement.at < before] if before else []))
        .order_by(PoolMovement.at.desc(), PoolMovement.id.desc())
        .limit(limit)
    )
    labels = {choice.value: choice.label for choice in ACTS}
    return [
        TimelineItem(
            row.at,
            labels.get(row.act, row.act),
            _sentence(row),
            ICONS.get(row.act, "arrows-exchange"),
            kind="pools",
        )
        for row in session.execute(statement.execution_options(**{UNSCOPED: True}))
    ]


def _sentence(row: Any) -> str:
    """From whom or where to whom or where; of a warning, whose it is."""
    places = (row.former or row.from_pool, row.to or row.to_pool)
    return " · ".join(filter(None, (" → ".join(filter(None, places)), row.reason)))


__all__ = ["CARD", "KEEPS_TAB", "STORY", "actions_of", "timeline_of"]
