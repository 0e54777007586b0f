"""What pools add to other pages: a card on the home page, a tab and lines on the customer's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
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
from app.types import Action, Card, Tab, TimelineItem
from plugins.pools.models import Pool, PoolEntry, PoolMovement
from plugins.pools.schemas import ACTS
from plugins.pools.services import coming_night, count_due
from plugins.pools.services.members import VIEW

CARD = Card("pools.mine", _l("Pools"), lambda: pool_card(), VIEW, order=60)
STORY = Tab("pools_story", _l("Pool story"), lambda customer: story(customer), "PoolsMovementView", order=75)
ICONS = {"recycle": "recycle", "claim": "hand-grab", "assign": "user-share", "return": "arrow-back-up"}

ENTRY_ACTIONS = (
    Action(
        "claim",
        _l("Claim"),
        "PoolsEntryView.claim",
        VIEW,
        "can_claim",
        "hand-grab",
        _l("Claim these customers for yourself?"),
    ),
    Action(
        "assign",
        _l("Assign"),
        "PoolsEntryView.assign",
        VIEW,
        "can_assign",
        "user-share",
        dialog_endpoint="PoolsEntryView.assign",
    ),
    Action(
        "return",
        _l("Return"),
        "PoolsEntryView.give_back",
        VIEW,
        "can_return",
        "arrow-back-up",
        dialog_endpoint="PoolsEntryView.give_back",
    ),
)


def pool_card() -> Markup:
    """How many customers lie in the pools the person sees, and how many of the own ones go there tonight."""
    actor = require_actor()
    lying = int(session.scalar(select(func.count(PoolEntry.id))) or 0)
    tonight = None
    if actor.employee_id is not None:
        tonight = count_due(coming_night(), actor.employee_id)
    figures = {"lying": number_text(lying), "tonight": tonight, "pool_url": url_for("PoolsEntryView.list")}
    return Markup(render_template("pools/card.html", **figures))  # noqa: S704


def story(customer: Customer) -> Markup:
    """The movements of a customer."""
    return related_list("pools_movement", "customer_id", customer)


def timeline_of(customer: Customer, before: datetime | None, limit: int) -> Sequence[TimelineItem]:
    """The movements of a customer as lines of its timeline; the customer has been found within the scope."""
    if not readable("customer", "owner_id", require_actor()):
        return []
    to, former = aliased(Employee), aliased(Employee)
    pool = func.coalesce(PoolMovement.to_pool_id, PoolMovement.from_pool_id)
    statement = (
        select(
            PoolMovement.at,
            PoolMovement.act,
            PoolMovement.reason,
            Pool.name.label("pool"),
            to.name.label("to"),
            former.name.label("former"),
        )
        .outerjoin(Pool, Pool.id == pool)
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
            labels[row.act],
            _sentence(row),
            ICONS[row.act],
            kind="pools",
        )
        for row in session.execute(statement.execution_options(**{UNSCOPED: True}))
    ]


def _sentence(row: Any) -> str:
    if row.act == "recycle":
        said = _("%(former)s → %(pool)s", former=row.former or "--", pool=row.pool)
    else:
        said = _("%(pool)s → %(to)s", pool=row.pool, to=row.to or "--")
    return f"{said} · {row.reason}" if row.reason else said


__all__ = ["CARD", "ENTRY_ACTIONS", "STORY", "timeline_of"]
