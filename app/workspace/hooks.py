"""What the room brings to every site: the start page and the kernel's own cards on it."""

from __future__ import annotations

from collections.abc import Sequence

from app.hookspecs import hookimpl
from app.types import Actor, Card
from app.workspace.cards import cards
from app.workspace.views import HomeView


@hookimpl
def views() -> Sequence[type]:
    return (HomeView,)


@hookimpl
def home_cards(actor: Actor) -> Sequence[Card]:
    return cards(actor)
