"""Typed filters from a list's address: read strictly, turned into SQL, and said as a sentence.

In the address a filter is ``f.<field>=value`` (repeat it for several), ``f.<field>.from`` / ``f.<field>.to``
for a range, and ``op.<field>`` for ``contains`` (text, the default), ``equals``, ``all`` (of several choices; any
of them without it), ``empty`` or ``filled``.
Whatever is not understood is refused, so that a mistyped filter never shows rows nobody asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, String, and_, or_
from werkzeug.datastructures import MultiDict

from app.base.views.cells import listed
from app.base.views.formats import range_text
from app.fields.messages import message
from app.fields.regions import path_of
from app.fields.rules import BadValue
from app.fields.values import read_value
from app.types import Entity, Field, Kind, Refused

RANGED = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.PERCENT, Kind.DATE, Kind.DATETIME})
PICKED = frozenset({Kind.CHOICE, Kind.CHOICES, Kind.LINK, Kind.REGION, Kind.BOOLEAN})
MAX_VALUES = 50
MAX_TEXT = 200
_DAY = re.compile(r"\d{4}\D\d{1,2}\D\d{1,2}日?|\d{8}")
_OPERATORS = ("contains", "equals", "empty", "filled")


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on a list: field, operator, typed values, and the pairs that stand in the address.

    `op` is contains, equals, empty, filled, in (choices, links, yes/no), all (of several choices) or range (`values`
    is (from, to)).
    """

    field: Field
    op: str
    values: tuple[Any, ...]
    pairs: tuple[tuple[str, str], ...]


def is_filter_key(key: str) -> bool:
    """Whether an address parameter claims to be a filter."""
    return key.startswith(("f.", "op."))


def read_filters(entity: Entity, args: MultiDict[str, str], zone: ZoneInfo) -> tuple[Filter, ...]:
    """The filters in an address, in the order of the entity's fields; blank inputs count as absent.

    Raises `Refused` (errors by address parameter) for an unknown field, a field one cannot filter by, an
    unknown operator, a value of the wrong type, a range upside down.
    """
    errors: dict[str, Any] = {}
    named: dict[str, dict[str, list[str]]] = {}
    for key in args:
        if not is_filter_key(key):
            continue
        name, part = _parse_key(key)
        field = entity.field(name)
        given = [value for value in args.getlist(key) if value.strip()]
        if field is None:
            errors[key] = _("There is no filter “%(name)s” here", name=key[:60])
        elif not field.filterable:
            errors[key] = _("You cannot filter by “%(field)s”", field=field.label)
        elif part not in _parts(field):
            errors[key] = _("There is no filter “%(name)s” here", name=key[:60])
        elif given:
            named.setdefault(name, {})[part] = given
    found: list[Filter] = []
    for field in entity.fields:
        if field.name not in named:
            continue
        try:
            made = read_one(field, named[field.name], zone)
        except BadValue as bad:
            errors[f"f.{field.name}"] = f"{field.label}: {_reason(bad)}"
        except Refused as refused:
            errors[f"f.{field.name}"] = f"{field.label}: {refused}"
        else:
            found.extend(made)
    if errors:
        raise Refused(errors=errors)
    return tuple(found)


def _reason(bad: BadValue) -> str:
    return message(bad.code, **bad.details)


def _parse_key(key: str) -> tuple[str, str]:
    head, _dot, rest = key.partition(".")
    if head == "op":
        return rest, "op"
    name, _dot, part = rest.partition(".")
    return name, part


def _parts(field: Field) -> frozenset[str]:
    return frozenset({"from", "to", "op"}) if field.kind in RANGED else frozenset({"", "op"})


def read_one(field: Field, given: dict[str, list[str]], zone: ZoneInfo) -> list[Filter]:
    """The filter of one field from its parts of an address (``op``, ``from``, ``to``, values), none for blank ones.

    Raises `BadValue` or `Refused`.
    """
    op = given.get("op", [""])[-1]
    if op and op not in _OPERATORS and (op, field.kind) != ("all", Kind.CHOICES):
        raise Refused(_("“%(op)s” is not a way to filter", op=op[:40]))
    if op in ("empty", "filled"):
        return [Filter(field, op, (), ((f"op.{field.name}", op),))]
    if field.kind in RANGED:
        return _read_range(field, given, zone)
    texts = given.get("", [])
    if not texts:
        return []
    if len(texts) > MAX_VALUES:
        raise Refused(_("At most %(count)s values", count=MAX_VALUES))
    if any(len(text) > MAX_TEXT or "\x00" in text for text in texts):
        raise Refused(_("This text is too long to search for"))
    pairs = tuple((f"f.{field.name}", text) for text in texts)
    if field.kind in PICKED:
        read = (_typed(field, text, zone) for text in texts)
        if field.kind is Kind.CHOICES:
            read = (one for several in read for one in several or ())
        values = tuple(dict.fromkeys(read))
        if op == "all":
            return [Filter(field, op, values, (*pairs, (f"op.{field.name}", op)))]
        return [Filter(field, "in", values, pairs)] if values else []
    if len(texts) > 1:
        raise Refused(_("Give one value"))
    if op == "equals" and field.kind is Kind.FILES:
        raise Refused(_("“%(op)s” is not a way to filter", op=op))
    if op == "equals":
        return [Filter(field, op, (_typed(field, texts[0], zone),), (*pairs, (f"op.{field.name}", op)))]
    return [Filter(field, "contains", (texts[0].strip(),), pairs)]


