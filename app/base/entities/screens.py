"""The screens of custom entities, and what a business admin does there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.base.entities.granting import give_entity
from app.base.views.acts import optional_url
from app.base.views.entity import EntityView
from app.base.views.related import related_list, related_tab
from app.base.views.screen import Figure
from app.db import session, transaction
from app.fields.custom.schemas import CUSTOM_FIELD
from app.fields.entities.describing import children_of, described
from app.fields.entities.models import CustomEntity
from app.fields.entities.schemas import CUSTOM_ENTITY
from app.fields.entities.services import add_entity, change_entity, count_records, remove_entity
from app.host.context import context
from app.types import Entity, Refused, Tab, Verbs


def _add(values: dict[str, Any]) -> CustomEntity:
    with transaction() as current:
        row = add_entity(values)
        made = described(context(), row)
        if made is not None:
            give_entity(current, made, row.given)
        return row


def custom_entity_entity() -> Entity:
    """The entity of custom entities with its acts."""
    return replace(CUSTOM_ENTITY, verbs=Verbs(create=_add, update=change_entity, delete=remove_entity))


class CustomEntityView(EntityView):
    """List, page and form of custom entities."""

    entity = CUSTOM_ENTITY

    def figures(self, record: Any) -> Sequence[Figure]:
        """Whether this process serves it already, and how many records there are."""
        made = context().entities.get(record.slug)
        if record.active:
            state = Figure(_("State"), _("In service"), tone="success")
            if made is None:
                state = Figure(_("State"), _("Being made; reload in a moment"), tone="warning")
        else:
            state = Figure(_("State"), _("Out of use"), tone="secondary")
        try:
            count = f"{count_records(session(), record):,}"
        except Refused:
            return (state,)
        url = optional_url(f"{made.view_name}.list") if made is not None else None
        return (state, Figure(_("Number of records"), count, url=url))


def entity_tabs(slug: str) -> list[Tab]:
    """The tabs on the page of a record of `slug`: custom entities whose records belong or link to it."""
    if slug == CUSTOM_ENTITY.slug:
        return [Tab("fields", _l("Fields"), _fields, view=CUSTOM_FIELD.view_name, order=10)]
    return [
        related_tab(entity, field, label=label, order=400 + place, name=f"{entity.slug}-{field}")
        for place, (entity, field, label) in enumerate(children_of(context(), slug))
    ]


def _fields(record: Any) -> Markup:
    """The custom fields of an entity, with a button to add one."""
    if record.slug not in context().entities:
        return Markup('<p class="text-secondary">{}</p>').format(
            _("Fields can be added once the new kind of record is in service: in a moment, or when it is in use again.")
        )
    listed = ("label_zh", "label_en", "kind", "key", "required", "active")
    return related_list("custom_field", "entity", SimpleNamespace(id=record.slug), fields=listed)


__all__ = ["CustomEntityView", "custom_entity_entity", "entity_tabs"]
