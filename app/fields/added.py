"""Reading the fields modules add to records (`AddedFields`): as SQL on the class, as values on records.

The values of all records a session holds of that kind are read at the first touch of one, in one statement: a page
of a list costs one more statement however long it is. They are forgotten with the record's other values, and when the
session commits: what was written elsewhere (a standing, say) may have changed them.
"""

from __future__ import annotations

from typing import Any

from flask import has_app_context
from sqlalchemy import Select, event, select
from sqlalchemy.orm import InstanceState, Session, object_session

from app.access.scope import UNSCOPED
from app.host.context import context
from app.types import Field

_KEPT = "_added"
#: Records whose values are read at once.
MOST = 1000


def added_field(model: type, name: str) -> Field | None:
    """The field of that name a module of the current site adds to the model's records."""
    if name.startswith("_") or not has_app_context():
        return None
    entity = context().by_model.get(model)
    field = entity.field(name) if entity is not None else None
    return field if field is not None and field.expression is not None else None


def added_value(record: Any, field: Field) -> Any:
    """A record's value of such a field; None for one that is not stored yet."""
    kept = record.__dict__.get(_KEPT)
    if kept is None or field.name not in kept:
        _read_all(record)
        kept = record.__dict__.get(_KEPT, {})
    return kept.get(field.name)


def _read_all(record: Any) -> None:
    """Read the added fields of this record and of those like it the session holds without them."""
    model: Any = type(record)
    session = object_session(record)
    fields = [field for field in context().by_model[model].fields if field.expression is not None]
    nothing = {field.name: None for field in fields}
    record.__dict__[_KEPT] = nothing
    if session is None or record.id is None:
        return
    beside = (each for each in list(session.identity_map.values()) if type(each) is model)
    waiting = [each for each in beside if _KEPT not in each.__dict__ and "id" in each.__dict__][: MOST - 1]
    records = {each.id: each for each in (record, *waiting)}
    columns = (field.expression(model).label(field.name) for field in fields if field.expression is not None)
    statement: Select[Any] = select(model.id, *columns).where(model.id.in_(sorted(records)))
    # within no scope: whoever holds the record has been let see it
    with session.no_autoflush:
        for row in session.execute(statement.execution_options(**{UNSCOPED: True})).mappings():
            records[row["id"]].__dict__[_KEPT] = {name: row[name] for name in nothing}


def forget_added(model: type[Any]) -> None:
    """Forget the values with a record's others: listens to records of the model and of those made from it."""

    def forget(state: InstanceState[Any], _names: Any) -> None:
        state.dict.pop(_KEPT, None)

    event.listen(model, "expire", forget, propagate=True, raw=True)


@event.listens_for(Session, "after_commit")
def _forget_all(current: Session) -> None:
    for record in list(current.identity_map.values()):
        record.__dict__.pop(_KEPT, None)


__all__ = ["added_field", "added_value", "forget_added"]