def _typed(field: Field, text: str, zone: ZoneInfo) -> Any:
    value = read_value(field, text, zone=zone, strictly=False)
    if field.kind is Kind.LINK and (not isinstance(value, int) or value >= 2**63):
        raise BadValue("link", value=text[:40])
    return value


def _read_range(field: Field, given: dict[str, list[str]], zone: ZoneInfo) -> list[Filter]:
    start, end = given.get("from", [None])[-1], given.get("to", [None])[-1]
    if start is None and end is None:
        return []
    low = _bound(field, start, zone, upper=False)
    high = _bound(field, end, zone, upper=True)
    if low is not None and high is not None and low > high:
        raise Refused(_("The range begins after it ends"))
    pairs = [(f"f.{field.name}.from", start), (f"f.{field.name}.to", end)]
    return [
        Filter(field, "range", (low, high), tuple((key, text) for key, text in pairs if text is not None))
    ]


def _bound(field: Field, text: str | None, zone: ZoneInfo, *, upper: bool) -> Any:
    """One end of a range; a day as the upper end of moments means the whole day."""
    if text is None:
        return None
    if field.kind is Kind.DATETIME and _DAY.fullmatch(text.strip()):
        moment: datetime = read_value(field, text, zone=zone, strictly=False)
        if upper:
            day = moment.astimezone(zone).date() + timedelta(days=1)
            moment = datetime.combine(day, time(), zone) - timedelta(microseconds=1)
        return moment
    return read_value(field, text, zone=zone, strictly=False)


def condition(entity: Entity, filters: Iterable[Filter]) -> ColumnElement[bool]:
    """The filters as one SQL condition on the entity's table."""
    return and_(True, *(_condition(getattr(entity.model, one.field.name), one) for one in filters))


def _condition(column: Any, one: Filter) -> ColumnElement[bool]:
    field = one.field
    textual = isinstance(column.type, String)
    if one.op == "empty":
        return or_(column.is_(None), column == "") if textual else column.is_(None)
    if one.op == "filled":
        return and_(column.is_not(None), column != "") if textual else column.is_not(None)
    if one.op == "range":
        low, high = one.values
        return and_(
            True,
            *([column >= low] if low is not None else []),
            *([column <= high] if high is not None else []),
        )
    if field.match is not None and one.op == "all":
        return and_(True, *(field.match(value) for value in one.values))
    if field.match is not None and one.op != "equals":
        return or_(*(field.match(value) for value in one.values))
    if one.op == "in":
        return column.in_(one.values) if len(one.values) > 1 else column == one.values[0]
    if one.op == "equals":
        return column == one.values[0]
    return column.icontains(one.values[0], autoescape=True)


def sentence(one: Filter, titles: dict[tuple[str, int], str]) -> str:
    """A filter as people say it: “Name contains 张”. `titles` are those of linked records by (entity, id)."""
    field = one.field
    label = str(field.label)
    if one.op == "empty":
        return _("%(field)s is empty", field=label)
    if one.op == "filled":
        return _("%(field)s is filled in", field=label)
    if one.op == "contains":
        return _("%(field)s contains “%(value)s”", field=label, value=one.values[0])
    if one.op == "equals":
        return _("%(field)s is “%(value)s”", field=label, value=one.values[0])
    if one.op == "range":
        ends = {key.rpartition(".")[2]: text for key, text in one.pairs}
        return f"{label} {range_text(ends.get('from'), ends.get('to'))}{field.unit or ''}"
    if one.op == "all":
        return _("%(field)s has all of %(values)s", field=label, values=listed(_names(one, titles)))
    if field.kind is Kind.CHOICES:
        return _("%(field)s has %(values)s", field=label, values=_joined(_names(one, titles)))
    return _("%(field)s is %(values)s", field=label, values=_joined(_names(one, titles)))


def _names(one: Filter, titles: dict[tuple[str, int], str]) -> list[str]:
    field = one.field
    if field.kind is Kind.BOOLEAN:
        return [_("Yes") if value else _("No") for value in one.values]
    if field.kind is Kind.LINK:
        return [titles.get((field.target or "", value), f"#{value}") for value in one.values]
    if field.kind is Kind.REGION:
        return [path_of(value) for value in one.values]
    labels = {choice.value: str(choice.label) for choice in field.choices}
    return [labels[value] for value in one.values]


def _joined(names: Sequence[str]) -> str:
    text = names[0]
    for name in names[1:]:
        text = _("%(a)s or %(b)s", a=text, b=name)
    return text
