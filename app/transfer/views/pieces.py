"""What the screens of import, export and attachments share: who may pass, and how things are called."""

from __future__ import annotations

from typing import Any

from app.access.actors import require_actor
from app.access.policy import seen_by
from app.base.views.cells import plain, zone
from app.host.context import context
from app.transfer.services.sheets import FIGURES
from app.types import Entity, Refused


def importable() -> list[Entity]:
    """The entities the actor may import into."""
    actor = require_actor()
    return [
        one for one in context().entities.values() if "import" in one.actions and actor.can("can_import", one.view_name)
    ]


def named(slug: str) -> str:
    """What an entity, or a table of figures, is called; its slug when its module is off."""
    found = context().entities.get(slug)
    return str(found.label if found else FIGURES.get(slug, slug))


def shown_value(entity: Entity, name: str, value: Any) -> str:
    """A value of a row or record as text, as far as the actor may read it."""
    if entity.field(name) is None:
        return str(value)
    field = seen_by(entity, require_actor()).field(name)
    return plain(field, value, zone()) if field is not None else ""


def refusal(entity: Entity, refused: Refused) -> str:
    """A refusal as one text, with the labels of the fields."""
    if not refused.errors:
        return str(refused)
    labels = {field.name: str(field.label) for field in seen_by(entity, require_actor()).fields}
    return "; ".join(f"{labels.get(name, name)}: {text}" for name, text in refused.errors.items())
