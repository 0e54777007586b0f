"""Who sees which call: with a customer whoever sees the customer, without one whoever may match calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from sqlalchemy import Table

from app.activities.calls.models import CallRecord
from app.activities.calls.schemas import CALL
from app.types import Actor, ScopeFilter

#: The permission on the screens of calls that lets somebody see and settle those without a customer.
MATCH = "can_match"
_CUSTOMER = cast(Table, CallRecord.__table__).c.customer_id


def call_filters(actor: Actor) -> Sequence[ScopeFilter]:
    """What to add to the scope of calls for this actor; nobody sees the others' unmatched calls by a wide scope."""
    if actor.can(MATCH, CALL.view_name):
        return (ScopeFilter(also=_CUSTOMER.is_(None)),)
    return (ScopeFilter(only=_CUSTOMER.is_not(None)),)


__all__ = ["MATCH", "call_filters"]
