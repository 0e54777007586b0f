"""How the screens tell what was refused."""

from __future__ import annotations

from app.types import Refused


def told(refused: Refused) -> dict[str, str]:
    """The reasons by field; one that belongs to no field under the empty name."""
    errors = {name: str(text) for name, text in refused.errors.items()}
    return errors or {"": str(refused)}
