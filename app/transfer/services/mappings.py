"""Which column goes where: guessed, remembered, checked against the entity and the person's rights."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.access.actors import require_actor
from app.access.policy import may_ask, seen_by
from app.db import now, session
from app.host.context import context
from app.transfer.models import ImportMapping
from app.transfer.rules.guess import guess_columns, signature
from app.transfer.rules.mapping import (
    BadMapping,
    Mapping,
    Source,
    compile_source,
    read_mapping,
    write_mapping,
)
from app.transfer.services.columns import LOCALES
from app.transfer.services.engine import POLICIES
from app.types import Entity, Field, Kind, Refused

#: A mapping file larger than this is none.
_MAX_MAPPING = 256 * 1024


def importable_fields(entity: Entity) -> list[Field]:
    """The fields an import of the actor may fill: those they may write."""
    return [f for f in seen_by(entity, require_actor()).fields if f.importable and not f.computed]


def names_of(field: Field) -> list[str]:
    """What a column for this field may be called: its labels in every language, its name, its aliases."""
    names = []
    for locale in LOCALES:
        with force_locale(locale):
            names.append(str(field.label))
    return [*names, field.name, field.name.removesuffix("_id"), *field.aliases]


def guess_mapping(entity: Entity, header: Sequence[str]) -> Mapping:
    """The mapping last used for these headings, else one guessed from them."""
    remembered = session.scalar(
        select(ImportMapping.mapping).where(
            ImportMapping.entity == entity.slug, ImportMapping.signature == _sign(header)
        )
    )
    if remembered is not None:
        try:
            return checked_mapping(entity, read_mapping(remembered), header, duplicates="update")
        except (BadMapping, Refused):
            pass  # a field has gone since: guess anew
    found = guess_columns(header, {f.name: names_of(f) for f in importable_fields(entity)})
    return Mapping({name: Source(column=column) for name, column in found.items()}, entity=entity.slug)


def remember_mapping(entity: Entity, header: Sequence[str], mapping: Mapping) -> None:
    """Keep the mapping for the next file with these headings; in the caller's transaction."""
    sign = _sign(header)
    kept = session.scalar(
        select(ImportMapping).where(ImportMapping.entity == entity.slug, ImportMapping.signature == sign)
    )
    if kept is None:
        kept = ImportMapping(entity=entity.slug, signature=sign, mapping={})
        session.add(kept)
    kept.mapping, kept.used_at, kept.used_by = write_mapping(mapping), now(), require_actor().user_id


def _sign(header: Sequence[str]) -> str:
    return hashlib.sha256(signature(header).encode()).hexdigest()


def checked_mapping(entity: Entity, mapping: Mapping, header: Sequence[str], *, duplicates: str = "") -> Mapping:
    """The mapping, if the entity, its fields and the file's columns fit it. Raises `Refused` by field.

    A file that updates known records (`duplicates`) need not bring what a new one must have: a row that finds no
    record is then a failed row.
    """
    errors: dict[str, Any] = {}
    allowed, seen = {f.name: f for f in importable_fields(entity)}, seen_by(entity, require_actor())
    if mapping.entity and mapping.entity != entity.slug:
        raise Refused(_("This mapping is for another kind of record: %(entity)s", entity=mapping.entity))
    if mapping.duplicates and mapping.duplicates not in POLICIES:
        raise Refused(_("Duplicates: one of %(choices)s", choices=", ".join(POLICIES)))
    for name, source in mapping.fields.items():
        field = allowed.get(name)
        if field is None:
            errors[name] = _not_importable(seen, name)
            continue
        try:
            compile_source(source, header)
        except BadMapping:
            absent = [column for column in source.columns() if column not in header]
            errors[name] = _("The file has no column “%(column)s”", column=", ".join(absent))
        if source.lookup is not None:
            target = context().entities.get(field.target or "") if field.kind is Kind.LINK else None
            if target is None or (source.lookup != "id" and not _stored(target, source.lookup)):
                errors[name] = _("A record cannot be looked up by “%(name)s”", name=source.lookup)
    changes_only = (duplicates or mapping.duplicates) == "update" and _finds_records(entity, mapping)
    for f in () if changes_only else allowed.values():
        if f.required and f.default is None and f.visible_when is None and f.name not in mapping.fields:
            errors[f.name] = _("This field is required: choose its column or a value for all rows")
    if errors:
        raise Refused(errors=errors)
    return mapping


def _not_importable(seen: Entity, name: str) -> str:
    field = seen.field(name)
    if field is not None and field.kind is Kind.FILES:
        return _("“%(field)s” holds files: they are added on the record, no table brings them", field=field.label)
    return _("There is no field of this name, it is filled in by the system, or you may not change it")


def _finds_records(entity: Entity, mapping: Mapping) -> bool:
    return any(set(names) <= set(mapping.fields) for names in entity.match_fields)


def _stored(target: Entity, name: str) -> bool:
    known = target.field(name) is not None and name in target.model.__table__.c
    return known and may_ask(target, name, require_actor())


def load_mapping(path: Path) -> Mapping:
    """A mapping from a YAML file. Raises `Refused` with what is wrong in it."""
    try:
        text = path.read_text("utf-8")
        if len(text) > _MAX_MAPPING:
            raise BadMapping("too large")
        return read_mapping(yaml.safe_load(text))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, BadMapping) as wrong:
        raise Refused(_("The mapping %(name)s cannot be used: %(reason)s", name=path.name, reason=wrong)) from wrong
