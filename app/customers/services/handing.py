"""Customers and shares in other hands: what `holdings` needs to move them, a chunk at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, cast

from flask_babel import lazy_gettext as _l
from sqlalchemy import Table, and_, delete, literal, null, select, update

from app.access.audit import Act, record_acts
from app.customers.models import Customer, CustomerOwnership, CustomerShare
from app.customers.services.ownership import assign_customers
from app.db import insert_rows, now, session, transaction
from app.fields.bulk import among
from app.types import Handing, Holding

CUSTOMERS, SHARES = "customers", "customers.shares"
_CUSTOMER, _LEDGER, _SHARE = (cast(Table, each.__table__) for each in (Customer, CustomerOwnership, CustomerShare))


def customer_holdings(employee_id: int) -> tuple[Holding, Holding]:
    """The customers somebody owns, and those colleagues share with them."""
    owned = select(
        _CUSTOMER.c.id.label("id"), _CUSTOMER.c.unit_id.label("unit_id"), literal(None).label("with_id")
    ).where(_CUSTOMER.c.owner_id == employee_id)
    shared = (
        select(_SHARE.c.customer_id.label("id"), null().label("unit_id"), _CUSTOMER.c.owner_id.label("with_id"))
        .join_from(_SHARE, _CUSTOMER, _CUSTOMER.c.id == _SHARE.c.customer_id)
        .where(_SHARE.c.employee_id == employee_id)
    )
    return (
        Holding(
            CUSTOMERS, _l("Customers"), "customer", owned, hand_customers, take_customers_back,
            filters=("kind", "level"), order=10,
        ),
        Holding(SHARES, _l("Shared customers"), "customer", shared, hand_shares, take_shares_back, order=20),
    )  # fmt: skip


def hand_customers(asked: Handing) -> dict[int, str]:
    """Give customers who are still the giver's to the receiver; the memo says what share the receiver had.

    The right to hand over has been checked for the people, not for each customer. Raises `Refused` like
    `assign_customers`; nothing is then written.
    """
    with transaction() as current:
        ids = list(asked.records)
        had = _rights(ids, asked.receiver_id)
        moved = assign_customers(
            among(current, Customer.id, ids),
            asked.receiver_id,
            cause=asked.cause,
            reason=asked.reason,
            from_employee_id=asked.giver_id,
            scoped=False,
        )
    return {number: had.get(number, "") for number in moved}


def take_customers_back(asked: Handing) -> list[int]:
    """Give customers back whose owner has not changed since, with the share the receiver had of them."""
    since = select(_LEDGER.c.id).where(_LEDGER.c.customer_id == _CUSTOMER.c.id, _LEDGER.c.at > asked.at)
    with transaction() as current:
        untouched = and_(among(current, Customer.id, asked.records), ~since.exists())
        moved = assign_customers(
            untouched,
            asked.giver_id,
            cause=asked.cause,
            reason=asked.reason,
            from_employee_id=asked.receiver_id,
            scoped=False,
        )
        shared = {number: asked.records[number] for number in moved if asked.records[number]}
        _share(shared, asked.receiver_id)
    return moved


def hand_shares(asked: Handing) -> dict[int, str]:
    """Let the receiver share what the giver shared; who owns a customer or shares it already gets no second share.

    The memo is the right of a share that so went under: ``r`` or ``w``, with ``+`` where the receiver's own became
    one to write.
    """
    giver, receiver = asked.giver_id, asked.receiver_id
    with transaction() as current:
        mine = _rights(asked.records, giver, lock=True)
        theirs = _rights(mine, receiver)
        owned = set(_owned(mine, receiver))
        moved = dict.fromkeys(mine, "")
        for number in {*theirs, *owned} & set(mine):
            raised = mine[number] == "w" and theirs.get(number) == "r"
            moved[number] = mine[number] + ("+" if raised else "")
        plain = [number for number, memo in moved.items() if not memo]
        _change(plain, giver, employee_id=receiver)
        _drop([number for number, memo in moved.items() if memo], giver)
        _change([number for number, memo in moved.items() if memo.endswith("+")], receiver, can_write=True)
        _note("hand_over_share", moved, giver, receiver)
        current.flush()
    return moved


def take_shares_back(asked: Handing) -> set[int]:
    """Give shares back that are still there; one that went under is made anew unless the giver shares or owns."""
    giver, receiver = asked.giver_id, asked.receiver_id
    with transaction():
        theirs = _rights(asked.records, receiver, lock=True)
        taken = {*_rights(asked.records, giver), *_owned(asked.records, giver)}
        free = {number: memo for number, memo in asked.records.items() if number not in taken}
        plain = [number for number, memo in free.items() if not memo and number in theirs]
        anew = {number: memo[0] for number, memo in _standing(free).items() if memo}
        _change(plain, receiver, employee_id=giver)
        _share(anew, giver)
        lowered = [number for number in anew if free[number].endswith("+") and theirs.get(number) == "w"]
        _change(lowered, receiver, can_write=False)
        back = {*plain, *anew}
        _note("hand_over_share", back, receiver, giver)
    return back


def _rights(ids: Iterable[int], employee_id: int | None, *, lock: bool = False) -> dict[int, str]:
    """{customer: ``r`` or ``w``} of the shares somebody has among these customers."""
    statement = select(_SHARE.c.customer_id, _SHARE.c.can_write).where(
        among(session(), _SHARE.c.customer_id, list(ids)), _SHARE.c.employee_id == employee_id
    )
    rows = session.execute(statement.order_by(_SHARE.c.customer_id).with_for_update() if lock else statement)
    return {row.customer_id: "w" if row.can_write else "r" for row in rows}


def _owned(ids: Iterable[int], employee_id: int | None) -> Collection[int]:
    chosen = among(session(), _CUSTOMER.c.id, list(ids))
    return session.scalars(select(_CUSTOMER.c.id).where(chosen, _CUSTOMER.c.owner_id == employee_id)).all()


def _standing(records: dict[int, str]) -> dict[int, str]:
    """Those of customers who are still there."""
    found = session.scalars(select(_CUSTOMER.c.id).where(among(session(), _CUSTOMER.c.id, list(records))))
    return {number: records[number] for number in found}


def _change(ids: list[int], sharer_id: int | None, **values: Any) -> None:
    if ids:
        mine = (among(session(), _SHARE.c.customer_id, ids), _SHARE.c.employee_id == sharer_id)
        session.execute(update(_SHARE).where(*mine).values(**values))


def _drop(ids: list[int], employee_id: int) -> None:
    if ids:
        mine = (among(session(), _SHARE.c.customer_id, ids), _SHARE.c.employee_id == employee_id)
        session.execute(delete(_SHARE).where(*mine))


def _share(rights: dict[int, str], employee_id: int | None) -> None:
    """New shares with these rights."""
    moment = now()
    rows = [
        {"customer_id": number, "employee_id": employee_id, "can_write": right == "w", "created_at": moment}
        for number, right in rights.items()
    ]
    insert_rows(session(), _SHARE, rows, ("customer_id", "employee_id", "can_write", "created_at"))


def _note(action: str, ids: Iterable[int], giver: int | None, receiver: int | None) -> None:
    """An audit record per customer."""
    chosen = among(session(), _CUSTOMER.c.id, list(ids))
    rows = session.execute(select(_CUSTOMER.c.id, _CUSTOMER.c.name).where(chosen).order_by(_CUSTOMER.c.id))
    changes = {"shared_with": [giver, receiver]}
    record_acts(session(), [Act(action, "customer", str(row.id), row.name, changes) for row in rows])


__all__ = ["CUSTOMERS", "SHARES", "customer_holdings"]
