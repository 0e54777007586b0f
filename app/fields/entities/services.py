"""What an admin does with custom entities: add, change, retire, bring back, remove; every process soon has it.

Each act is one transaction with its entry in the history (the row is audited), the table included: both databases
make and drop tables within one. All raise `Refused` by field. Who receives a new one: `app.base.entities.granting`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from app.access.audit import Act, record_acts
from app.access.models import FieldPermission, RoleScope
from app.access.scope import UNSCOPED
from app.db import db, transaction
from app.fields.custom.models import CustomField
from app.fields.entities.describing import can_be_parent, described
from app.fields.entities.handing import adopt_left
from app.fields.entities.models import CustomEntity
from app.fields.entities.rules import MOST_ENTITIES, PREFIX, Scoping, is_slug, make_slug, view_name
from app.fields.messages import message
from app.host.context import context
from app.host.counting import bump_version
from app.host.lock import lock_site
from app.search.models import SearchMark
from app.search.pinyin import readings
from app.types import Kind, Refused

#: PostgreSQL waits this long for a running change of the table a new one refers to, and lets nobody queue up longer.
LOCK_SECONDS = 4
#: The code of PostgreSQL for a lock that was not to be had in time.
_NO_LOCK = "55P03"


def add_entity(values: dict[str, Any]) -> CustomEntity:
    """A new custom entity from typed values, with its table; the slug is made from the name when none is given."""
    with transaction() as current:
        lock_site(current.connection())  # two admins at once would count past the limit
        rows = current.scalars(select(CustomEntity).execution_options(**{UNSCOPED: True})).all()
        if len(rows) >= MOST_ENTITIES:
            raise Refused(_("A site can have at most %(count)s custom entities", count=MOST_ENTITIES))
        taken = _used_slugs(current, [row.slug for row in rows])
        slug = (values.get("slug") or "").strip().lower()
        if slug and not slug.startswith(PREFIX):
            slug = PREFIX + slug
        if slug and not is_slug(slug):
            text_ = _("A short name has up to 14 Latin letters, digits and single _, and begins with a letter")
            raise Refused(text_, field="slug")
        if slug and (slug in taken or _is_used(current, slug)):
            raise Refused(_("This short name is or was used already"), field="slug")
        slug = slug or _free_slug(current, values.get("label_en") or _spelled(values["label_zh"]), taken)
        row = CustomEntity(**{**values, "slug": slug, "parent": _parent_of(values)})
        _check(current, row)
        current.add(row)
        current.flush()
        with _locks_in_time(current):
            table_of(row).create(current.connection())
        bump_version(current)
        return row


def change_entity(row: CustomEntity, values: dict[str, Any]) -> None:
    """Change names, icon, place and whether it is in use. What people left behind meanwhile goes to the heads."""
    with transaction() as current:
        was_sole, was_active = row.sole, row.active
        with current.no_autoflush:
            for name, value in values.items():
                setattr(row, name, value)
            _check(current, row)
            if row.sole and not was_sole:
                _refuse_twice(current, row)
        current.flush()
        entity = described(context(), row)
        if row.active and not was_active and entity is not None and row.scoping == Scoping.OWN:
            adopt_left(entity)
        bump_version(current)


def remove_entity(row: CustomEntity) -> None:
    """Remove an entity without records, its table and its fields; one with records is taken out of use instead."""
    with transaction() as current:
        count = count_records(current, row)
        if count:
            raise Refused(
                _("There are %(count)s records of this kind; take it out of use instead: they are kept", count=count)
            )
        if linked := _linking(current, row.slug):
            raise Refused(_("Fields link to records of this kind: %(fields)s", fields=", ".join(linked)))
        slug = row.slug
        with _locks_in_time(current):
            table_of(row).drop(current.connection())
        for field in current.scalars(select(CustomField).where(CustomField.entity == slug)):
            current.delete(field)
        for model in (RoleScope, FieldPermission, SearchMark):
            current.execute(delete(model).where(model.entity == slug))
        current.delete(row)
        current.flush()
        record_acts(current, [Act("remove_table", "custom_entity", str(row.id), row.label_zh, {"table": [slug, None]})])
        bump_version(current)


def count_records(current: Session, row: CustomEntity) -> int:
    """How many records an entity has, whoever may see them."""
    return int(current.scalar(select(func.count()).select_from(table_of(row))) or 0)


def table_of(row: CustomEntity) -> Any:
    """The table of an entity, in use or not. Raises `Refused` while what its records belong to is not in the site."""
    entity = described(context(), row)
    if entity is None:
        raise Refused(_("What these records belong to is switched off in this site"))
    return entity.model.__table__


def _check(current: Session, row: CustomEntity) -> None:
    """Whether the row describes an entity that can be. Raises `Refused` by field."""
    errors: dict[str, Any] = {}
    if row.scoping == Scoping.PARENT:
        parent = context().entities.get(row.parent or "")
        if parent is None or not can_be_parent(parent):
            errors["parent"] = message("required")
    taken = _labels(current, row)
    for name in ("label_zh", "label_en"):
        if (label := getattr(row, name)) and label.strip().lower() in taken:
            errors[name] = _("There is a kind of record with this name already")
    if errors:
        raise Refused(errors=errors)


def _parent_of(values: dict[str, Any]) -> str | None:
    return values.get("parent") if values.get("scoping") == Scoping.PARENT else None


def _labels(current: Session, row: CustomEntity) -> set[str]:
    """What the other entities are called in either language, those out of use included."""
    taken: set[str] = set()
    for locale in ("zh", "en"):
        with force_locale(locale):
            taken.update(str(one.label).lower() for one in context().entities.values() if one.slug != row.slug)
    others = select(CustomEntity.label_zh, CustomEntity.label_en).where(CustomEntity.slug != row.slug)
    for labels in current.execute(others.execution_options(**{UNSCOPED: True})):
        taken.update(label.lower() for label in labels if label)
    return taken


def _used_slugs(current: Session, slugs: list[str]) -> set[str]:
    """Slugs that are taken: of rows, of entities of this site, of tables of the database."""
    tables = db.inspect(current.connection()).get_table_names()
    return {*slugs, *context().entities, *tables}


def _is_used(current: Session, slug: str) -> bool:
    """Whether an entity that was removed had this slug: permissions are kept for ever, and so is the history."""
    known = text("SELECT count(*) FROM ab_view_menu WHERE name = :name")
    return bool(current.scalar(known, {"name": view_name(slug)}))


def _free_slug(current: Session, words: str, taken: set[str]) -> str:
    slug = make_slug(words, taken)
    while _is_used(current, slug):
        taken = {*taken, slug}
        slug = make_slug(words, taken)
    return slug


def _spelled(label: str) -> str:
    return " ".join((readings(character) or (character,))[0] for character in label)


def _refuse_twice(current: Session, row: CustomEntity) -> None:
    table = table_of(row)
    twice = select(table.c.name).group_by(table.c.name).having(func.count() > 1).limit(1)
    if current.scalar(twice) is not None:
        raise Refused(_("Several records share a name already"), field="sole")


def _linking(current: Session, slug: str) -> list[str]:
    """The fields of other entities that link to records of this one."""
    links = select(CustomField.label_zh).where(CustomField.kind == Kind.LINK.value, CustomField.target == slug)
    others = links.where(CustomField.entity != slug)
    return list(current.scalars(others.execution_options(**{UNSCOPED: True})))


@contextmanager
def _locks_in_time(current: Session) -> Iterator[None]:
    """A table that refers to customers is made only when nobody writes customers: not to be waited for long."""
    if current.get_bind().dialect.name == "postgresql":
        current.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
    try:
        yield
    except (OperationalError, DBAPIError) as error:
        if getattr(error.orig, "sqlstate", None) != _NO_LOCK:
            raise
        busy = _("Somebody is writing many records at the moment; please try again in a minute")
        raise Refused(busy) from error


__all__ = ["add_entity", "change_entity", "count_records", "remove_entity", "table_of"]
