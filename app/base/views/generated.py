"""Screens and REST for entities that bring no view of their own."""

from __future__ import annotations

from app.base.rest.entity import EntityApi
from app.base.views.entity import EntityView
from app.types import Entity


def generated_view(entity: Entity) -> type[EntityView]:
    """A plain `EntityView` for an entity."""
    return type(entity.view_name, (EntityView,), {"entity": entity, "route_base": f"/{entity.slug}"})


def generated_api(entity: Entity) -> type[EntityApi]:
    """The REST resource of an entity, named after its view: ``CustomerApi``."""
    name = entity.view_name.removesuffix("View") + "Api"
    return type(
        name,
        (EntityApi,),
        {"entity": entity, "resource_name": entity.slug, "class_permission_name": entity.view_name},
    )
