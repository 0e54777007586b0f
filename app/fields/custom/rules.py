"""Pure decisions about custom fields: keys, kinds, choices, and how a typed value is kept as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from app.types import Kind

#: Every key begins so: no custom field can be taken for a built-in one, today or after an upgrade.
PREFIX = "x_"
#: Safe inside a literal JSON path, an address, a column heading of a file.
KEY = re.compile(r"x_[a-z][a-z0-9_]{0,39}")
#: More fields than this on one entity no screen can show and no person fill in.
MOST_FIELDS = 200
MOST_CHOICES = 300
COLOURS = ("blue", "azure", "indigo", "purple", "pink", "red", "orange", "amber", "lime", "green", "teal", "cyan")

KINDS = (
    Kind.TEXT, Kind.LONG_TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.PERCENT, Kind.DATE, Kind.DATETIME,
    Kind.BOOLEAN, Kind.CHOICE, Kind.CHOICES, Kind.LINK, Kind.PHONE, Kind.EMAIL, Kind.ID_NUMBER, Kind.USCC,
    Kind.BANK_CARD, Kind.REGION, Kind.FILES, Kind.AUTO_NUMBER,
)  # fmt: skip
#: Kinds whose equal values a lookup can find, so that they may be unique.
UNIQUE_KINDS = frozenset({Kind.TEXT, Kind.INTEGER, Kind.PHONE, Kind.EMAIL, Kind.ID_NUMBER, Kind.USCC, Kind.BANK_CARD})
#: Kinds the admin gives a list of choices.
CHOOSING = frozenset({Kind.CHOICE, Kind.CHOICES})
#: Kinds that have no order of their own, and those no index of one value helps.
UNORDERED = frozenset({Kind.LONG_TEXT, Kind.CHOICES, Kind.FILES})
#: The longest text kept where the field does not say less.
LONGEST = {Kind.TEXT: 200, Kind.LONG_TEXT: 10_000, Kind.PHONE: 20, Kind.EMAIL: 200}

#: Texts longer than this have no place in an index, whose rows hold some 2,700 bytes.
LONGEST_INDEXED = 300


@dataclass(frozen=True, slots=True)
class ChoiceLine:
    """One line of the admin's list of choices: ``value | 中文 | English | colour | goes with``; the later parts may be
    left out. The last one names values of the field the choices depend on, separated by commas."""

    value: str
    zh: str
    en: str
    colour: str = "secondary"
    parents: tuple[str, ...] = ()


class BadChoices(ValueError):
    """A list of choices that cannot be read; `code` is ``empty``, ``value``, ``twice``, ``colour``, ``many``."""

    def __init__(self, code: str, line: str = ""):
        self.code, self.line = code, line
        super().__init__(f"{code}: {line}")


def read_choices(text: str) -> tuple[ChoiceLine, ...]:
    """The choices of a list, one per line. Raises `BadChoices`.

    >>> read_choices("retired | 退休 | Retired | green")[0].en
    'Retired'
    >>> read_choices("学生")[0]
    ChoiceLine(value='学生', zh='学生', en='学生', colour='secondary', parents=())
    """
    found: dict[str, ChoiceLine] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        value, zh, en, colour, parents, *more = [part.strip() for part in re.split(r"[|｜]", line)] + [""] * 4
        if any(more) or not value or len(value) > 60 or len(zh) > 60 or len(en) > 60 or '"' in value or "\\" in value:
            raise BadChoices("value", line)
        if value in found:
            raise BadChoices("twice", line)
        if colour and colour not in COLOURS:
            raise BadChoices("colour", line)
        beside = tuple(filter(None, map(str.strip, re.split(r"[,，、;；]", parents))))
        found[value] = ChoiceLine(value, zh or value, en or zh or value, colour or "secondary", beside)
    if not found:
        raise BadChoices("empty")
    if len(found) > MOST_CHOICES:
        raise BadChoices("many")
    return tuple(found.values())


def make_key(words: str, taken: Iterable[str]) -> str:
    """A free key out of a label's words in Latin letters; ``x_field`` where they say nothing.

    >>> make_key("Last job (2024)", {"x_last_job_2024"})
    'x_last_job_2024_2'
    """
    plain = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:34]
    base = PREFIX + (plain if plain[:1].isalpha() else f"field_{plain}".rstrip("_"))
    used, key, number = set(taken), base, 2
    while key in used:
        key, number = f"{base}_{number}", number + 1
    return key


def kept(value: Any) -> Any:
    """A typed value as JSON holds it: amounts as text, exactly; moments in UTC and of one length, so they sort.

    >>> kept(Decimal("12.50")), kept(date(2024, 2, 29))
    ('12.50', '2024-02-29')
    """
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return list(value) or None
    return value


def typed(kind: Kind, value: Any) -> Any:
    """The typed value behind what JSON holds; None for nothing, and for what a process that does not know of a change
    of kind yet cannot read.

    >>> typed(Kind.MONEY, "12.50"), typed(Kind.DATE, "2024-02-29"), typed(Kind.DATE, "soon")
    (Decimal('12.50'), datetime.date(2024, 2, 29), None)
    """
    try:
        return None if value is None else _typed(kind, value)
    except (ValueError, TypeError, ArithmeticError):
        return None


def _typed(kind: Kind, value: Any) -> Any:
    if kind is Kind.INTEGER:
        return int(value)
    if kind in (Kind.DECIMAL, Kind.MONEY, Kind.PERCENT):
        return Decimal(str(value))
    if kind is Kind.DATE:
        return date.fromisoformat(value)
    if kind is Kind.DATETIME:
        return datetime.fromisoformat(value)
    if kind is Kind.BOOLEAN:
        return bool(value)
    if isinstance(value, list):
        return tuple(tuple(one) if isinstance(one, list) else one for one in value)
    return value
