"""Which kind may become which, and how a stored value is written so that the readers of the new kind take it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from app.fields.custom.rules import ChoiceLine, typed
from app.fields.regions import path_of
from app.fields.rules import BadValue
from app.fields.several import in_a_cell, split
from app.types import Kind

_WORDS = (Kind.PHONE, Kind.EMAIL, Kind.ID_NUMBER, Kind.USCC, Kind.BANK_CARD)
#: The kinds a kind may become; a link is none of anything else.
PAIRS: dict[Kind, tuple[Kind, ...]] = {
    Kind.TEXT: (
        Kind.LONG_TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.PERCENT, Kind.DATE, Kind.DATETIME, Kind.BOOLEAN,
        Kind.CHOICE, Kind.CHOICES, *_WORDS, Kind.REGION,
    ),
    Kind.LONG_TEXT: (Kind.TEXT, Kind.CHOICES),
    Kind.INTEGER: (Kind.DECIMAL, Kind.MONEY, Kind.PERCENT, Kind.TEXT, Kind.CHOICE),
    Kind.DECIMAL: (Kind.INTEGER, Kind.MONEY, Kind.PERCENT, Kind.TEXT),
    Kind.MONEY: (Kind.DECIMAL, Kind.INTEGER, Kind.TEXT),
    Kind.PERCENT: (Kind.DECIMAL, Kind.TEXT),
    Kind.DATE: (Kind.DATETIME, Kind.TEXT),
    Kind.DATETIME: (Kind.DATE, Kind.TEXT),
    Kind.CHOICE: (Kind.CHOICES, Kind.TEXT),
    Kind.CHOICES: (Kind.CHOICE, Kind.TEXT),
    Kind.REGION: (Kind.TEXT,),
    **dict.fromkeys(_WORDS, (Kind.TEXT,)),
}  # fmt: skip


def stored(kind: Kind, was: str) -> Any:
    """The typed value behind the text a database gives of what it keeps."""
    if kind is Kind.CHOICES:
        return tuple(json.loads(was))
    return typed(kind, was)


def as_words(kind: Kind, value: Any, choices: Sequence[ChoiceLine], zone: tzinfo) -> str:
    """A value as people would type it for another kind: choices by what they are called, moments by the site's clock.

    >>> as_words(Kind.MONEY, Decimal("12.50"), (), None), as_words(Kind.CHOICE, "a", [ChoiceLine("a", "甲", "A")], None)
    ('12.50', '甲')
    """
    called = {choice.value: choice.zh for choice in choices}
    if kind is Kind.CHOICE:
        return called.get(value, value)
    if kind is Kind.CHOICES:
        return in_a_cell(called.get(one, one) for one in value)
    if kind is Kind.REGION:
        return path_of(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    return value.isoformat() if isinstance(value, date) else str(value)


def chooser(choices: Sequence[ChoiceLine]) -> Callable[[str], str]:
    """What finds a choice by its value or by either of its names. The function raises `BadValue`."""
    known: dict[str, str] = {}
    for names in ([c.value for c in choices], [c.zh for c in choices], [c.en for c in choices]):
        for name, choice in zip(names, choices, strict=True):
            known.setdefault(name.casefold(), choice.value)

    def find(text: str) -> str:
        value = known.get(text.strip().casefold())
        if value is None:
            raise BadValue("choice", value=text[:40], choices="、".join(c.zh for c in choices[:12]))
        return value

    return find


def converter(
    old: Kind, new: Kind, before: Sequence[ChoiceLine], after: Sequence[ChoiceLine], zone: tzinfo,
    read: Callable[[str], Any],
) -> Callable[[str], Any]:  # fmt: skip
    """What makes of a stored text the typed value of the new kind, by `read` of its words. Raises `BadValue`."""
    find = chooser(after)

    def convert(was: str) -> Any:
        value = stored(old, was)
        if new in (Kind.CHOICE, Kind.CHOICES):
            texts = _texts(old, value, new)
            if new is Kind.CHOICE and len(texts) > 1:
                raise BadValue("one_choice")
            found = {find(text) for text in texts}
            return tuple(c.value for c in after if c.value in found) if new is Kind.CHOICES else found.pop()
        if old is Kind.DATETIME and new is Kind.DATE:
            return value.astimezone(zone).date()
        made = read(as_words(old, value, before, zone))
        if new is Kind.MONEY and made is not None and made != round(made, 2):
            raise BadValue("cents")
        if made is None:
            raise BadValue("required")
        return made

    return convert


def _texts(old: Kind, value: Any, new: Kind) -> list[str]:
    if old is Kind.CHOICES:
        return list(value)
    return split(str(value)) if new is Kind.CHOICES and old is not Kind.CHOICE else [str(value)]


__all__ = ["PAIRS", "as_words", "chooser", "converter", "stored"]
