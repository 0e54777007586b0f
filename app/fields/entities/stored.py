"""The table and the mapped class of a custom entity: made once per process and shape, whatever sites it serves.

Nothing an admin can change later is in the class: names live in the `Entity`, fields in the column `custom`. So two
sites may share it, and an app built anew takes the class there is. docs/adr/0053.
"""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, MetaData, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.actors import current_actor
from app.access.models import BigId
from app.db import NAMES, UtcDateTime, now
from app.fields.custom.stored import Extensible
from app.fields.entities.rules import LONGEST_NAME, Scoping
from app.host.context import Context

_made: dict[tuple[Any, ...], type[Record]] = {}
#: Apps of several sites may be built at the same time, each by a thread of its own.
_making = threading.Lock()


def _maker() -> int | None:
    actor = current_actor()
    return actor.user_id if actor is not None else None


class Record(Extensible):
    """What the records of every custom entity have."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, sort_order=900)
    created_by: Mapped[int | None] = mapped_column(Integer, default=_maker, sort_order=900)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now, sort_order=900)

    def __repr__(self) -> str:
        return self.name


def record_class(carried: Context, slug: str, scoping: Scoping, parent: str | None) -> type[Record] | None:
    """The class of the entity's records; None where the site has no such parent (its module is off).

    Always the same object for the same slug, scoping and parent's class.
    """
    if scoping is Scoping.PARENT:
        above = carried.entities.get(parent or "")
        if above is None:
            return None
        key: tuple[Any, ...] = (slug, above.slug, above.model)
    elif scoping is Scoping.OWN:
        key = (slug, carried.entities["employee"].model, carried.entities["unit"].model)
    else:
        key = (slug,)
    with _making:
        if key not in _made:
            _made[key] = _class(slug, scoping, key)
        return _made[key]


def _class(slug: str, scoping: Scoping, key: tuple[Any, ...]) -> type[Record]:
    version = mapped_column(Integer, default=1, sort_order=900)
    parts: dict[str, Any] = {"version": version, "__mapper_args__": {"version_id_col": version}}
    indexes = [Index(f"ix_{slug}_name", "name")]
    if scoping is Scoping.PARENT:
        _slug, parent, model = key
        parts |= _link(parent, model, nullable=False)
        indexes.append(Index(f"ix_{slug}_parent", f"{parent}_id", "id"))
    elif scoping is Scoping.OWN:
        _slug, employee, unit = key
        parts |= _link("owner", employee) | _link("unit", unit)
        indexes += [Index(f"ix_{slug}_owner", "owner_id", "id"), Index(f"ix_{slug}_unit", "unit_id", "id")]
    return type(
        f"{slug}_{scoping}_{len(_made)}",
        (Record,),
        {
            "__tablename__": slug,
            # Of its own: another site may have an entity of this slug and another shape.
            "metadata": MetaData(naming_convention=NAMES),
            # An id is never used twice: the history speaks of records that are gone.
            "__table_args__": (*indexes, {"sqlite_autoincrement": True}),
            "__module__": __name__,
            **parts,
        },
    )


def _link(name: str, model: Any, *, nullable: bool = True) -> dict[str, Any]:
    """A column ``<name>_id`` and the relationship that loads what it points to."""
    target = model.__table__.c.id
    column = mapped_column(f"{name}_id", target.type, ForeignKey(target), nullable=nullable, sort_order=100)
    return {f"{name}_id": column, name: relationship(model, foreign_keys=[column])}


__all__ = ["Record", "record_class"]
