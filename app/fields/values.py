"""From what came in (form, REST, file) to typed values, with one translated message per wrong field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.fields import rules
from app.fields.conditions import is_conditional, unmet, without_hidden
from app.fields.files import read_files
from app.fields.messages import message
from app.fields.regions import read_region
from app.fields.rules import BadValue
from app.fields.several import split
from app.host.context import context
from app.types import Entity, Field, Kind, Refused

_READERS: dict[Kind, Callable[[str], Any]] = {
    Kind.INTEGER: rules.read_integer,
    Kind.DECIMAL: rules.read_decimal,
    Kind.MONEY: rules.read_decimal,
    Kind.PERCENT: rules.read_decimal,
    Kind.BOOLEAN: rules.read_boolean,
    Kind.DATE: rules.read_date,
    Kind.PHONE: rules.read_phone,
    Kind.EMAIL: rules.read_email,
    Kind.ID_NUMBER: rules.read_id_number,
    Kind.USCC: rules.read_uscc,
    Kind.BANK_CARD: rules.read_bank_card,
    Kind.REGION: read_region,
}
#: Kinds whose values are words of a certain form.
_WORDS = frozenset({Kind.PHONE, Kind.EMAIL, Kind.ID_NUMBER, Kind.USCC, Kind.BANK_CARD})
_TYPED: dict[Kind, tuple[type, ...]] = {
    Kind.INTEGER: (int,),
    Kind.DECIMAL: (Decimal,),
    Kind.MONEY: (Decimal,),
    Kind.PERCENT: (Decimal,),
    Kind.BOOLEAN: (bool,),
    Kind.DATETIME: (datetime,),
}


def read_value(field: Field, raw: Any, *, zone: ZoneInfo | None = None, strictly: bool = True) -> Any:
    """One typed value; None for nothing. Links come back as the id or text given: see `records`.

    Raises `BadValue` for what cannot be read, is too long, or is not a choice, and with `strictly` for what is beyond
    the field's bounds or not of its pattern: filters ask for any value, an undo brings back what was there.
    """
    value = _typed(field, raw, zone)
    return _taken(field, value) if strictly else value


def _taken(field: Field, value: Any) -> Any:
    if value is None:
        return None
    if field.smallest is not None and value < field.smallest:
        raise BadValue("small", smallest=_said(field, field.smallest))
    if field.largest is not None and value > field.largest:
        raise BadValue("large", largest=_said(field, field.largest))
    if field.fits is not None and not field.fits(value):
        raise BadValue("own", text=str(field.fits_help)) if field.fits_help else BadValue("form")
    return value


def _said(field: Field, bound: Any) -> str:
    if isinstance(bound, datetime):
        return f"{bound.astimezone(ZoneInfo(context().site.timezone)):%Y-%m-%d %H:%M}"
    return f"{bound:,f}" if isinstance(bound, Decimal) else f"{bound:,}" if isinstance(bound, int) else str(bound)


def _typed(field: Field, raw: Any, zone: ZoneInfo | None) -> Any:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if isinstance(raw, _TYPED.get(field.kind, ())) and not (
        field.kind is Kind.INTEGER and isinstance(raw, bool)
    ):
        return _bounded(field, raw)
    if field.kind is Kind.FILES:
        return read_files(raw)
    if isinstance(raw, list | tuple) and field.kind is Kind.CHOICES:
        return _several(field, [str(one) for one in raw])
    if field.kind is Kind.DATE and isinstance(raw, date):
        return raw.date() if isinstance(raw, datetime) else raw
    if field.kind is Kind.DATETIME:
        if isinstance(raw, date):
            raw = raw.isoformat()
        return rules.read_datetime(str(raw), zone or ZoneInfo(context().site.timezone)).astimezone(UTC)
    text = as_text(raw)
    if field.kind is Kind.CHOICE:
        return _choice(field, text)
    if field.kind is Kind.CHOICES:
        return _several(field, split(text))
    if field.kind is Kind.LINK:
        return int(text) if text.isdecimal() and len(text) < 19 else text
    reader = _READERS.get(field.kind)
    return _bounded(field, reader(text) if reader else text.strip() if field.kind is Kind.TEXT else text)


def value_reader(field: Field, zone: ZoneInfo) -> Callable[[Any], Any]:
    """`read_value` for a column of values of one field: what does not change down the column is decided once."""
    reader = _READERS.get(field.kind)
    longest = field.max_length or 2**31

    def read(raw: Any) -> Any:
        return read_value(field, raw, zone=zone)

    if reader is None or field.kind not in _WORDS:
        return read

    def read_words(raw: Any) -> Any:
        if type(raw) is not str or not raw.strip():
            return read(raw)
        value = reader(raw)
        return value if len(value) <= longest and "\x00" not in value else _bounded(field, value)

    return read_words


def as_text(raw: Any) -> str:
    """A cell's text: whole floats from spreadsheets lose their ``.0``."""
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return str(raw)


def _bounded(field: Field, value: Any) -> Any:
    if isinstance(value, str) and field.max_length is not None and len(value) > field.max_length:
        raise BadValue("too_long", length=field.max_length)
    if isinstance(value, str) and "\x00" in value:
        raise BadValue("too_long", length=field.max_length or 0)
    if isinstance(value, Decimal) and abs(value) >= Decimal(10) ** 15:
        raise BadValue("range")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**31:
        raise BadValue("range")
    return value


def _choice(field: Field, text: str) -> str:
    wanted = text.strip().lower()
    for choice in field.choices:
        if wanted in (choice.value.lower(), str(choice.label).lower()):
            return choice.value
    shown = "、".join(str(choice.label) for choice in field.choices[:12])
    raise BadValue("choice", value=text[:40], choices=shown)


def _several(field: Field, texts: Iterable[str]) -> tuple[str, ...] | None:
    """Those chosen, each once and in the order of the field's own list; None for none."""
    chosen = {_choice(field, text) for text in texts}
    return tuple(choice.value for choice in field.choices if choice.value in chosen) or None


def read_values(entity: Entity, raw: Mapping[str, Any], *, creating: bool) -> dict[str, Any]:
    """Typed values of the fields given. Raises `Refused` with one message per wrong field.

    Unknown and computed fields are refused, never ignored; when creating, defaults are filled in and
    required fields must be there.
    """
    values: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for name, given in raw.items():
        field = entity.field(name)
        if field is None:
            errors[name] = message("unknown_field")
        elif field.computed:
            errors[name] = message("computed")
        elif field.create_only and not creating:
            errors[name] = message("create_only")
        else:
            try:
                values[name] = read_value(field, given)
            except BadValue as bad:
                errors[name] = message(bad.code, **bad.details)
    for field in entity.fields:
        if (
            creating
            and values.get(field.name) is None
            and field.name not in errors
            and field.default is not None
        ):
            values[field.name] = field.default() if callable(field.default) else field.default
    if creating:
        values = without_hidden(entity, values, raw)
        for name, code in unmet(entity, values).items():
            errors.setdefault(name, message(code))
    for field in entity.fields:
        if is_conditional(field):
            continue
        missing = (
            values.get(field.name) is None
            if creating
            else field.name in values and values[field.name] is None
        )
        if field.required and missing and field.name not in errors and is_visible(field, values):
            errors[field.name] = message("required")
    if errors:
        raise Refused(errors=errors)
    return values


def is_visible(field: Field, values: Mapping[str, Any]) -> bool:
    """Whether the field belongs to a record with these values."""
    return field.visible_when is None or bool(field.visible_when(values))
