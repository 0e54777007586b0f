"""Dealing customers out: each of a chunk to somebody with the reason, or to nobody with why. Nothing is saved here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, case, null, or_, select

from app.access.scope import UNSCOPED
from app.customers.assignment.candidates import Deck
from app.customers.assignment.conditions import assignable, taken_by, value_columns
from app.customers.assignment.models import AssignmentRule
from app.customers.assignment.rules import Dealing, Fallback, Levels, Method, Turns, longest_prefix
from app.customers.models import Customer
from app.db import session
from app.host.context import entity


@dataclass(frozen=True, slots=True)
class Dealt:
    """A customer with the rule that took it and who gets it; `why` is what the ledger says after the rule's name."""

    customer_id: int
    rule_id: int
    to_id: int | None
    #: The unit it counts for now.
    unit_id: int | None
    why: str


def pending(
    rules: Sequence[AssignmentRule], deck: Deck, among_these: ColumnElement[bool], after: int, limit: int
) -> list[Any]:
    """The next unowned customers some rule takes, in the order of ids: `id`, `unit_id`, `rule_id` and its fields.

    One statement: the first rule that matches takes a customer.
    """
    conditions = [(taken_by(rule, deck.tops[rule.id]), rule.id) for rule in rules]
    statement = (
        select(
            Customer.id,
            Customer.unit_id,
            case(*conditions, else_=null()).label("rule_id"),
            *value_columns(rules),
        )
        .where(assignable(), among_these, Customer.id > after, or_(*(found for found, _rule in conditions)))
        .order_by(Customer.id)
        .limit(limit)
    )
    return list(session.execute(statement.execution_options(**{UNSCOPED: True})))


class Dealer:
    """Deals in the order of the rows given, over as many chunks as there are."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._dealings: dict[tuple[int, str], Dealing] = {}
        self._labels = {
            field.name: {choice.value: str(choice.label) for choice in field.choices}
            for field in entity("customer").fields
            if field.choices
        }

    @property
    def turns(self) -> dict[tuple[int, str], int | None]:
        """{(rule, key): who was served last} of all that have dealt in turn."""
        return {key: one.last for key, one in self._dealings.items() if isinstance(one, Turns)}

    def deal(self, rows: Iterable[Any]) -> list[Dealt]:
        """Each row with whom it goes to."""
        return [self._one(row) for row in rows]

    def _one(self, row: Any) -> Dealt:
        rule = self._deck.rules[row.rule_id]
        key, why = self._key(rule, row)
        to = self._dealing(rule, key).pick(self._deck.held) if key is not None else None
        if to is None:
            to, why = self._fallback(rule, row, key)
        return Dealt(row.id, rule.id, to, row.unit_id, why)

    def _key(self, rule: AssignmentRule, row: Any) -> tuple[str | None, str]:
        """(the key of the lines that count for a customer, why), None where there are none."""
        if rule.method == Method.REGION:
            key = longest_prefix(row.by_region, self._deck.keys[rule.id])
            return key, _("region %(code)s", code=key)
        if rule.method in (Method.PRODUCT, Method.ATTRIBUTE):
            value = getattr(row, f"by_{rule.by_field}", None) or ""
            label = self._labels.get(rule.by_field or "", {}).get(value, value)
            return (value if value in self._deck.keys[rule.id] else None), label
        return "", _("fewest customers") if rule.method == Method.LOAD else _("in turn")

    def _dealing(self, rule: AssignmentRule, key: str) -> Dealing:
        found = self._dealings.get((rule.id, key))
        if found is None:
            seats = self._deck.seats.get((rule.id, key), [])
            if rule.method == Method.LOAD:
                found = Levels(seats, self._deck.held)
            else:
                found = Turns(seats, self._deck.turns.get((rule.id, key)))
            self._dealings[rule.id, key] = found
        return found

    def _fallback(self, rule: AssignmentRule, row: Any, key: str | None) -> tuple[int | None, str]:
        if rule.fallback == Fallback.HEAD:
            head = self._deck.head_for(rule, row.unit_id)
            return head, _("nobody else: head of the unit") if head else _("There is no head of the unit who works now")
        if rule.fallback == Fallback.PERSON:
            if self._deck.may_get(rule, rule.fallback_id):
                return rule.fallback_id, _("nobody else: named person")
            return None, _("The named person is away, or not in the rule's unit")
        if key is None:
            return None, _("The rule has no line for this region or value")
        return None, _("Nobody named is at work and has room")


__all__ = ["Dealer", "Dealt", "pending"]
