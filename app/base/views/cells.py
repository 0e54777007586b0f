"""A field's value as it is shown: text, badge, link, alignment."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.access.actors import current_actor
from app.access.policy import masked_value
from app.base.views.formats import (
    NOTHING,
    date_text,
    moment_text,
    money_short,
    money_text,
    number_text,
    percent_text,
)
from app.base.views.titles import Titles, record_path, record_title, record_url
from app.fields.regions import path_of
from app.host.context import context
from app.types import Entity, Field, Kind, Level

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
    #: Several values, each shown as a cell of its own.
    parts: tuple[Cell, ...] = ()

    @property
    def is_empty(self) -> bool:
        return self.text == NOTHING

    def __html__(self) -> Markup:
        """The cell in a page: escaped text, a badge, a link, the exact figure on hover."""
        text = escape(self.text)
        if self.text == NOTHING or self.kind == "hidden":
            made = f'<span class="nothing">{text}</span>'
        elif self.parts:
            return Markup('<span class="cell-parts">{}</span>').format(Markup(" ").join(self.parts))
        elif self.colour:
            made = f'<span class="badge app-badge app-badge-{escape(self.colour)}">{text}</span>'
        elif self.url:
            made = f'<a href="{escape(self.url)}" class="cell-link">{text}</a>'
        elif self.lines:
            made = f'<span class="lines">{text}</span>'
        elif self.title:
            made = f'<span title="{escape(self.title)}" class="exact" tabindex="0">{text}</span>'
        else:
            return text
        return Markup(made)  # noqa: S704 - every part is escaped above

    def classes(self, figures: bool) -> str:
        """The classes of its table cell in a column of figures or of words."""
        return f"cell-{self.kind}{' num' if figures else ''}{' cell-empty' if self.is_empty else ''}"


def zone() -> ZoneInfo:
    """The time zone of whoever acts."""
    actor = current_actor()
    return ZoneInfo(actor.timezone if actor is not None else context().site.timezone)


def language() -> str:
    """The language of the page: ``zh`` or ``en``."""
    locale = get_locale()
    return str(locale.language) if locale is not None else "zh"


def listed(texts: Iterable[str]) -> str:
    """Several values in a sentence."""
    return ("、" if language() == "zh" else ", ").join(texts)


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


#: Writes one value of a field.
Writer = Callable[[Any], Cell]


def cell(field: Field, value: Any, titles: Titles, *, short: bool = False) -> Cell:
    """How a value is shown. `short`: large amounts in 万 or 亿, exact on hover, the unit beside them."""
    return cell_writer(field, titles, short=short)(value)


def cell_writer(field: Field, titles: Titles, *, short: bool = False) -> Writer:
    """What writes the values of a field in this request; equal choices and links are written once."""
    said = field.said("", False) if field.said is not None else None
    nothing = Cell(said or NOTHING, figure=field.kind in FIGURES, kind=field.kind.value)
    write = _writer(field, titles, short)
    if field.kind in (Kind.CHOICE, Kind.LINK, Kind.BOOLEAN):
        write = lru_cache(maxsize=None)(write)
    return lambda value: nothing if value is None or value in ("", (), []) else write(value)


def _writer(field: Field, titles: Titles, short: bool) -> Writer:
    """The same for values that are there."""
    if field.level < Level.READ:
        return lambda value: Cell(masked_value(field, value), kind="masked")
    kind, figure = field.kind.value, field.kind in FIGURES
    if field.kind is Kind.CHOICE:
        return partial(_choice, field)
    if field.kind is Kind.CHOICES:
        return partial(_several, field)
    if field.kind is Kind.FILES:
        return _files
    if field.kind is Kind.LINK:
        return partial(_link, field, titles)
    if field.kind is Kind.MONEY and short:
        return lambda value: _amount(field, Decimal(value))
    text = _text_writer(field, zone())
    if short and figure and field.kind is not Kind.PERCENT and (unit := unit_of(field)):
        return lambda value: Cell(f"{text(value)} {unit}", figure=True, kind=kind)
    if (tone := field.tone) is not None:
        return lambda value: Cell(text(value), tone(value), figure=figure, kind=kind)
    return lambda value: Cell(text(value), figure=figure, kind=kind, lines=field.kind is Kind.LONG_TEXT)


def plain(field: Field, value: Any, clock: tzinfo) -> str:
    """A value's text without links, badges or shortening (exports, history)."""
    if value is None or value == "":
        return NOTHING
    if field.level < Level.READ:
        return masked_value(field, value)
    if field.kind is Kind.CHOICE:
        return _choice(field, value).text
    if field.kind is Kind.CHOICES:
        return _several(field, value).text
    if field.kind is Kind.FILES:
        return listed(str(name) for _number, name in value)
    return _text_writer(field, clock)(value)


def _text_writer(field: Field, clock: tzinfo) -> Callable[[Any], str]:
    if (said := field.said) is not None:
        return lambda value: said(value, False) or NOTHING
    if field.kind is Kind.BOOLEAN:
        return lambda value: _("Yes") if value else _("No")
    if field.kind is Kind.DATETIME:
        return partial(moment_text, zone=clock)
    return _TEXTS.get(field.kind, str)


_TEXTS: dict[Kind, Callable[[Any], str]] = {
    Kind.DATE: date_text,
    Kind.REGION: path_of,
    Kind.INTEGER: number_text,
    Kind.DECIMAL: number_text,
    Kind.MONEY: money_text,
    Kind.PERCENT: percent_text,
}


def _link(field: Field, titles: Titles, value: int) -> Cell:
    title = titles.get((field.target or "", value))
    if title is None:
        return Cell(_("not visible to you"), kind="hidden")
    return Cell(title, url=record_url(field.target or "", value), kind="link")


def _choice(field: Field, value: str) -> Cell:
    found = next((choice for choice in field.choices if choice.value == value), None)
    if found is None:
        return Cell(str(value), "secondary", kind="choice")
    return Cell(str(found.label), found.colour or "secondary", kind="choice")


def _several(field: Field, values: Iterable[str]) -> Cell:
    parts = tuple(_choice(field, value) for value in values)
    return Cell(listed(part.text for part in parts), kind="choices", parts=parts)


def _files(values: Iterable[tuple[int, str]]) -> Cell:
    parts = tuple(Cell(name, url=record_path("AttachmentView.file", number), kind="link") for number, name in values)
    return Cell(listed(part.text for part in parts), kind="files", parts=parts)


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


def row_writer(
    entity: Entity, names: Iterable[str], titles: Titles
) -> Callable[[Any], tuple[Cell, ...]]:
    """What writes the cells of a record, one per field that exists; its title field is a link to its page.

    `entity` is the description as the actor sees it: the levels of its fields are looked at here, once.
    """
    writers: list[tuple[str, Writer]] = []
    title = -1
    for name in names:
        if (field := entity.field(name)) is not None:
            if name == entity.title:
                title = len(writers)
            writers.append((name, cell_writer(field, titles)))

    def write(record: Any) -> tuple[Cell, ...]:
        made = [write_one(getattr(record, name)) for name, write_one in writers]
        if title >= 0 and not made[title].url:
            made[title] = title_cell(entity, record)
        return tuple(made)

    return write
