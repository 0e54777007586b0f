"""Fields that modules add to the entities of the kernel, put into their descriptions while a site's app is built."""

from __future__ import annotations

from dataclasses import replace

from app.host.context import Context
from app.types import AddedFields, Entity, Kind, Section


def enter(carried: Context, entity: Entity) -> None:
    """Know an entity by its slug, its model and its table."""
    carried.entities[entity.slug] = entity
    carried.by_model[entity.model] = entity
    carried.by_table[entity.model.__table__] = entity


def misfit(carried: Context, slug: str, more: AddedFields) -> str:
    """Why a module's fields cannot be added to an entity; empty when they can, or when nobody has the entity."""
    entity = carried.entities.get(more.entity)
    if entity is None:
        return ""
    if more.fields and "custom" not in entity.model.__table__.c:
        return f"added_fields: '{more.entity}' cannot have more fields"
    for field in more.fields:
        if not field.name.startswith(f"{slug}_") or entity.field(field.name) is not None:
            return f"added_fields: '{field.name}' is not a new name that begins with '{slug}_'"
        if field.expression is None or not field.computed:
            return f"added_fields: '{field.name}' must be computed, by an expression"
    for name, choices in more.choices.items():
        known = entity.field(name)
        if known is None or known.kind is not Kind.CHOICE or not all(c.value.startswith(f"{slug}.") for c in choices):
            return f"added_fields: '{more.entity}.{name}' cannot have choices of this module that begin with '{slug}.'"
    return ""


def with_fields(entity: Entity, more: AddedFields) -> Entity:
    """The entity with the choices, and the fields at its end, in a section of their own on the detail page."""
    offered = (replace(one, choices=(*one.choices, *more.choices.get(one.name, ()))) for one in entity.fields)
    if not more.fields:
        return replace(entity, fields=tuple(offered))
    at = entity.list_fields.index(more.behind) + 1 if more.behind in entity.list_fields else len(entity.list_fields)
    sections = entity.sections or (Section(entity.label, tuple(field.name for field in entity.fields)),)
    return replace(
        entity,
        fields=(*offered, *more.fields),
        sections=(*sections, Section(more.section, tuple(field.name for field in more.fields))),
        list_fields=(*entity.list_fields[:at], *more.list_fields, *entity.list_fields[at:]),
        filter_fields=(*entity.filter_fields, *more.filter_fields),
    )


__all__ = ["enter", "misfit", "with_fields"]
