"""The rules at work on some customers: locked, dealt out, moved, in one transaction of the caller's or its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, delete, insert, select, true
from sqlalchemy.orm import Session

from app.access.scope import UNSCOPED
from app.customers.assignment.candidates import read_deck
from app.customers.assignment.conditions import understood
from app.customers.assignment.dealing import Dealer, pending
from app.customers.assignment.models import AssignmentRule, AssignmentTurn
from app.customers.assignment.rules import BY_RULE
from app.customers.models import Customer
from app.customers.services.moving import Move, move_customers
from app.db import now, transaction
from app.fields.bulk import among

#: Customers per transaction: gates are asked once per person and chunk, and new customers wait for a chunk.
CHUNK = 5_000
#: When rules are asked: the column that switches it on.
ON_CREATE, ON_DEMAND, NIGHTLY = "on_create", "on_demand", "nightly"
_RULE, _TURN = cast(Table, AssignmentRule.__table__), cast(Table, AssignmentTurn.__table__)


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a chunk of customers: one row per customer a rule took, as `AssignmentItem` keeps it."""

    items: list[dict[str, Any]] = field(default_factory=list)
    last_id: int = 0
    more: bool = False
    #: Names of rules that were left out because their condition is not understood any more.
    broken: tuple[str, ...] = ()

    @property
    def given(self) -> set[int]:
        """The customers that have an account manager now."""
        return {item["customer_id"] for item in self.items if item["state"] == "given"}

    @property
    def counts(self) -> Counter[str]:
        """How many were given and left."""
        return Counter(item["state"] for item in self.items)


def assign_by_rules(
    which: Sequence[int] | ColumnElement[bool], *, trigger: str, after: int = 0, limit: int = CHUNK
) -> Applied:
    """Give customers nobody looks after to whom the rules say: those of `which` with an id above `after`, in the
    order of ids, `limit` at most.

    Whoever calls has chosen customers the actor may give away; a rule by itself takes those of its unit and below
    only. The rules' rows are locked to the end of the transaction, so that no turn is given twice. A customer a veto
    of `before_assign` is about stays, with the veto's reason.
    """
    with transaction() as current:
        current.flush()
        rules = lock_rules(current, trigger)
        deck = read_deck(rules)
        rules, broken = understood(rules, deck.tops)
        names = tuple(rule.name for rule in broken)
        if not rules:
            return Applied(broken=names)
        chosen = which if isinstance(which, ColumnElement) else among(current, Customer.id, which)
        rows = pending(rules, deck, chosen, after, limit)
        if not rows:
            return Applied(broken=names)
        dealer = Dealer(deck)
        dealt = dealer.deal(rows)
        moves = [
            Move(one.customer_id, one.to_id, deck.people[one.to_id].unit_id,
                 f"{deck.rules[one.rule_id].name} · {one.why}"[:300], one.rule_id)
            for one in dealt
            if one.to_id is not None
        ]  # fmt: skip
        moved = move_customers(moves, cause=BY_RULE)
        _keep_turns(current, deck.turns, dealer.turns)
        moment = now()
        items = [
            {
                "rule_id": one.rule_id, "customer_id": one.customer_id, "to_id": one.to_id,
                "state": "given" if one.customer_id in moved.done else "left",
                "reason": moved.refused.get(one.customer_id, one.why)[:300],
                "from_unit_id": one.unit_id, "share": moved.shares.get(one.customer_id, ""), "at": moment,
            }
            for one in dealt
        ]  # fmt: skip
        return Applied(items, rows[-1].id, len(rows) == limit, names)


def lock_rules(current: Session, trigger: str) -> list[AssignmentRule]:
    """The rules in force for a trigger, in the order they are asked; locked in the order of their ids."""
    mine = (_RULE.c.active, _RULE.c[trigger])
    ids = current.scalars(select(_RULE.c.id).where(*mine).order_by(_RULE.c.id).with_for_update(key_share=True)).all()
    return read_rules(current, among(current, AssignmentRule.id, ids)) if ids else []


def read_rules(current: Session, condition: ColumnElement[bool]) -> list[AssignmentRule]:
    """Rules in the order they are asked, whoever may see them."""
    statement = select(AssignmentRule).where(condition).order_by(AssignmentRule.position, AssignmentRule.id)
    return list(current.scalars(statement.execution_options(**{UNSCOPED: True, "populate_existing": True})))


def any_rules(current: Session, trigger: str) -> bool:
    """Whether any rule is in force for a trigger."""
    found = select(_RULE.c.id).where(_RULE.c.active, _RULE.c[trigger]).limit(1)
    return current.scalar(found) is not None


def _keep_turns(
    current: Session, before: Mapping[tuple[int, str], int | None], after: Mapping[tuple[int, str], int | None]
) -> None:
    changed = {key: last for key, last in after.items() if last != before.get(key)}
    for number, key in changed:
        current.execute(delete(_TURN).where(_TURN.c.rule_id == number, _TURN.c.key == key))
    if changed:
        rows = [{"rule_id": number, "key": key, "last_id": last} for (number, key), last in changed.items()]
        current.execute(insert(_TURN), rows)


EVERY: ColumnElement[bool] = true()

__all__ = [
    "CHUNK", "EVERY", "NIGHTLY", "ON_CREATE", "ON_DEMAND", "Applied", "any_rules", "assign_by_rules", "lock_rules",
    "read_rules",
]  # fmt: skip
