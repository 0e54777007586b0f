"""What an admin does to change a field's kind: try it on all records, look at what does not convert, change it."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.access.scope import UNSCOPED
from app.db import session, transaction
from app.fields.custom.conversion.converting import PAIRS
from app.fields.custom.conversion.models import Conversion
from app.fields.custom.derived import PEOPLE
from app.fields.custom.deriving import refuse_used
from app.fields.custom.models import CustomField
from app.fields.custom.rules import CHOOSING, MOST_CHOICES
from app.fields.custom.services import check_field
from app.fields.custom.stored import COLUMN, expression, is_extensible
from app.fields.custom.validating import PROPERTIES
from app.host.context import context
from app.types import Entity, Kind, Refused

UNSEEN: dict[str, Any] = {UNSCOPED: True}
#: Properties that belong to some kinds only: {attribute: kinds}.
_OWN: dict[str, tuple[Kind, ...]] = {
    "max_length": (Kind.TEXT, Kind.LONG_TEXT),
    "unit": (Kind.INTEGER, Kind.DECIMAL, Kind.MONEY),
    "choices": tuple(CHOOSING),
}


def try_kind(row: CustomField, kind: str, choices: str | None) -> Conversion:
    """Begin a dry run over all records; its job is the caller's to ask for. An older dry run is forgotten.

    `choices` are those of the new kind; those there are, or the values there are, when it is left empty.
    Raises `Refused` by input: a kind this one cannot become, choices that cannot be read, a field that cannot be.
    """
    with transaction() as current:
        if kind not in kinds_after(row):
            raise Refused(_("A field of this kind cannot become that"), field="kind")
        refuse_used(current, row)
        lines = None
        if Kind(kind) in CHOOSING:
            lines = (choices or "").strip() or row.choices or _values_as_choices(current, entity_of(row), row)
        current.execute(delete(Conversion).where(Conversion.field_id == row.id, Conversion.status != "done"))
        made = Conversion(field_id=row.id, old_kind=row.kind, kind=kind, choices=lines)
        check_field(current, entity_of(row), as_it_would_be(row, made))
        current.add(made)
        current.flush()
        return made


def change_kind(made: Conversion, *, leave_empty: bool) -> None:
    """Let the change itself begin; its job is the caller's to ask for.

    `leave_empty`: values that do not convert are taken out of their records (history and the conversion keep them).
    Raises `Refused` when there are such values and they may not be left empty, or when it was not tried before.
    """
    with transaction() as current:
        turned = (
            update(Conversion)
            .where(Conversion.id == made.id, Conversion.status == "checked")
            .values(status="changing", leave_empty=leave_empty, trouble="")
        )
        if made.failed and not leave_empty:
            raise Refused(_("%(count)s values do not convert; mend them, or say that they are left empty",
                            count=f"{made.failed:,}"))  # fmt: skip
        if not current.execute(turned).rowcount:  # type: ignore[attr-defined]
            raise Refused(_("Try the change first"))
        current.refresh(made)


def kinds_after(row: CustomField) -> tuple[Kind, ...]:
    """The kinds a field may become; one that is worked out from others has its kind from them."""
    return PAIRS.get(Kind(row.kind), ()) if row.source == PEOPLE else ()


def latest(row: CustomField) -> Conversion | None:
    """The last change of kind of a field, tried or done."""
    wanted = select(Conversion).where(Conversion.field_id == row.id).order_by(Conversion.id.desc()).limit(1)
    return session.scalar(wanted.execution_options(**UNSEEN))


def entity_of(row: CustomField) -> Entity:
    """The entity a field is of. Raises `Refused` when this site has it no more."""
    entity = context().entities.get(row.entity)
    if entity is None or not is_extensible(entity):
        raise Refused(_("Records of this kind cannot have custom fields"))
    return entity


def as_it_would_be(row: CustomField, made: Conversion) -> CustomField:
    """The field of the new kind, beside the one there is; what only the old kind has is left out."""
    own = {c.name: getattr(row, c.name) for c in CustomField.__table__.columns if c.name not in ("id", "version")}
    own |= {"kind": made.kind, "choices": made.choices, "default": None, **dict.fromkeys(PROPERTIES)}
    own |= {name: None for name, kinds in _OWN.items() if name in own and Kind(made.kind) not in kinds}
    return CustomField(**own)


def _values_as_choices(current: Session, entity: Entity, row: CustomField) -> str:
    words = expression(getattr(entity.model, COLUMN), row.key, Kind.TEXT)
    trimmed = func.trim(words)
    found = select(trimmed).where(words.is_not(None)).group_by(trimmed).order_by(func.count().desc(), trimmed)
    values = list(current.scalars(found.limit(MOST_CHOICES + 1).execution_options(**UNSEEN)))
    return "\n".join(value for value in values if value)


__all__ = ["as_it_would_be", "change_kind", "entity_of", "kinds_after", "latest", "try_kind"]
