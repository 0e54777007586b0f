"""The screens of custom entities, and what a business admin does there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from flask import Response, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.base.entities.granting import give_entity, offered_roles, set_roles
from app.base.page import expose
from app.base.security.roles.asking import SUBJECT
from app.base.views.acts import chosen_ids, optional_url
from app.base.views.dialogs import asking, form_dialog, read_dialog
from app.base.views.entity import EntityView
from app.base.views.guard import needs
from app.base.views.related import related_list, related_tab
from app.base.views.replies import done, say_held
from app.base.views.saving import posted_values
from app.base.views.screen import Figure
from app.db import session, transaction
from app.fields.custom.schemas import CUSTOM_FIELD
from app.fields.entities.describing import children_of, described
from app.fields.entities.models import CustomEntity
from app.fields.entities.schemas import CUSTOM_ENTITY
from app.fields.entities.services import add_entity, change_entity, count_records, remove_entity
from app.fields.gate import act_held, remember
from app.fields.several import INPUT
from app.host.context import context
from app.types import Action, Choice, Entity, Field, Held, Kind, Refused, Tab, Verbs


def _add(values: dict[str, Any]) -> CustomEntity:
    with transaction() as current:
        row = add_entity(values)
        made = described(context(), row)
        if made is not None:
            give_entity(current, made, row.given)
            if (held := act_held(SUBJECT)) is not None:
                remember(CUSTOM_ENTITY, row.id, held)
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

    @expose("/roles", methods=("GET", "POST"))
    @needs("can_edit")
    def roles(self) -> Response:
        """Choose the roles that have an entity, as far as one may give them."""
        refused, values, made = None, dict[str, str](), None
        ids: list[int] = []
        try:
            ids = chosen_ids()[:1]
            record, _writable = self.find(ids[0])
            made = context().entities.get(record.slug)
            if made is None:
                raise Refused(_("Roles can be chosen once the new kind of record is in service"))
            if request.method == "POST":
                values = posted_values(request.form)
                return self._give(record, made, values)
        except Refused as wrong:
            refused = wrong
        return self._ask_roles(made, values, ids, refused)

    def _give(self, record: Any, made: Entity, values: Mapping[str, str]) -> Response:
        chosen = read_dialog(_roles_form(offered_roles(made))).get("roles") or ()
        count = set_roles(made, map(int, chosen), map(int, filter(str.isdecimal, values.get("seen", "").split(","))))
        if isinstance(count, Held):
            say_held(count)
            return done(self.home_url(record.id), "")
        said = _("%(count)s roles were changed", count=count) if count else _("Nothing was changed")
        return done(self.home_url(record.id), said)

    def _ask_roles(
        self, made: Entity | None, values: Mapping[str, str], ids: Sequence[int], refused: Refused | None
    ) -> Response:
        offered = offered_roles(made) if made is not None else []
        having = [str(role_id) for role_id, _label, has in offered if has]
        note = _(
            "A role receives the acts it has on the records these belong to, or on customers. "
            "Roles that hold more than you may give are not offered; all can be changed among the permissions."
        )
        return form_dialog(
            _roles_form(offered),
            {"roles": values.get("roles", INPUT.join(having))},
            address=self.url("roles"),
            heading=_("Roles that have it"),
            submit=_("Save"),
            pick_url=lambda _name: "",
            note=note,
            ids=ids,
            next_url=request.values.get("next", ""),
            hidden={"seen": values.get("seen", ",".join(having))},
            refused=refused,
        )


def _roles_form(offered: Sequence[tuple[int, str, bool]]) -> Entity:
    choices = tuple(Choice(str(role_id), label) for role_id, label, _has in offered)
    return asking("entity_roles", _l("Roles"), (Field("roles", _l("Roles"), Kind.CHOICES, choices=choices),))


#: The button on the page of a custom entity.
ROLES = Action(
    "roles", _l("Roles"), "CustomEntityView.roles", CUSTOM_ENTITY.view_name, "can_edit", "shield-lock",
    dialog_endpoint="CustomEntityView.roles", bulk=False,
)  # fmt: skip


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


__all__ = ["ROLES", "CustomEntityView", "custom_entity_entity", "entity_tabs"]
