"""What the rules would do now, counted without doing it: per rule and person, with the first customers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from app.access.actors import require_actor
from app.access.policy import may_ask, title_text
from app.access.scope import UNSCOPED, scope_condition
from app.base.views.titles import read_titles, record_url
from app.customers.assignment.applying import NIGHTLY, read_rules
from app.customers.assignment.candidates import read_deck
from app.customers.assignment.conditions import looked_at, understood
from app.customers.assignment.dealing import Dealer, Dealt, pending
from app.customers.assignment.models import AssignmentRule
from app.customers.assignment.running import reach
from app.db import session
from app.host.context import entity

#: As many customers are counted; more are not looked at.
COUNTED = 50_000
SHOWN = 20


@dataclass(frozen=True, slots=True)
class RuleForecast:
    """What one rule would do: to whom how many, and why how many would be left."""

    rule_id: int
    name: str
    url: str | None
    count: int
    to: tuple[tuple[str, int], ...]
    left: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """One of the first customers; without a name where the person looking may not see it."""

    name: str
    url: str | None
    rule: str
    to: str
    why: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """The whole preview. `more`: there are more customers than were counted."""

    lines: tuple[RuleForecast, ...]
    rows: tuple[ForecastRow, ...]
    count: int
    more: bool
    broken: tuple[str, ...]


def forecast(extra_id: int | None = None) -> Forecast:
    """What would happen tonight to the customers within the actor's reach that nobody looks after.

    With `extra_id` as if that rule were in force, too, whenever it applies. The people are counted as the run would
    count them: in the order of ids, first rule first.
    """
    current = session()
    chosen = AssignmentRule.active & getattr(AssignmentRule, NIGHTLY)
    rules = read_rules(current, chosen if extra_id is None else chosen | (AssignmentRule.id == extra_id))
    deck = read_deck(rules)
    rules, broken = understood(rules, deck.tops)
    dealt: list[Dealt] = []
    if rules:
        dealt = Dealer(deck).deal(pending(rules, deck, reach(), 0, COUNTED + 1))
    more, dealt = len(dealt) > COUNTED, dealt[:COUNTED]
    mine: dict[int, list[Dealt]] = defaultdict(list)
    for one in dealt:
        mine[one.rule_id].append(one)
    people = {number: title_text("employee", person.name, number) for number, person in deck.people.items()}
    seen = _seen(rules)
    names = {rule.id: rule.name if rule.id in seen else _("a rule beyond your reach") for rule in rules}
    return Forecast(
        tuple(_line(rule.id, names[rule.id], rule.id in seen, mine[rule.id], people) for rule in rules),
        _rows(dealt[:SHOWN], deck.rules, names, people),
        len(dealt),
        more,
        tuple(rule.name for rule in broken if rule.id in seen),
    )


def _seen(rules: Sequence[AssignmentRule]) -> set[int]:
    """The rules within the actor's reach."""
    from_here = scope_condition(entity("assignment_rule"), require_actor())
    statement = AssignmentRule.__table__.select().where(from_here)
    return {row.id for row in session.execute(statement.execution_options(**{UNSCOPED: True}))} & {
        rule.id for rule in rules
    }


def _line(rule_id: int, name: str, seen: bool, mine: Sequence[Dealt], people: dict[int, str]) -> RuleForecast:
    to = Counter(one.to_id for one in mine if one.to_id is not None)
    left: dict[str, int] = defaultdict(int)
    for one in mine:
        if one.to_id is None:
            left[one.why] += 1
    return RuleForecast(
        rule_id,
        name,
        record_url("assignment_rule", rule_id) if seen else None,
        len(mine),
        tuple((people[number], count) for number, count in to.most_common()),
        tuple(left.items()),
    )


def _rows(
    dealt: Sequence[Dealt], rules: Mapping[int, AssignmentRule], names: dict[int, str], people: dict[int, str]
) -> tuple[ForecastRow, ...]:
    titles = read_titles({("customer", one.customer_id) for one in dealt})
    rows = []
    for one in dealt:
        title = titles.get(("customer", one.customer_id))
        told = looked_at(rules[one.rule_id])
        rows.append(
            ForecastRow(
                title or f"#{one.customer_id}",
                record_url("customer", one.customer_id) if title else None,
                names[one.rule_id],
                people[one.to_id] if one.to_id is not None else "",
                one.why if told is None or may_ask("customer", told, require_actor()) else "",
            )
        )
    return tuple(rows)


__all__ = ["COUNTED", "Forecast", "forecast"]
