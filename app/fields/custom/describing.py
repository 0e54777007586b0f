"""From the rows an admin wrote to the `Field`s every screen, file and resource works from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import Flask
from flask_babel import get_locale
from flask_babel.speaklater import LazyString
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.access.scope import UNSCOPED
from app.db import reading, session
from app.fields.custom.derived import attached
from app.fields.custom.models import CustomField
from app.fields.custom.rolling import links
from app.fields.custom.rules import CHOOSING, LONGEST, PREFIX, UNORDERED, read_choices
from app.fields.custom.several import holds, named
from app.fields.custom.stored import inside, is_custom, is_extensible
from app.fields.custom.validating import validated
from app.fields.rules import BadValue
from app.fields.values import read_value
from app.host.boot import is_missing_table
from app.host.context import Context, context
from app.types import Choice, Entity, Field, Kind, Section, Text


def said(zh: str | None, en: str | None) -> Text:
    """A text of the admin's in the language of whoever reads it; Chinese where there is no English."""
    if not en or en == zh:
        return zh or ""
    return LazyString(_said, zh or "", en)


def _said(zh: str, en: str) -> str:
    locale = get_locale()
    return en if locale is not None and locale.language != "zh" else zh


def described(row: CustomField) -> Field:
    """The field a row describes."""
    kind = Kind(row.kind)
    field = Field(
        row.key,
        said(row.label_zh, row.label_en),
        kind,
        required=row.required and kind is not Kind.AUTO_NUMBER,
        computed=kind is Kind.AUTO_NUMBER,
        pattern=row.pattern or "",
        choices=_choices(row) if kind in CHOOSING else (),
        target=row.target if kind is Kind.LINK else None,
        help=said(row.help_zh, row.help_en),
        unit=row.unit or "",
        max_length=row.max_length or LONGEST.get(kind),
        unique=row.sole,
        sortable=kind not in UNORDERED,
        filterable=row.in_filter,
        importable=row.in_import and kind is not Kind.FILES,
        most=row.most,
        aliases=tuple(dict.fromkeys(label for label in (row.label_zh, row.label_en) if label)),
    )
    field = validated(field, row, said(row.regex_zh, row.regex_en))
    return replace(field, default=default_of(field, row.default))


def default_of(field: Field, text: str | None) -> Any:
    """What new records begin with. Nothing where the text does not fit (any more)."""
    try:
        return read_value(field, text)
    except BadValue:
        return None


def _choices(row: CustomField) -> tuple[Choice, ...]:
    return tuple(Choice(c.value, said(c.zh, c.en), c.colour, c.parents) for c in read_choices(row.choices or ""))


def _asked(entity: Entity, field: Field) -> Field:
    """The field with a filter of its own where its kind needs one."""
    if field.kind is Kind.CHOICES:
        return replace(field, match=holds(entity.model, field.name))
    if field.kind is Kind.FILES:
        return replace(field, match=named(entity.model, field.name))
    if field.kind is Kind.REGION:
        return replace(field, match=inside(entity.model, field.name))
    return field


def extended(entity: Entity, rows: Sequence[CustomField]) -> Entity:
    """The entity with its custom fields, each in the section it names, else in one of their own at the end."""
    taken = {field.name for field in entity.fields}
    fresh = [(row, _asked(entity, described(row))) for row in rows if row.active and row.key not in taken]
    if not fresh:
        return entity
    fresh = attached(entity, fresh)
    inside: dict[str, list[str]] = defaultdict(list)
    for row, field in fresh:
        inside[row.section or ""].append(field.name)
    sections = list(entity.sections or (Section(entity.label, tuple(field.name for field in entity.fields)),))
    for number, section in enumerate(sections):
        titles = (*_names_of(section), *([""] if number == 0 and entity.slug.startswith(PREFIX) else []))
        names = [name for title in titles for name in inside.pop(title, ())]
        sections[number] = replace(section, fields=(*section.fields, *names))
    sections.extend(Section(title or MORE, tuple(names)) for title, names in inside.items())
    shown = tuple(field.name for row, field in fresh if row.in_list)
    asked = tuple(field.name for row, field in fresh if row.in_filter)
    return replace(
        entity,
        fields=(*entity.fields, *(field for _row, field in fresh)),
        sections=tuple(sections),
        list_fields=(*entity.list_fields, *shown),
        search_fields=(*entity.search_fields, *(field.name for row, field in fresh if row.sought)),
        filter_fields=(*entity.filter_fields, *asked),
    )


#: The section of fields that name none.
MORE = LazyString(_said, "更多信息", "More")


