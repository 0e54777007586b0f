"""Customers changing hands by a query: however many, one statement each for ledger, customers and shares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, cast

from sqlalchemy import FromClause, Table, case, delete, func, insert, literal, null, select, update
from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.audit import Act, Told, record_acts, told
from app.customers.models import Customer, CustomerOwnership, CustomerShare
from app.customers.services.telling import tell_owners
from app.db import UtcDateTime, after_commit, now, transaction
from app.fields.custom.keeping import derive
from app.host.context import hooks

_CUSTOMER, _LEDGER, _SHARE = (cast(Table, each.__table__) for each in (Customer, CustomerOwnership, CustomerShare))


def move_set(going: FromClause, *, cause: str) -> list[int]:
    """Let the customers of a query change hands, in one transaction; returns their ids.

    `going` has a row per customer: customer_id, to_id (the new owner, null for none), unit_id (it counts for then),
    reason, rule_id (the assignment rule's, else null); if it happened at another moment than this, at; and if ownership
    is to count from another than that, since_at. Whoever calls has locked the customers and asked for `vetoes`; a chunk
    of some thousand keeps memory flat. Audit log, notices and the event `assigned` are as of `move_customers`.
    """
    with transaction() as current:
        current.flush()
        c, held = _CUSTOMER.c, going.c
        rows = current.execute(
            select(c.id, c.name, c.owner_id, c.unit_id, held.to_id, held.unit_id.label("to_unit_id"))
            .join_from(_CUSTOMER, going, held.customer_id == c.id)
            .order_by(c.id)
        ).all()
        if not rows:
            return []
        ids, by_person = [row.id for row in rows], defaultdict[int | None, list[int]](list)
        for row in rows:
            by_person[row.to_id].append(row.id)
        change_hands(current, going, ids, cause)
        mine = select(held.customer_id).where(
            held.customer_id == _SHARE.c.customer_id, held.to_id == _SHARE.c.employee_id
        )
        current.execute(delete(_SHARE).where(mine.correlate(_SHARE).exists()))  # an owner needs no share
        hooks().gate("customers_changed", customer_ids=ids, what="owner")
        record_acts(current, _acts(rows))
        tell_owners({number for number in by_person if number is not None})

        def tell() -> None:
            for person, given in by_person.items():
                hooks().event("assigned", customer_ids=given, employee_id=person, cause=cause)

        after_commit(tell)
    return ids


def change_hands(current: Session, going: FromClause, ids: Collection[int], cause: str) -> None:
    """The ledger first, from the rows as they are, then the rows."""
    moment: Any = literal(now(), UtcDateTime)
    if "at" in going.c:
        moment = func.coalesce(going.c.at, moment)
    user_id = require_actor().user_id
    ledger = select(
        *(_CUSTOMER.c.id, _CUSTOMER.c.owner_id, going.c.to_id, _CUSTOMER.c.unit_id, going.c.unit_id),
        *(literal(cause), going.c.reason, going.c.rule_id, moment),
        null() if user_id is None else literal(user_id),
    ).join_from(_CUSTOMER, going, going.c.customer_id == _CUSTOMER.c.id)
    names = (
        *("customer_id", "from_employee_id", "to_employee_id", "from_unit_id", "to_unit_id"),
        *("cause", "reason", "rule_id", "at", "by_user_id"),
    )
    current.execute(insert(_LEDGER).from_select(names, ledger, include_defaults=False))
    since = func.coalesce(going.c.since_at, moment) if "since_at" in going.c else moment
    current.execute(
        update(_CUSTOMER)
        .where(_CUSTOMER.c.id == going.c.customer_id)
        .values(
            owner_id=going.c.to_id,
            unit_id=going.c.unit_id,
            owned_since_at=case((going.c.to_id.is_(None), null()), else_=since),
            version=_CUSTOMER.c.version + 1,
        )
    )
    derive(current, _CUSTOMER, ids, ("owner_id", "unit_id", "owned_since_at"))
    gone = set(ids)
    for record in list(current.identity_map.values()):
        if isinstance(record, Customer) and record.id in gone:
            current.expire(record)


def _acts(rows: Sequence[Any]) -> list[Act]:
    """What the audit log says of each; a customer nobody owns before and after changes its unit only."""
    said: dict[tuple[str, int | None, int | None], Told] = {}  # many go the same way: written once for all of them
    acts = []
    for number, name, owner_id, unit_id, to_id, to_unit_id in rows:
        way = ("unit_id", unit_id, to_unit_id) if owner_id == to_id else ("owner_id", owner_id, to_id)
        if way not in said:
            field, before, after = way
            said[way] = told({field: [before, after]})
        acts.append(Act("assign", "customer", str(number), name, said[way]))
    return acts


__all__ = ["change_hands", "move_set"]
