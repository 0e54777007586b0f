"""How the cards of the home page are put in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.types import Card


def arranged(cards: Sequence[Card], choice: Mapping[str, Any]) -> list[Card]:
    """The cards a person wants to see, in the person's order.

    `choice` holds `order` and `hidden` (names), as kept; whatever it does not know comes after, in the
    modules' own order, so that a new module's card is seen.

    >>> a, b, c = (Card(name, name, str, order=n) for n, name in enumerate("abc"))
    >>> [card.name for card in arranged([a, b, c], {"order": ["c"], "hidden": ["a"]})]
    ['c', 'b']
    """
    hidden = set(_names(choice.get("hidden")))
    return [card for card in in_order(cards, choice) if card.name not in hidden]


def in_order(cards: Sequence[Card], choice: Mapping[str, Any]) -> list[Card]:
    """All cards in the person's order, the hidden ones too."""
    place = {name: number for number, name in enumerate(_names(choice.get("order")))}
    return sorted(cards, key=lambda card: (place.get(card.name, len(place)), card.order, card.name))


def cleaned(order: Sequence[str], shown: Sequence[str], known: Sequence[str]) -> dict[str, list[str]]:
    """What is kept of a submitted arrangement: known names only, each once."""
    ordered = [name for name in dict.fromkeys(order) if name in known]
    return {"order": ordered, "hidden": [name for name in ordered if name not in shown]}


def _names(kept: Any) -> list[str]:
    """The names in a kept list, whatever else may have got into it."""
    return [name for name in kept if isinstance(name, str)] if isinstance(kept, list) else []