def _names_of(section: Section) -> tuple[str, ...]:
    """What a row may call a built-in section: its source text, or its name in the site's own language."""
    source = getattr(section.label, "_args", None) or ("",)
    return tuple(dict.fromkeys((str(section.label), str(source[0]))))


def extend_entities(app: Flask) -> None:
    """Give the entities of this site the custom fields its admins added. Reads the database, never writes it."""
    carried = context(app)
    with app.app_context(), reading():
        try:
            statement = select(CustomField).order_by(CustomField.position, CustomField.id)
            rows = list(session.scalars(statement.execution_options(**{UNSCOPED: True})))
        except (OperationalError, ProgrammingError) as error:
            if not is_missing_table(error):
                raise
            rows = []
        session.remove()
    _offer(carried)
    by_entity: dict[str, list[CustomField]] = defaultdict(list)
    for row in rows:
        if row.kind != Kind.LINK or row.target in carried.entities:  # of a module that is off: a link to nowhere
            by_entity[row.entity].append(row)
    for slug, found in by_entity.items():
        entity = carried.entities.get(slug)
        if entity is None or not is_extensible(entity):
            continue
        with app.app_context():
            made = extended(entity, found)
        _put(carried, made)
    _name_choices(carried)


def _name_choices(carried: Context) -> None:
    """Where fields of an entity or metrics can be named (rules by attribute), offer the site's own, too."""
    for entity in list(carried.entities.values()):
        if not any(field.choices_of for field in entity.fields):
            continue
        fields = tuple(
            replace(field, choices=(*field.choices, *_choosing(carried, field.choices_of))) for field in entity.fields
        )
        _put(carried, replace(entity, fields=fields))


def _choosing(carried: Context, slug: str | None) -> tuple[Choice, ...]:
    if slug == "metric":
        return tuple(Choice(one.name, one.label) for one in sorted(carried.metrics.values(), key=lambda one: one.order))
    other = carried.entities.get(slug or "")
    found = other.fields if other is not None else ()
    return tuple(Choice(one.name, one.label) for one in found if is_custom(one) and one.kind is Kind.CHOICE)


def extend_again(app: Flask) -> None:
    """Bring the entities of an app nobody is served by in step with the rows of the running transaction."""
    carried = context(app)
    statement = select(CustomField).order_by(CustomField.position, CustomField.id)
    by_entity: dict[str, list[CustomField]] = defaultdict(list)
    for row in session.scalars(statement.execution_options(**{UNSCOPED: True})):
        by_entity[row.entity].append(row)
    for entity in [each for each in carried.entities.values() if is_extensible(each)]:
        made = extended(_bare(entity), by_entity[entity.slug])
        if made is not entity:
            _put(carried, made)


def _bare(entity: Entity) -> Entity:
    """The entity without its custom fields."""

    def own(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in names if not name.startswith(PREFIX))

    sections = (replace(section, fields=own(section.fields)) for section in entity.sections)
    return replace(
        entity,
        fields=tuple(field for field in entity.fields if not is_custom(field)),
        sections=tuple(section for section in sections if section.fields),
        list_fields=own(entity.list_fields),
        filter_fields=own(entity.filter_fields),
    )


def _offer(carried: Context) -> None:
    """Tell the admin's form which entities can have fields, and which a link may point to."""
    entity = carried.entities.get("custom_field")
    if entity is None:
        return
    able = tuple(Choice(one.slug, one.label) for one in carried.entities.values() if is_extensible(one))
    linked = tuple(Choice(one.slug, one.label) for one in carried.entities.values() if _is_linkable(one))
    rolled = {
        f"{child.slug}.{link.name}": LazyString(_of, child.label, link.label)
        for child, link in links(carried.entities.values())
        if link.target in {choice.value for choice in able}
    }
    offers = {
        "entity": able,
        "target": linked,
        "rollup_of": tuple(Choice(value, label) for value, label in rolled.items()),
    }
    fields = tuple(replace(field, choices=offers.get(field.name, field.choices)) for field in entity.fields)
    _put(carried, replace(entity, fields=fields))


def _of(child: Text, link: Text) -> str:
    locale = get_locale()
    return f"{child} ({link})" if locale is not None and locale.language != "zh" else f"{child}（{link}）"


def _is_linkable(entity: Entity) -> bool:
    return "show" in entity.actions and entity.title != "id" and "add" in entity.actions


def _put(carried: Context, entity: Entity) -> None:
    carried.entities[entity.slug] = entity
    carried.by_model[entity.model] = entity
    carried.by_table[entity.model.__table__] = entity


__all__ = ["default_of", "described", "extend_entities", "extended", "said"]
