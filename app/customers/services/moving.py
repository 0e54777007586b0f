"""Many customers to many people at once: one statement each for ledger, customers and shares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import (
    BigInteger,
    FromClause,
    Integer,
    Table,
    Text,
    delete,
    select,
)
from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.customers.models import Customer, CustomerOwnership, CustomerShare
from app.customers.services.changing import change_hands
from app.customers.services.telling import tell_owners
from app.db import UtcDateTime, after_commit, transaction
from app.fields.bulk import among, as_table
from app.host.context import hooks
from app.types import Refused

_CUSTOMER, _LEDGER, _SHARE = (cast(Table, each.__table__) for each in (Customer, CustomerOwnership, CustomerShare))


@dataclass(frozen=True, slots=True)
class Move:
    """One customer on its way. `unit_id` is the unit it counts for then; `reason` goes into the ledger."""

    customer_id: int
    to_id: int | None
    unit_id: int | None
    reason: str = ""
    rule_id: int | None = None
    from_id: int | None = None
    #: Since when the new owner owns it, if not since now: what was theirs before is theirs again.
    since_at: datetime | None = None


@dataclass(slots=True)
class Moved:
    """What became of the moves, by customer."""

    done: dict[int, Move] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    #: The right (``r`` or ``w``) of a share the new owner had and needs no more.
    shares: dict[int, str] = field(default_factory=dict)


def move_customers(moves: Sequence[Move], *, cause: str) -> Moved:
    """Let customers change hands, each to its own new owner; whoever calls has checked that they may.

    A customer that is not with `from_id` any more stays, and so does one a veto of `before_assign` is about: the
    others go. Event: `assigned` for each new owner, after the commit.
    """
    outcome = Moved()
    with transaction() as current:
        current.flush()
        found = {
            row.id: row
            for row in current.execute(
                select(_CUSTOMER.c.id, _CUSTOMER.c.name, _CUSTOMER.c.owner_id)
                .where(among(current, _CUSTOMER.c.id, [move.customer_id for move in moves]))
                .order_by(_CUSTOMER.c.id)
                .with_for_update(key_share=True)
            )
        }
        by_person: dict[int | None, list[Move]] = defaultdict(list)
        for move in moves:
            row = found.get(move.customer_id)
            if row is None or row.owner_id != move.from_id:
                outcome.refused[move.customer_id] = _("It changed hands meanwhile")
            else:
                by_person[move.to_id].append(move)
        for person, going in by_person.items():
            against = vetoes([move.customer_id for move in going], person, cause)
            outcome.refused |= {number: str(reason) for number, reason in against.items()}
        outcome.done = {
            move.customer_id: move
            for going in by_person.values()
            for move in going
            if move.customer_id not in outcome.refused
        }
        if outcome.done:
            _write(current, outcome, cause)
            hooks().gate("customers_changed", customer_ids=sorted(outcome.done), what="owner")
            _tell(current, outcome.done.values(), found, cause)
    return outcome


def vetoes(ids: list[int], person: int | None, cause: str) -> dict[int, Any]:
    """{customer: reason} of those somebody is against, found by halving: one of them does not hold up the rest.

    A reason given lazily stays so: whoever keeps it (`app.api.keep_text`) lets each reader read their own language.
    """
    try:
        hooks().gate("before_assign", customer_ids=ids, employee_id=person, cause=cause, actor=require_actor())
    except Refused as refused:
        if len(ids) == 1:
            return {ids[0]: refused.reason or str(refused)}
        half = len(ids) // 2
        return vetoes(ids[:half], person, cause) | vetoes(ids[half:], person, cause)
    return {}


def _write(current: Session, outcome: Moved, cause: str) -> None:
    """Ledger and rows, then the shares an owner needs no more."""
    going = _as_table(current, outcome.done.values())
    change_hands(current, going, outcome.done, cause)
    mine = (_SHARE.c.customer_id == going.c.customer_id) & (_SHARE.c.employee_id == going.c.to_id)
    rows = current.execute(select(_SHARE.c.id, _SHARE.c.customer_id, _SHARE.c.can_write).join_from(_SHARE, going, mine))
    shares = rows.all()
    outcome.shares = {row.customer_id: "w" if row.can_write else "r" for row in shares}
    if shares:
        current.execute(delete(_SHARE).where(among(current, _SHARE.c.id, [row.id for row in shares])))


def _as_table(current: Session, moves: Iterable[Move]) -> FromClause:
    """The moves as a table to join, in one parameter."""
    kinds = {
        "customer_id": BigInteger, "to_id": Integer, "unit_id": Integer, "reason": Text, "rule_id": Integer,
        "since_at": UtcDateTime,
    }  # fmt: skip
    return as_table(current, "going", ({name: getattr(move, name) for name in kinds} for move in moves), kinds)


def _tell(current: Session, moves: Iterable[Move], found: Any, cause: str) -> None:
    """An audit record per customer now, the event per new owner after the commit."""
    going: dict[int | None, list[int]] = defaultdict(list)
    acts = []
    for move in moves:
        going[move.to_id].append(move.customer_id)
        changes = {"owner_id": [move.from_id, move.to_id]}
        acts.append(Act("assign", "customer", str(move.customer_id), found[move.customer_id].name, changes))
    record_acts(current, acts)
    tell_owners(going)

    def tell() -> None:
        for person, ids in going.items():
            hooks().event("assigned", customer_ids=ids, employee_id=person, cause=cause)

    after_commit(tell)


__all__ = ["Move", "Moved", "move_customers", "vetoes"]
