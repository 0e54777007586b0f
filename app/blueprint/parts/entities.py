"""Custom entities: kinds of records an admin made. Applied before whatever the same document says of their records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.access.scope import UNSCOPED
from app.base.entities.granting import pairs_of
from app.base.security.roles.power import Pair
from app.base.views.generated import generated_api, generated_view
from app.blueprint.parts.part import Impact, Part, mappings
from app.blueprint.parts.rows import (
    fixed_of,
    label_of,
    properties_of,
    said_of,
    stored,
    written,
    wrong_properties,
)
from app.blueprint.rules import REMOVED, Change, Leaf, Path, Problem
from app.db import session
from app.fields.custom.describing import extend_again
from app.fields.custom.describing import said as said_in_both
from app.fields.entities.describing import can_be_parent, described, is_made, put_entity
from app.fields.entities.models import CustomEntity
from app.fields.entities.rules import PREFIX, Given, Scoping, is_slug, view_name
from app.fields.entities.schemas import CUSTOM_ENTITY
from app.fields.entities.services import count_records
from app.host.context import context
from app.types import Text

PROPERTIES = properties_of(CUSTOM_ENTITY, {"slug", "given", "active"})
FIXED = fixed_of(PROPERTIES)
#: Stands for an entity there is not yet, to ask what its screens would take.
_COMING = f"{PREFIX}coming"


class EntitiesPart(Part):
    """`{slug: {property: value}}` of the custom entities in use, where what their records belong to is in the site.

    One that is not in the document goes out of use and keeps its records; one that was out of use comes back. A new one
    goes to the roles of whoever applies the document; who else works with it is said by the document's roles.
    """

    name = "entities"
    label = _l("Custom entities")
    icon = "database"
    view = CUSTOM_ENTITY.view_name

    def read(self) -> dict[str, Any]:
        return {row.slug: written(PROPERTIES, row) for row in sorted(_in_use(), key=lambda row: row.slug)}

    def check(self, wanted: Any, document: Mapping[str, Any]) -> Iterable[Problem]:
        entities, wrong = mappings((self.name,), wanted)
        yield from wrong
        fixed = {row.slug: row for row in _rows()}
        for path, content in entities:
            if not is_slug(path[1]):
                text = _("A short name begins with x_ and a letter; it has at most 16 letters a-z, digits and single _")
                yield Problem(path, text)
                continue
            wrong = [*wrong_properties(PROPERTIES, path, content), *_wrong_parent(path, content)]
            yield from wrong
            if wrong or (held := fixed.get(path[1])) is None:
                continue
            for name in FIXED:
                value = getattr(held, name) or None
                if content.get(name, PROPERTIES[name].default) != value:
                    text = _("This short name stands for “%(value)s” in this site; that does not change", value=value)
                    yield Problem((*path, name), text)

    def impact(self, changes: Sequence[Change]) -> dict[Path, tuple[Impact, ...]]:
        """How many records go out of sight."""
        rows = {row.slug: row for row in _in_use()}
        going = [change.path for change in changes if change.kind == REMOVED and change.path[0] in rows]
        text = _("records, which are kept out of sight")
        counts = {path: count_records(session(), rows[path[0]]) for path in going}
        return {path: (Impact(text, count, warns=count > 0),) for path, count in counts.items()}

    def apply(self, change: Change) -> None:
        row = next((row for row in _rows() if row.slug == change.path[0]), None)
        verbs = context().entities[CUSTOM_ENTITY.slug].verbs
        if change.kind == REMOVED:
            if row is not None:
                verbs.update(row, {"active": False})  # type: ignore[misc]
            return
        values = stored(PROPERTIES, change.after)
        if row is None:
            made = {**values, "slug": change.path[0], "given": Given.MINE.value, "active": True}
            verbs.create(made)  # type: ignore[misc]
        else:
            changing = {name: value for name, value in values.items() if name not in FIXED}
            verbs.update(row, {**changing, "active": True})  # type: ignore[misc]

    def applied(self) -> None:
        """What is new has its fields, screens and resource at once, so that later parts can name them."""
        session.flush()
        carried, builder = context(), current_app.appbuilder  # type: ignore[attr-defined]
        for row in _in_use():
            if row.slug not in carried.entities and put_entity(carried, row):
                entity = carried.entities[row.slug]
                builder.add_view_no_menu(generated_view(entity))
                builder.add_api(generated_api(entity))
        extend_again(current_app)

    def settled(self) -> None:
        """What is out of use goes last: the other parts still take from it what the document does not name."""
        used = {row.slug for row in _in_use()}
        carried, builder = context(), current_app.appbuilder  # type: ignore[attr-defined]
        gone = {slug: one for slug, one in carried.entities.items() if is_made(one) and slug not in used}
        views = {entity.view_name for entity in gone.values()}
        for slug, entity in gone.items():
            del carried.entities[slug], carried.by_model[entity.model], carried.by_table[entity.model.__table__]
        carried.menu[:] = [
            replace(group, items=tuple(item for item in group.items if item.view not in views))
            for group in carried.menu
        ]
        builder.baseviews = [
            view
            for view in builder.baseviews
            if (getattr(view, "class_permission_name", None) or type(view).__name__) not in views
        ]

    def title(self, change: Change) -> Text:
        held = change.after or change.before
        return said_in_both(held.get("label_zh"), held.get("label_en")) or change.path[0]

    def property(self, change: Change, leaf: Leaf) -> Text:
        return label_of(PROPERTIES, leaf.path[0])

    def said(self, change: Change, leaf: Leaf, value: Any) -> Text:
        return said_of(CUSTOM_ENTITY.slug, PROPERTIES, leaf.path[0], value)

    def fate(self, change: Change) -> Text:
        return _("Out of use; its records and their history are kept")


def served_slugs() -> set[str]:
    """The entities of the site whose records are in use: the built-in ones, those of its modules, custom ones."""
    built = {slug for slug in context().entities if not slug.startswith(PREFIX)}
    return built | {row.slug for row in _in_use()}


def known_pairs(needed: set[Pair], document: Mapping[str, Any]) -> set[Pair]:
    """The permissions there will be: `needed` by the app as it is, with what a document makes and without what goes."""
    made = document.get("entities")
    if not isinstance(made, dict):
        return needed
    going = {view_name(slug) for slug in context().entities if slug.startswith(PREFIX) and slug not in made}
    known = {pair for pair in needed if pair[1] not in going}
    for slug, content in made.items():
        if slug not in context().entities and is_slug(slug) and isinstance(content, dict):
            known |= {(act, view_name(slug)) for act in _acts(content)}
    return known


def _acts(content: Mapping[str, Any]) -> set[str]:
    """The permissions the screens of an entity will have."""
    scoping = content.get("scoping", PROPERTIES["scoping"].default)
    if scoping not in set(Scoping):
        return set()
    coming = CustomEntity(slug=_COMING, label_zh="", icon="", scoping=scoping, parent=content.get("parent"), sole=False)
    entity = described(context(), coming)
    return {act for act, _view in pairs_of(entity)} if entity is not None else set()


def _rows() -> list[CustomEntity]:
    """Every custom entity there is, those out of use included."""
    statement = select(CustomEntity).order_by(CustomEntity.position, CustomEntity.id)
    return list(session.scalars(statement.execution_options(**{UNSCOPED: True}, populate_existing=True)))


def _in_use() -> list[CustomEntity]:
    """Those in use; one that belongs to records of a module that is off waits, as the module's own data do."""
    known = context().entities
    return [row for row in _rows() if row.active and (row.scoping != Scoping.PARENT or row.parent in known)]


def _wrong_parent(path: Path, content: Mapping[str, Any]) -> Iterable[Problem]:
    parent = content.get("parent")
    place = (*path, "parent")
    if content.get("scoping") != Scoping.PARENT:
        if parent not in (None, ""):
            yield Problem(place, _("Only records scoped by “parent” belong to others"))
        return
    found = context().entities.get(parent) if isinstance(parent, str) else None
    if found is None or not can_be_parent(found):
        yield Problem(place, _("Nothing can belong to records of this kind in this site"))
