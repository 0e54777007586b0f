"""A made-up record to look at an arrangement with: it shows nobody's data."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from flask_babel import gettext as _

from app.base.views.titles import Titles
from app.types import Entity, Field, Kind

_VALUES: dict[Kind, Any] = {
    Kind.INTEGER: 12,
    Kind.DECIMAL: Decimal("12.5"),
    Kind.MONEY: Decimal("120000.00"),
    Kind.PERCENT: Decimal("5.5"),
    Kind.DATE: date(2024, 5, 20),
    Kind.DATETIME: datetime(2024, 5, 20, 2, 30, tzinfo=UTC),
    Kind.BOOLEAN: True,
    Kind.PHONE: "13800000000",
    Kind.EMAIL: "name@example.com",
    Kind.ID_NUMBER: "110101199001010015",
    Kind.USCC: "91110000600037341L",
    Kind.BANK_CARD: "6222021001116245702",
    Kind.LINK: 1,
}


def sample_record(entity: Entity, by: str, value: str) -> Any:
    """A record of the entity with an example in every field; `by` holds `value` where one is given."""
    values = {field.name: _example(field) for field in entity.fields}
    if by and value:
        values[by] = value
    return SimpleNamespace(id=0, **values)


def sample_titles(entity: Entity) -> Titles:
    """The names of the records its links point to."""
    return {(field.target or "", 1): _("Example") for field in entity.fields if field.kind is Kind.LINK}


def _example(field: Field) -> Any:
    if field.kind is Kind.CHOICE:
        usual = field.default if isinstance(field.default, str) else None
        return usual or (field.choices[0].value if field.choices else None)
    return _VALUES.get(field.kind, _("Example"))
