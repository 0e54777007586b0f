"""What an address asks of a log – days, words, one of several, where to go on – read strictly."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _

from app.base.views.cells import zone
from app.db import now
from app.fields.rules import BadValue, read_date

#: As long as the logs' own columns.
LONGEST = 60


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days on the reader's clock, both included; None: open at that end."""

    first: date | None
    last: date | None

    @property
    def start(self) -> datetime | None:
        """The first moment."""
        return _midnight(self.first)

    @property
    def end(self) -> datetime | None:
        """The first moment after them."""
        if self.last is None or self.last == date.max:
            return None
        return _midnight(self.last + timedelta(days=1))


@dataclass(slots=True)
class Question:
    """The parameters of an address, taken one by one; `errors` gathers what is not understood, by name."""

    asked: Mapping[str, str]
    errors: dict[str, Any]

    def days(self, *, default: int | None = None) -> Days:
        """The days of ``from`` and ``to``. With a `default` the first is never open: so many days are searched then."""
        first, last = self._day("from"), self._day("to")
        if first and last and first > last:
            self.errors["to"] = _("The range begins after it ends")
        if default is not None and first is None and "from" not in self.errors:
            until = last or now().astimezone(zone()).date()
            first = until - timedelta(days=min(default - 1, until.toordinal() - 1))
        return Days(first, last)

    def _day(self, name: str) -> date | None:
        try:
            return read_date(self.asked[name]) if self.asked[name] else None
        except BadValue:
            self.errors[name] = _("This is not a date; write it like 2019-12-08")
            return None

    def words(self, *names: str) -> None:
        """Note those of the texts no column could hold."""
        for name in names:
            if len(self.asked[name]) > LONGEST or "\0" in self.asked[name]:
                self.errors[name] = _("This text is too long to search for")

    def one_of(self, name: str, known: Container[str]) -> str:
        """One of the known values, or nothing."""
        if self.asked[name] and self.asked[name] not in known:
            self.errors[name] = _("There is nothing of this kind")
        return self.asked[name]

    def before(self) -> int | None:
        """The number of the entry to go on before."""
        text = self.asked["before"]
        if text and not (text.isascii() and text.isdecimal() and len(text) < 19):
            self.errors["before"] = _("There is no such page")
            return None
        return int(text) if text else None


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), zone()) if day is not None else None
