"""Links by what people write (a code, a name), one query per link field and chunk, within the actor's
scope."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.policy import may_ask
from app.access.scope import UNSCOPED, scope_condition
from app.fields.bulk import among
from app.host.context import context
from app.transfer.rules.mapping import Mapping
from app.transfer.services.columns import Row, problem
from app.types import Entity, Kind

#: Remembered answers per link field; a file with more distinct values asks again.
_MOST_REMEMBERED = 50_000
#: Stand for "several records", and for one that nothing may be added to.
_SEVERAL, _CLOSED = -1, -2
_CODES = {_SEVERAL: "ambiguous", _CLOSED: "not_yours"}


class Lookups:
    """Resolves the link fields of an entity; `own` are those that point to the entity itself."""

    def __init__(self, entity: Entity, mapping: Mapping):
        self.fields: dict[str, tuple[Entity, tuple[str, ...]]] = {}
        for name, source in mapping.fields.items():
            field = entity.field(name)
            if field is None or field.kind is not Kind.LINK:
                continue
            target = context().entities[field.target or ""]
            self.fields[name] = (target, (source.lookup,) if source.lookup else natural_keys(target))
        #: The link to what a record goes below: seeing that is not enough (`app.fields.records.check_parent`).
        self._above = (entity.scoped_by.parent or ("", ""))[0]
        self.own = tuple(name for name, (target, _keys) in self.fields.items() if target.slug == entity.slug)
        self._columns = {name: next(iter(s.columns()), None) for name, s in mapping.fields.items()}
        self._remembered: dict[str, dict[str, int]] = {name: {} for name in self.fields}

    def resolve(self, current: Session, rows: Sequence[Row]) -> None:
        """Turn the rows' link texts into ids.

        A text that names nothing the actor may see is a problem of its row, and so is a parent the actor may not
        change; a text in an own link stays in `links`, as the record may still come further down in the file.
        """
        for name, (target, keys) in self.fields.items():
            texts = {row.links[name] for row in rows if name in row.links}
            if not texts:
                continue
            known = self._remembered[name]
            if missing := texts - known.keys():
                if len(known) > _MOST_REMEMBERED:
                    known.clear()
                    missing = texts
                found_now = find_by_text(current, target, keys, missing)
                known.update(_unless_closed(current, target, found_now) if name == self._above else found_now)
            for row in rows:
                text = row.links.get(name)
                if text is None:
                    continue
                found = known.get(text)
                if found is not None and found not in _CODES:
                    row.values[name] = found
                    del row.links[name]
                elif found is not None or name not in self.own:
                    code = "link" if found is None else _CODES[found]
                    row.problems.append(problem(code, name, self._columns[name], value=text))
                    del row.links[name]

    def give_up(self, row: Row) -> None:
        """The own links of a row will not be found any more."""
        for name, text in row.links.items():
            row.problems.append(problem("loop", name, self._columns[name], value=text))
        row.links.clear()


def _unless_closed(current: Session, target: Entity, found: dict[str, int]) -> dict[str, int]:
    """The same, with those the actor may see but not change marked."""
    key = target.model.__table__.c.id
    writes = scope_condition(target, require_actor(), write=True)
    statement = select(key).where(among(current, key, set(found.values())), writes)
    open_ = {_SEVERAL, *current.scalars(statement.execution_options(**{UNSCOPED: True}))}
    return {text: number if number in open_ else _CLOSED for text, number in found.items()}


def natural_keys(target: Entity) -> tuple[str, ...]:
    """By what people name a record of this entity: its unique texts, then its title; only what the actor reads."""
    actor = require_actor()
    kinds = (Kind.TEXT, Kind.ID_NUMBER, Kind.USCC, Kind.PHONE, Kind.EMAIL)
    unique = tuple(f.name for f in target.fields if f.unique and f.kind in kinds)
    title = target.field(target.title)
    named = (*unique, *((title.name,) if title is not None and title.name not in unique else ()))
    return tuple(name for name in named if may_ask(target, name, actor))


def find_by_text(current: Session, target: Entity, keys: Sequence[str], texts: Iterable[str]) -> dict[str, int]:
    """{text: id} of the records the actor may see; -1 where several have it. The first key that knows a text
    wins."""
    table = target.model.__table__
    scope = scope_condition(target, require_actor())
    found: dict[str, int] = {}
    left = set(texts)
    for key in keys:
        if not left:
            break
        column = table.c[key]
        wanted: Any = among(current, column, left)
        if column.type.python_type is int:
            numbers = [int(text) for text in left if text.isdecimal() and len(text) < 19]
            wanted = column.in_(numbers)
        statement = select(column, func.min(table.c.id), func.count()).where(wanted, scope).group_by(column)
        for value, record_id, count in current.execute(statement.execution_options(**{UNSCOPED: True})):
            found[str(value)] = record_id if count == 1 else _SEVERAL
        left -= found.keys()
    return found
