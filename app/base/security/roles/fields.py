"""What a role may do with single fields (SEC-3): shown per entity, saved in one transaction, written to the log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import Role
from flask_babel import gettext as _
from sqlalchemy import select

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.masks import masked
from app.base.security.roles.asking import ask_fields
from app.base.security.roles.grants import Holding
from app.base.security.roles.matrix import matrix
from app.base.security.roles.power import is_administrator, power_over
from app.base.security.roles.services import editable, read_role, refuse_beyond, store_fields
from app.db import transaction
from app.host.context import context
from app.types import Actor, Entity, Field, Held, Kind, Level, Refused

#: What the screen shows a mask by; nobody's data.
_SAMPLES: dict[str, Any] = {
    "phone": "13800135678",
    "id_number": "110101199003071234",
    "bank_card": "6222020200001234",
    "email": "wang@example.com",
    "name": "王小明",
}
_BY_KIND = {Kind.USCC: "91110105MA01ABCD23"}


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field on the screen: what the role may do, which levels the granter may give, what masked looks like."""

    field: Field
    level: Level
    offered: frozenset[Level]
    sample: str


@dataclass(frozen=True, slots=True)
class FieldSheet:
    """The fields of one entity for one role."""

    entity: Entity
    rows: tuple[FieldRow, ...]
    #: A fingerprint of what is shown, to find out that somebody else has saved meanwhile.
    seen: str


def entities_with_fields() -> list[Entity]:
    """Every entity with a screen, in the order of the matrix."""
    by_view = {entity.view_name: entity for entity in context().entities.values()}
    return [by_view[row.view] for group in matrix() for row in group.rows if row.view in by_view]


def field_sheet(role_id: int, slug: str) -> FieldSheet | None:
    """The sheet of a role and an entity; None when there is no such role or entity."""
    role, entity = read_role(role_id), context().entities.get(slug)
    if role is None or entity is None:
        return None
    actor, held = power_over(require_actor(), role_id), role.fields.get(slug, {})
    rows = tuple(
        FieldRow(field, level, _offered(actor, slug, field, level), _sample(field))
        for field in entity.fields
        for level in (held.get(field.name, Level.WRITE),)
    )
    return FieldSheet(entity, rows, fingerprint(held))


def fingerprint(held: Mapping[str, Level]) -> str:
    """What the levels of one entity are, in short."""
    return hashlib.sha256(json.dumps(sorted((n, int(level)) for n, level in held.items())).encode()).hexdigest()[:24]


def save_fields(role_id: int, slug: str, chosen: Mapping[str, str], seen: str) -> Held | None:
    """Let a role do exactly this with the fields of an entity; fields that are not named stay as they are.

    Raises `Refused` for the administrator's role, an unknown entity, field or level, for a wider level than the
    actor holds, and when somebody else has saved since the sheet was shown (`seen`). The answer is the approval that
    stands for the change, where the site wants one; None: it is done.
    """
    actor = require_actor()
    with transaction() as current:
        current.execute(select(Role.id).where(Role.id == role_id).with_for_update())
        role, entity = editable(role_id), context().entities.get(slug)
        if entity is None:
            raise Refused(_("There is nothing of this kind"))
        held = role.fields.get(slug, {})
        if fingerprint(held) != seen:
            raise Refused(_("Somebody else has changed this role meanwhile; reload to see the changes"))
        wanted = {name: _read_level(entity, name, text) for name, text in chosen.items()}
        changed = {n: level for n, level in wanted.items() if level is not held.get(n, Level.WRITE)}
        if any(level > held.get(n, Level.WRITE) for n, level in changed.items()):
            fields = {**role.fields, slug: {**held, **changed}}
            refuse_beyond(actor, Holding(role_id, role.name, role.pairs, role.scopes, fields))
        if changed and (asked := ask_fields(role, slug, changed, seen)) is not None:
            return asked
        if changed:
            store_fields(current, role_id, {slug: {**held, **changed}})
            changes = {f"field.{slug}.{n}": [held.get(n, Level.WRITE).word, level.word] for n, level in changed.items()}
            record_acts(current, [Act("update", "role", str(role_id), role.label, changes)])
    return None


def _read_level(entity: Entity, name: str, text: str) -> Level:
    field = entity.field(name)
    if field is None or text not in {level.word for level in Level}:
        raise Refused(_("The page offers no such field or level; reload it"))
    level = Level[text.upper()]
    return Level.WRITE if field.computed and level is Level.READ else level


def _offered(actor: Actor, slug: str, field: Field, held: Level) -> frozenset[Level]:
    """The levels the actor may choose: up to what they may give, and the one the role has."""
    widest = Level.WRITE if is_administrator(actor) else actor.field_level(slug, field.name)
    levels: Iterable[Level] = (level for level in Level if level <= max(widest, held))
    # what nobody types is read at most: one level less to choose from
    return frozenset(level for level in levels if not (field.computed and level is Level.READ))


def _sample(field: Field) -> str:
    rule = field.mask or {Kind.PHONE: "phone", Kind.EMAIL: "email", Kind.ID_NUMBER: "id_number"}.get(field.kind, "")
    if field.kind is Kind.BANK_CARD:
        rule = "bank_card"
    return masked(field, _BY_KIND.get(field.kind) or _SAMPLES.get(rule, "x"))
