"""The values of custom fields: one JSON column per table, read and written as if each were an attribute of its own.

``Customer.x_job`` is the typed SQL expression, ``customer.x_job`` the typed value, ``customer.x_job = None`` takes it
out. Paths are literal (validated keys), so that expression indexes serve them: docs/adr/0050.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from flask import has_app_context
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Dialect,
    Numeric,
    String,
    and_,
    cast,
    func,
    inspect,
    literal,
    literal_column,
    text,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm.decl_api import DeclarativeAttributeIntercept
from sqlalchemy.types import TypeDecorator

from app.db import Model
from app.fields.added import added_field, added_value, forget_added
from app.fields.custom.rules import KEY, PREFIX, kept, typed
from app.fields.regions import prefix_of
from app.host.context import context
from app.types import Entity, Field, Kind

#: The name of the column.
COLUMN = "custom"
_Document = JSON().with_variant(JSONB(), "postgresql")


class _Written(TypeDecorator[Any]):
    """A value compared as the text JSON holds it."""

    impl = String
    cache_ok = True

    def __init__(self, kind: str):
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None or isinstance(value, str):
            return value
        return str(kept(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return typed(Kind(self.kind), value)

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        return self if isinstance(value, date | datetime) else String()


class _Exact(TypeDecorator[Decimal]):
    """A number with so many decimals; SQLite compares it as a floating one."""

    impl = Numeric
    cache_ok = True

    def __init__(self, scale: int):
        super().__init__(18 + scale, scale)
        self.scale = scale

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        exact = Decimal(str(value)).quantize(Decimal(1).scaleb(-self.scale))
        return exact if self.scale <= 2 else exact.normalize() + 0


class _Several(TypeDecorator[tuple[Any, ...]]):
    """The members of an array, out of the text of it."""

    impl = String
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[Any, ...] | None:
        is_array = value is not None and value.startswith("[")
        return typed(Kind.CHOICES, json.loads(value)) if is_array else None


@lru_cache(maxsize=4096)
def expression(column: Any, key: str, kind: Kind) -> Any:
    """The typed SQL expression of one key of a JSON column. Raises `ValueError` for a key that is none."""
    words = raw_expression(column, key)
    if kind in (Kind.INTEGER, Kind.LINK):
        return cast(words, BigInteger)
    if kind is Kind.BOOLEAN:
        return cast(words, Boolean)
    if kind in (Kind.DECIMAL, Kind.PERCENT):
        return cast(words, _Exact(6))
    if kind is Kind.MONEY:
        return cast(words, _Exact(2))
    if kind in (Kind.DATE, Kind.DATETIME):
        return type_coerce(words, _Written(kind.value))
    if kind in (Kind.CHOICES, Kind.FILES):
        return type_coerce(words, _Several())
    return words


def raw_expression(column: Any, key: str) -> Any:
    """The text JSON holds of one key (SQLite: a number as a number). Raises `ValueError` for a key that is none."""
    if not KEY.fullmatch(key):
        raise ValueError(f"not a key of a custom field: {key!r}")
    return column.op("->>", precedence=15, return_type=String())(literal_column(f"'{key}'", String()))


def _described(model: type, name: str) -> Field | None:
    if not name.startswith(PREFIX) or not has_app_context():
        return None
    entity = context().by_model.get(model)
    return entity.field(name) if entity is not None else None


class _Attributes(DeclarativeAttributeIntercept):
    def __getattr__(cls, name: str) -> Any:
        field = _described(cls, name)
        if field is not None:
            return expression(getattr(cls, COLUMN), name, field.kind)
        more = added_field(cls, name)
        if more is None or more.expression is None:
            raise AttributeError(name)
        return more.expression(cls)


class Extensible(Model, metaclass=_Attributes):
    """Base of the tables whose entities may have custom fields."""

    __abstract__ = True

    custom: Mapped[dict[str, Any]] = mapped_column(
        _Document, default=dict, server_default=text("'{}'"), nullable=False, sort_order=1000
    )

    def __getattr__(self, name: str) -> Any:
        field = _described(type(self), name)
        if field is not None:
            return typed(field.kind, (self.custom or {}).get(name))
        more = added_field(type(self), name)
        if more is None:
            raise AttributeError(name)
        return added_value(self, more)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith(PREFIX):
            super().__setattr__(name, value)
            return
        field = _described(type(self), name)
        if field is None:
            raise AttributeError(name)
        # A new document each time: the session sees only that the attribute is another object.
        rest = {key: each for key, each in (self.custom or {}).items() if key != name}
        written = kept(value)
        self.custom = rest if written is None else {**rest, name: written}


forget_added(Extensible)


def inside(model: Any, key: str) -> Callable[[str], Any]:
    """What asks whether a record's region under `key` is one region or lies in it: an index serves it."""

    def condition(code: str) -> Any:
        column, prefix = getattr(model, key), prefix_of(code)
        return and_(column >= prefix, column < str(int(prefix) + 1))

    return condition


def is_stored(entity: Entity, field: Field) -> bool:
    """Whether the field is kept in a table, so that statements can read it and order by it."""
    return is_custom(field) or field.expression is not None or field.name in inspect(entity.model).column_attrs


def is_custom(field: Field) -> bool:
    """Whether an admin added the field."""
    return field.name.startswith(PREFIX)


def column_of(entity: Entity, name: str) -> Any:
    """The column, or the expression of a custom field, for a Core statement."""
    if name.startswith(PREFIX):
        return getattr(entity.model, name)
    return entity.model.__table__.c[name]


def is_extensible(entity: Entity) -> bool:
    """Whether an entity's table can hold custom fields."""
    return issubclass(entity.model, Extensible)


def folded(entity: Entity, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows for a set-based insert: the values of custom fields gathered into the one column that keeps them."""
    names = {field.name for field in entity.fields if field.name.startswith(PREFIX)}
    if not names:
        return [dict(row) for row in rows]
    made = []
    for row in rows:
        plain = {name: value for name, value in row.items() if name not in names}
        document = {name: kept(value) for name in names if (value := row.get(name)) is not None}
        made.append({**plain, COLUMN: document})
    return made


def patched(column: Any, values: Mapping[str, Any], dialect: str) -> Any:
    """The document with these custom fields set, and those that are None taken out, for a set-based UPDATE."""
    written = {name: kept(value) for name, value in values.items()}
    if dialect == "postgresql":
        filled = {name: value for name, value in written.items() if value is not None}
        made = func.jsonb_concat(column, cast(literal(json.dumps(filled), String()), JSONB))
        for name in sorted(written.keys() - filled.keys()):
            made = func.jsonb_delete(made, cast(literal(name, String()), String()))
        return made
    # a null takes the key out; the document keeps whatever spelling its other values have
    return func.json_patch(column, literal(json.dumps(written, ensure_ascii=False), String()))


__all__ = [
    "COLUMN",
    "Extensible",
    "column_of",
    "expression",
    "folded",
    "inside",
    "is_custom",
    "is_extensible",
    "is_stored",
    "patched",
]
