"""An administrator's second try."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import update

from app.access.actors import acting_as, require_actor
from app.access.audit import Act, record_acts
from app.access.scope import scope_condition
from app.db import now, transaction
from app.fields.bulk import among
from app.host.context import entity
from app.jobs.services import enqueue
from app.notices.models import Delivery
from app.notices.outside.schemas import DELIVERY
from app.notices.services import DELIVER
from app.types import SYSTEM

_DELIVERY: Any = Delivery.__table__
_AGAIN = ("failed", "given_up", "unknown")


def retry_deliveries(ids: Collection[int]) -> int:
    """Let the deliveries among these that did not go out, or may not have, go out at once; how many there are."""
    with transaction() as current:
        visible = scope_condition(entity(DELIVERY.slug), require_actor())
        which = (among(current, _DELIVERY.c.id, list(ids)), _DELIVERY.c.state.in_(_AGAIN), visible)
        again = {"state": "waiting", "attempts": 0, "due_at": now(), "error": ""}
        count = int(current.connection().execute(update(_DELIVERY).where(*which).values(**again)).rowcount)
        if count:
            record_acts(current, [Act("retry", DELIVERY.slug, "", f"{count}")])
            with acting_as(SYSTEM):
                enqueue(DELIVER, actor=SYSTEM)
    return count
