"""Closing customers nobody works with any more, and opening them again."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from sqlalchemy import Table, select, update

from app.access.audit import Act, plain, record_acts
from app.customers.models import Customer
from app.db import now, transaction
from app.fields.bulk import among
from app.fields.custom.keeping import derive
from app.host.context import hooks

_CUSTOMER = cast(Table, Customer.__table__)


def close_customers(customer_ids: Collection[int], reason: str = "") -> list[int]:
    """Close customers; returns the ids of those that were open. Whoever calls has checked that they may."""
    return _set(customer_ids, True, reason)


def reopen_customers(customer_ids: Collection[int], reason: str = "") -> list[int]:
    """Open closed customers again; returns the ids of those that were closed. Whoever calls has checked it."""
    return _set(customer_ids, False, reason)


def _set(customer_ids: Collection[int], closed: bool, reason: str) -> list[int]:
    """One statement for all, with an audit record each that says why."""
    with transaction() as current:
        current.flush()
        named = _CUSTOMER.c
        other = named.closed_at.is_(None) if closed else named.closed_at.is_not(None)
        found = current.execute(
            select(named.id, named.name, named.closed_at)
            .where(among(current, named.id, customer_ids), other)
            .order_by(named.id)
            .with_for_update(key_share=True)
        ).all()
        ids, moment = [row.id for row in found], now() if closed else None
        if not ids:
            return []
        values = {"closed_at": moment, "version": named.version + 1}
        current.execute(update(_CUSTOMER).where(among(current, named.id, ids)).values(**values))
        derive(current, _CUSTOMER, ids, ("closed_at",))
        hooks().gate("customers_changed", customer_ids=ids, what="fields")
        act, said = "close" if closed else "reopen", {"reason": [None, reason]} if reason else {}
        record_acts(
            current,
            [
                Act(act, "customer", str(r.id), r.name, {"closed_at": [plain(r.closed_at), plain(moment)], **said})
                for r in found
            ],
        )
        for record in list(current.identity_map.values()):
            if isinstance(record, Customer) and record.id in set(ids):
                current.expire(record)
    return ids


__all__ = ["close_customers", "reopen_customers"]
