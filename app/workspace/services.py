"""The home page: which cards a person gets, each rendered by itself, and how the person arranged them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.access.actors import require_actor
from app.access.preferences import preference, set_preference
from app.db import session
from app.host.context import hooks
from app.types import Actor, Card, Text
from app.workspace.rules import arranged, cleaned

log = logging.getLogger(__name__)

#: The preference that holds a person's arrangement.
KEY = "home"


@dataclass(frozen=True, slots=True)
class Shown:
    """A card as it stands on the page."""

    name: str
    label: Text
    html: Any
    width: int


def cards_of(actor: Actor) -> list[Card]:
    """The cards of all modules the person may see; two of one name are one (the first)."""
    offered: list[Card] = hooks().render("home_cards", actor=actor)
    allowed = {c.name: c for c in reversed(offered) if c.view is None or actor.can(c.permission, c.view)}
    return sorted(allowed.values(), key=lambda card: (card.order, card.name))


def arrangement() -> dict[str, Any]:
    """The acting person's choice of cards: `order` and `hidden`."""
    kept = preference(KEY, {})
    return kept if isinstance(kept, dict) else {}


def home_of(actor: Actor) -> list[Shown]:
    """The home page's cards, rendered. One that fails is left out and logged; one with nothing to say too."""
    shown = []
    for card in arranged(cards_of(actor), arrangement()):
        try:
            html = card.render()
        except Exception:
            log.exception("home card %s left out of the page", card.name)
            session.rollback()
            continue
        if html:
            shown.append(Shown(card.name, card.label, html, min(max(card.width, 3), 12)))
    return shown


def arrange_home(order: Sequence[str], shown: Sequence[str]) -> None:
    """Keep the acting person's order of cards and which of them are shown."""
    known = [card.name for card in cards_of(require_actor())]
    set_preference(KEY, cleaned(order, shown, known))
