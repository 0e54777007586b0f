"""One's own views as records: the list of them, their pages and REST, and who may share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.access.actors import require_actor
from app.access.policy import seen_by
from app.access.role_templates import KERNEL_TEMPLATES
from app.base.saved.models import SavedView
from app.base.saved.rules import SET_DEFAULT, SHARE, Audience
from app.base.saved.schemas import SAVED_VIEW
from app.base.saved.services import Wish, add_view, change_view, keep_state, query_of, remove_view
from app.base.views.cells import zone
from app.base.views.desk import may_list
from app.base.views.entity import EntityView
from app.base.views.opening import wishes_of
from app.db import transaction
from app.host.context import context
from app.types import Actor, Entity, Refused, RoleTemplate, ScopeFilter, Verbs

_READ = ("can_list", "can_show")
_OWN = (*_READ, "can_add", "can_edit", "can_delete")
_HEADS = ("department_head", "city_manager")
#: Those who change nothing of the business see here the views they keep above their lists.
_LOOKING = ("risk_officer", "finance", "management")
#: Everybody keeps views of their own; heads share with their people, the business admin also sets what opens by itself.
SHARING: tuple[RoleTemplate, ...] = tuple(
    replace(
        template,
        permissions={
            SAVED_VIEW.view_name: (
                *(_READ if template.slug in _LOOKING else _OWN),
                *((SHARE,) if template.slug in (*_HEADS, "business_admin") else ()),
                *((SET_DEFAULT,) if template.slug == "business_admin" else ()),
            )
        },
        scopes={},
    )
    for template in KERNEL_TEMPLATES
    if not template.administers
)


class SavedViewView(EntityView):
    """The views of whoever looks."""

    entity = SAVED_VIEW
    base_permissions = (SHARE, SET_DEFAULT)
    permission_labels: ClassVar[dict[str, Any]] = {
        SHARE: _l("Share with a team"),
        SET_DEFAULT: _l("Share with everybody, set defaults"),
    }


def saved_view_entity() -> Entity:
    """The entity of saved views with its acts."""
    return replace(SAVED_VIEW, verbs=Verbs(create=_add, update=_change, delete=remove_view))


def own_views(entity: str, actor: Actor) -> Sequence[ScopeFilter]:
    """Among records and in REST everybody has their own views only: what is shared may hold more than they see."""
    if entity != SAVED_VIEW.slug:
        return ()
    return (ScopeFilter(only=SavedView.user_id == (actor.user_id or 0)),)


def _add(values: dict[str, Any]) -> SavedView:
    slug = str(values["entity"]).strip()
    return add_view(slug, _checked(slug, values.get("query") or ""), _wish(values))


def _change(view: SavedView, values: dict[str, Any]) -> None:
    with transaction():
        now = {name: getattr(view, name) for name in ("name", "audience", "unit_id", "role_id", "is_default")}
        if "query" in values:
            keep_state(view, _checked(view.entity, values["query"] or ""))
        change_view(view, _wish({**now, **values}))


def _wish(values: dict[str, Any]) -> Wish:
    audience = Audience(values.get("audience") or "private")
    return Wish(
        values["name"], audience, values.get("unit_id"), values.get("role_id"), bool(values.get("is_default"))
    )


def _checked(slug: str, query: str) -> str:
    """The query as the list understands it for the acting person. Raises `Refused` by field."""
    found = context().entities.get(slug)
    if found is None or not may_list(found):
        raise Refused(_("There is no such list"), field="entity")
    seen = seen_by(found, require_actor())
    try:
        pairs = parse_qsl(query.removeprefix("?"), keep_blank_values=False, max_num_fields=300)
        return query_of(wishes_of(seen, pairs, zone()))
    except Refused as refused:
        raise Refused("; ".join(map(str, refused.errors.values())) or str(refused), field="query") from refused
    except ValueError as error:
        raise Refused(_("This is not what stands in the address of a list"), field="query") from error


__all__ = ["SHARING", "SavedViewView", "own_views", "saved_view_entity"]
