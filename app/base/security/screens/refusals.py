"""How the screens tell what was refused, and what was held for an approval."""

from __future__ import annotations

from flask import flash

from app.base.views.replies import say_held
from app.types import Held, Refused


def told(refused: Refused) -> dict[str, str]:
    """The reasons by field; one that belongs to no field under the empty name."""
    errors = {name: str(text) for name, text in refused.errors.items()}
    return errors or {"": str(refused)}


def say_saved(held: Held | None, text: str) -> None:
    """Say on the next page that a change is done, or that it was sent for approval."""
    if held is None:
        flash(text, "success")
    else:
        say_held(held)
