"""From the rows an admin wrote to the `Entity`s of this site, with their menu lines."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from flask import Flask
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.access.actors import current_actor
from app.access.scope import UNSCOPED
from app.db import reading, session
from app.fields.custom.describing import said
from app.fields.custom.stored import is_custom
from app.fields.entities.models import CustomEntity
from app.fields.entities.records import owned_verbs
from app.fields.entities.rules import LONGEST_NAME, PREFIX, Scoping
from app.fields.entities.stored import Record, record_class
from app.host.boot import is_missing_table
from app.host.context import Context, context
from app.types import Choice, Entity, Field, Kind, MenuGroup, MenuItem, ScopedBy, Section, Text, Verbs

log = logging.getLogger(__name__)

#: The heading of those that name none.
MORE = MenuGroup("made", _l("Further records"), "folders", (), order=600)


def described(carried: Context, row: CustomEntity) -> Entity | None:
    """The entity a row describes; None while what its records belong to is not in the site."""
    scoping = Scoping(row.scoping)
    model = record_class(carried, row.slug, scoping, row.parent)
    if model is None:
        return None
    label = said(row.label_zh, row.label_en)
    links, belongs = _links(carried, row, scoping)
    name = Field(
        "name",
        said(row.title_zh, row.title_en) if row.title_zh else _l("Name"),
        required=True,
        max_length=LONGEST_NAME,
        unique=row.sole,
        aliases=tuple(filter(None, (row.title_zh, row.title_en, row.label_zh, row.label_en))),
    )
    shown = tuple(field.name for field in links)
    typed = tuple(field.name for field in links if not field.computed and scoping is Scoping.PARENT)
    return Entity(
        slug=row.slug,
        model=model,
        label=label,
        icon=row.icon,
        scoped_by=belongs,
        fields=(
            name,
            *links,
            Field("created_at", _l("Created at"), Kind.DATETIME, computed=True),
            Field("updated_at", _l("Changed at"), Kind.DATETIME, computed=True),
        ),
        list_fields=("name", *shown),
        filter_fields=("name", *shown, "created_at"),
        search_fields=("name",),
        sections=(
            Section(label, ("name", *typed)),
            Section(
                _l("Kept by the system") if scoping is not Scoping.OWN else _l("Ownership"),
                (*(n for n in shown if n not in typed), "created_at", "updated_at"),
            ),
        ),
        match_fields=((*typed, "name"),),
        module="fields",
        verbs=owned_verbs(row.slug, model) if scoping is Scoping.OWN else Verbs(),
    )


def _links(carried: Context, row: CustomEntity, scoping: Scoping) -> tuple[tuple[Field, ...], ScopedBy]:
    if scoping is Scoping.PARENT:
        parent = carried.entities[row.parent or ""]
        name = f"{parent.slug}_id"
        field = Field(
            name, parent.label, Kind.LINK, target=parent.slug, relationship=parent.slug, required=True, create_only=True
        )
        return (field,), ScopedBy(parent=(name, parent.slug))
    if scoping is Scoping.PUBLIC:
        return (), ScopedBy(public=True)
    owner = Field(
        "owner_id", _l("Person in charge"), Kind.LINK, target="employee", relationship="owner", required=True,
        default=_own_employee,
    )  # fmt: skip
    unit = Field("unit_id", _l("Unit"), Kind.LINK, target="unit", relationship="unit", computed=True)
    return (owner, unit), ScopedBy(owner="owner_id", unit="unit_id")


def _own_employee() -> int | None:
    actor = current_actor()
    return actor.employee_id if actor is not None else None


def add_entities(app: Flask) -> None:
    """Give this site the entities its admins made. Reads the database, never writes it.

    One that cannot be made is left out with a line in the log: the rest of the site works.
    """
    carried = context(app)
    with app.app_context(), reading():
        rows = _rows()
        session.remove()
    offer(carried)
    for row in rows:
        if row.active and not put_entity(carried, row):
            log.warning("the custom entity %s is left out of site %s", row.slug, carried.site.slug)
    carried.menu.sort(key=lambda group: group.order)


def put_entity(carried: Context, row: CustomEntity) -> bool:
    """Let an app that is being built have an entity; whether it can."""
    entity = described(carried, row)
    names = {one.view_name for one in carried.entities.values()}
    if entity is None or entity.slug in carried.entities or entity.view_name in names:
        return False
    carried.entities[entity.slug] = entity
    carried.by_model[entity.model] = entity
    carried.by_table[entity.model.__table__] = entity
    carried.owners[entity.slug] = "fields"
    carried.menu.append(_menu(carried, row, entity))
    return True


def _rows() -> Sequence[CustomEntity]:
    statement = select(CustomEntity).order_by(CustomEntity.position, CustomEntity.id)
    try:
        return session.scalars(statement.execution_options(**{UNSCOPED: True})).all()
    except (OperationalError, ProgrammingError) as error:
        if not is_missing_table(error):
            raise
        return ()


def _menu(carried: Context, row: CustomEntity, entity: Entity) -> MenuGroup:
    """A line of the menu, last under its heading, else under that of what its records belong to."""
    above = carried.entities.get((entity.scoped_by.parent or ("", ""))[1])
    wanted = row.menu_group or next((g.name for g in carried.menu if above and _shows(g, above)), None)
    head = next((group for group in carried.menu if group.name == wanted), MORE)
    view = entity.view_name
    item = MenuItem(entity.slug, entity.label, f"{view}.list", view, icon=entity.icon, order=500 + row.position)
    return replace(head, items=(item,))


def _shows(group: MenuGroup, entity: Entity) -> bool:
    return any(item.view == entity.view_name for item in group.items)


def offer(carried: Context) -> None:
    """Tell the admin's form what records can belong to, and under which headings of the menu they can stand."""
    form = carried.entities.get("custom_entity")
    if form is None:
        return
    parents = tuple(Choice(one.slug, one.label) for one in carried.entities.values() if can_be_parent(one))
    heads = {group.name: Choice(group.name, group.label) for group in (*carried.menu, MORE)}
    offers = {"parent": parents, "menu_group": tuple(heads.values())}
    fields = tuple(replace(field, choices=offers.get(field.name, field.choices)) for field in form.fields)
    carried.entities[form.slug] = carried.by_model[form.model] = replace(form, fields=fields)
    carried.by_table[form.model.__table__] = carried.entities[form.slug]


