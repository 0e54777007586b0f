"""A field's value as it is shown: text, badge, link, alignment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import get_locale
from flask_babel import gettext as _

from app.access.actors import current_actor
from app.base.views.formats import (
    NOTHING,
    date_text,
    moment_text,
    money_short,
    money_text,
    number_text,
    percent_text,
)
from app.base.views.titles import Titles, record_title, record_url
from app.host.context import context
from app.types import Entity, Field, Kind

#: Figures stand on the right, in columns and in headers.
FIGURES = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.PERCENT})
#: From this amount on, a single figure is shortened (万, 亿) with the exact one as its title.
SHORTENED_FROM = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Cell:
    """What is shown of one value. `colour` makes it a badge, `url` a link, `title` is its exact value."""

    text: str
    colour: str | None = None
    url: str | None = None
    title: str = ""
    figure: bool = False
    kind: str = "text"
    lines: bool = False

    @property
    def is_empty(self) -> bool:
        return self.text == NOTHING


def zone() -> ZoneInfo:
    """The time zone of whoever acts."""
    actor = current_actor()
    return ZoneInfo(actor.timezone if actor is not None else context().site.timezone)


def language() -> str:
    """The language of the page: ``zh`` or ``en``."""
    locale = get_locale()
    return str(locale.language) if locale is not None else "zh"


def unit_of(field: Field) -> str:
    """The unit that stands in a figure's header: the field's own, or the site's currency for amounts."""
    if field.unit:
        return str(field.unit)
    return _currency() if field.kind is Kind.MONEY else ""


def _currency() -> str:
    currency = context().site.currency
    return "CNY" if currency == "元" and language() != "zh" else currency


def heading(field: Field) -> str:
    """A column's header with its unit in brackets."""
    unit = unit_of(field)
    if not unit or field.kind is Kind.PERCENT:
        return str(field.label)
    return f"{field.label}（{unit}）" if language() == "zh" else f"{field.label} ({unit})"


def cell(field: Field, value: Any, titles: Titles, *, short: bool = False) -> Cell:
    """How a value is shown. `short`: large amounts in 万 or 亿, exact on hover, the unit beside them."""
    figure = field.kind in FIGURES
    kind = field.kind.value
    if value is None or value == "":
        return Cell(NOTHING, figure=figure, kind=kind)
    if field.kind is Kind.CHOICE:
        return _choice(field, value)
    if field.kind is Kind.LINK:
        title = titles.get((field.target or "", value))
        if title is None:
            return Cell(_("not visible to you"), kind="hidden")
        return Cell(title, url=record_url(field.target or "", value), kind=kind)
    if field.kind is Kind.BOOLEAN:
        return Cell(_("Yes") if value else _("No"), kind=kind)
    if field.kind is Kind.MONEY and short:
        return _amount(field, Decimal(value))
    text = plain(field, value, zone())
    if short and figure and field.kind is not Kind.PERCENT and (unit := unit_of(field)):
        text = f"{text} {unit}"
    return Cell(text, figure=figure, kind=kind, lines=field.kind is Kind.LONG_TEXT)


def plain(field: Field, value: Any, clock: tzinfo) -> str:
    """A value's text without links, badges or shortening (exports, history)."""
    if value is None or value == "":
        return NOTHING
    if field.kind is Kind.CHOICE:
        return _choice(field, value).text
    if field.kind is Kind.BOOLEAN:
        return _("Yes") if value else _("No")
    writer: Any = {
        Kind.DATE: date_text,
        Kind.DATETIME: partial(moment_text, zone=clock),
        Kind.INTEGER: number_text,
        Kind.DECIMAL: number_text,
        Kind.MONEY: money_text,
        Kind.PERCENT: percent_text,
    }.get(field.kind, str)
    return str(writer(value))


def _choice(field: Field, value: str) -> Cell:
    found = next((choice for choice in field.choices if choice.value == value), None)
    if found is None:
        return Cell(str(value), "secondary", kind="choice")
    return Cell(str(found.label), found.colour or "secondary", kind="choice")


def _amount(field: Field, value: Decimal) -> Cell:
    exact, unit = money_text(value), unit_of(field)
    if abs(value) < SHORTENED_FROM:
        return Cell(f"{exact} {unit}", figure=True, kind="money")
    text = money_short(value, language())
    return Cell(
        f"{text}{unit}" if language() == "zh" else f"{text} {unit}",
        title=f"{exact} {unit}",
        figure=True,
        kind="money",
    )


def title_cell(entity: Entity, record: Any) -> Cell:
    """The record's name as a blue link to its page."""
    return Cell(record_title(entity, record), url=record_url(entity, record.id), kind="title")


def cells(entity: Entity, record: Any, names: tuple[str, ...], titles: Titles) -> Mapping[str, Cell]:
    """The cells of a record by field name; its title field is a link to its page."""
    shown: dict[str, Cell] = {}
    for name in names:
        field = entity.field(name)
        if field is None:
            continue
        made = cell(field, getattr(record, name), titles)
        if name == entity.title and not made.url:
            made = title_cell(entity, record)
        shown[name] = made
    return shown
