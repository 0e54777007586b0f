"""Layouts as the screens use them: read once when the app is built, fitted to what the acting person sees."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import Flask
from sqlalchemy import and_, select
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.access.policy import readable
from app.access.scope import UNSCOPED
from app.db import reading, session
from app.fields.custom.describing import said
from app.fields.layouts.fitting import fitted, list_for, page_for
from app.fields.layouts.models import LayoutState, LayoutVersion
from app.fields.layouts.rules import EMPTY, BadLayout, Layout, ListPlan, PagePlan, SectionPlan, Title, read_layout
from app.host.boot import is_missing_table
from app.host.context import context
from app.types import Actor, Entity, Field, Section, Text

log = logging.getLogger(__name__)

Condition = Callable[[Mapping[str, Any]], bool]


def extend_layouts(app: Flask) -> None:
    """Read the published layouts of the site; one that cannot be read is left out and logged."""
    carried = context(app)
    in_force = and_(LayoutVersion.entity == LayoutState.entity, LayoutVersion.number == LayoutState.published)
    with app.app_context(), reading():
        try:
            statement = select(LayoutVersion.entity, LayoutVersion.document).join(LayoutState, in_force)
            rows = session.execute(statement.execution_options(**{UNSCOPED: True})).all()
        except (OperationalError, ProgrammingError) as error:
            if not is_missing_table(error):
                raise
            rows = []
        session.remove()
    for slug, document in rows:
        try:
            carried.layouts[slug] = read_layout(json.loads(document))
        except (BadLayout, ValueError):
            log.exception("the layout of %s cannot be read and is left out", slug)


def layout_of(slug: str) -> Layout:
    """The layout in force for an entity; an empty one where nothing was arranged."""
    found: Layout = context().layouts.get(slug, EMPTY)
    return found


def roles_of(actor: Actor) -> set[str]:
    """The names of the roles an actor holds, wherever."""
    return {grant.role for grant in actor.grants}


def page_plan(layout: Layout, entity: Entity, actor: Actor, value: Any) -> PagePlan | None:
    """The arrangement of form and page for the actor and a record with this value of the layout's field.

    Whoever does not read that field gets the arrangement of their role: the page would tell its value otherwise.
    """
    if value is not None and not (layout.by and readable(entity.slug, layout.by, actor)):
        value = None
    return page_for(layout, roles_of(actor), str(value) if value is not None and value != "" else None)


def varies(layout: Layout, entity: Entity, actor: Actor) -> bool:
    """Whether the actor's form and page differ by the value of the layout's field."""
    if not layout.by or not readable(entity.slug, layout.by, actor):
        return False
    held = roles_of(actor)
    return any(page.value is not None and (page.role is None or page.role in held) for page in layout.pages)


def laid_out(entity: Entity, plan: PagePlan | None) -> Entity:
    """The entity with its sections as arranged; itself without an arrangement.

    A field keeps the condition of the section it was built in wherever it stands; a section belongs to a record as
    long as one of its fields does. Its `fields` are a tuple of their own, so that nobody takes it for the
    entity.
    """
    if plan is None:
        return entity
    built_in = built_in_sections(entity)
    fields = tuple(_conditioned(field, built_in) for field in entity.fields)
    known = {field.name: field for field in fields}
    parts = [(names_of(section), section.fields) for section in built_in]
    sections = []
    for one in fitted(plan, parts, known, needed(entity)):
        label = section_label(one, built_in)
        when = _any_of([known[name] for name in one.fields])
        sections.append(Section(label, one.fields, when, one.columns, one.collapsed, one.tab))
    return replace(entity, fields=fields, sections=tuple(sections))


def built_in_sections(entity: Entity) -> Sequence[Section]:
    """The sections without any layout; an entity that names none has one with all its fields."""
    return entity.sections or (Section(entity.label, tuple(field.name for field in entity.fields)),)


def names_of(section: Section) -> tuple[str, ...]:
    """What a document may call a built-in section: its source text first, then its names in both languages."""
    said_as = getattr(section.label, "_args", None) or (section.label,)
    return tuple(dict.fromkeys(str(text) for text in said_as))


def section_label(one: SectionPlan, built_in: Sequence[Section]) -> Text:
    """The heading of a section: the admin's, else the built-in one's."""
    if one.title:
        return titled(one.title)
    return next((section.label for section in built_in if one.of in names_of(section)), one.of)


def titled(title: Title) -> Text:
    """An admin's text in the language of whoever reads it."""
    return said(title.zh or title.en, title.en)


def needed(entity: Entity) -> list[str]:
    """The fields without which nobody can make a record: required (if only at times), typed, and without a default."""
    if "add" not in entity.actions:
        return []
    inside = {name for section in built_in_sections(entity) for name in section.fields}
    return [
        field.name
        for field in entity.fields
        if (field.required or field.required_when is not None)
        if field.default is None and not field.computed and field.name in inside
    ]


def list_plan(slug: str, actor: Actor) -> ListPlan | None:
    """The arrangement of the list for the actor; None for the built-in one."""
    return list_for(layout_of(slug), roles_of(actor))


def list_columns(entity: Entity, actor: Actor) -> tuple[str, ...]:
    """The columns arranged for the actor which `entity` (as the actor sees it) has; none: the built-in ones."""
    plan = list_plan(entity.slug, actor)
    return tuple(name for name in plan.columns if entity.field(name)) if plan is not None else ()


def list_filter(entity: Entity, actor: Actor) -> tuple[tuple[str, str], ...]:
    """The filter the actor's list opens with, as pairs of its address, without fields they cannot ask by."""
    plan = list_plan(entity.slug, actor)
    if plan is None:
        return ()
    names = {field.name for field in entity.fields if field.filterable}
    return tuple((key, text) for key, text in plan.filter if key.split(".")[1] in names)


def _conditioned(field: Field, built_in: Iterable[Section]) -> Field:
    home = next((section for section in built_in if field.name in section.fields), None)
    if home is None or home.visible_when is None:
        return field
    return replace(field, visible_when=_both(home.visible_when, field.visible_when))


def _both(one: Condition, other: Condition | None) -> Condition:
    if other is None:
        return one
    return lambda values: bool(one(values)) and bool(other(values))


def _any_of(fields: Sequence[Field]) -> Condition | None:
    conditions = [field.visible_when for field in fields]
    if None in conditions:
        return None
    asked = [condition for condition in conditions if condition is not None]
    # all of them are asked, so that a form knows every field the answer depends on
    return lambda values: True in [bool(condition(values)) for condition in asked]


__all__ = [
    "built_in_sections",
    "extend_layouts",
    "laid_out",
    "layout_of",
    "list_columns",
    "list_filter",
    "list_plan",
    "names_of",
    "needed",
    "page_plan",
    "roles_of",
    "section_label",
    "titled",
    "varies",
]