def can_be_parent(entity: Entity) -> bool:
    """Whether records can belong to those of an entity: people keep it on screens of the business."""
    kept = {"show", "add"} <= entity.actions and entity.title != "id"
    return kept and entity.module not in ("fields", "kernel", "host") and not entity.slug.startswith(PREFIX)


def is_made(entity: Entity) -> bool:
    """Whether an admin made the entity."""
    return isinstance(entity.model, type) and issubclass(entity.model, Record)


def children_of(carried: Context, slug: str) -> list[tuple[Entity, str, Text]]:
    """(entity, field, label) of the records that belong or link to records of an entity, where an admin made either."""
    found: list[tuple[Entity, str, Text]] = []
    target = carried.entities[slug]
    for entity in carried.entities.values():
        links = [field for field in entity.fields if field.kind is Kind.LINK and field.target == slug]
        if is_made(entity):
            links = [field for field in links if field.name not in ("owner_id", "unit_id")]
        elif is_made(target):
            links = [field for field in links if is_custom(field)]
        else:
            continue
        found += [(entity, one.name, entity.label if len(links) == 1 else _both(entity, one)) for one in links]
    return found


def _both(entity: Entity, field: Field) -> Text:
    return _l("%(records)s (%(link)s)", records=entity.label, link=field.label)


__all__ = ["add_entities", "can_be_parent", "children_of", "described", "is_made", "put_entity"]
