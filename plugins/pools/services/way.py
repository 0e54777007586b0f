"""Counting days ahead in SQL, for rules that count so many calendar days or so many working days each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from sqlalchemy import Date, FromClause, Integer, Table, and_, case, literal, null

from plugins.pools.models import PoolDay
from plugins.pools.rules import Ladder
from plugins.pools.services.days import Calendar
from plugins.pools.services.ladders import ActiveRule, of_each

_DAY = cast(Table, PoolDay.__table__)


class Way:
    """Days ahead of days of a source, whose `rule_id` says how its rows count; `source` is joined as is needed.

    `many`: so many rows are counted at once that PostgreSQL had better take the whole calendar along than look days up:
    a draft over ninety nights takes up to twice as long by looking up. SQLite has no arrays to take along.
    """

    def __init__(
        self, calendar: Calendar, rules: Sequence[ActiveRule], rule_id: Any, source: FromClause, *, many: bool = False
    ) -> None:
        self.calendar = calendar
        self.rules = rules
        self.rule_id = rule_id
        self.source = source
        self._whole = calendar.whole if many and calendar.is_postgresql else None
        self._begun: dict[str, Any] = {}

    def ahead(self, day: Any, days_of: Callable[[Ladder], int | None]) -> Any:
        """The day so many days after a column's, null where a rule has none; as `rules.add_days` counts.

        Working days beyond the table's last one give null, too.
        """
        if all(days_of(rule.ladder) is None for rule in self.rules):
            return null().cast(Date)

        def number(days: int | None) -> Any:
            return literal(days, Integer)

        days = of_each(self.rules, self.rule_id, lambda rule: days_of(rule.ladder), number)
        plain = self.calendar.plus(day, days)
        worked = [rule.id for rule in self.rules if rule.ladder.working_days and days_of(rule.ladder)]
        if not worked:
            return plain
        counts = self.rule_id.in_(worked)
        if self._whole is not None:
            return case((counts, self._whole.worked(self._whole.number(day) + days)), else_=plain)
        begun, then = self._joined(day), _DAY.alias()
        self.source = self.source.outerjoin(then, and_(then.c.worked, then.c.number == begun.c.number + days, counts))
        return case((counts, then.c.day), else_=plain)

    def _joined(self, day: Any) -> Any:
        """The calendar's row of a day, joined once."""
        if day.key not in self._begun:
            begun = self._begun[day.key] = _DAY.alias()
            self.source = self.source.outerjoin(begun, begun.c.day == day)
        return self._begun[day.key]


__all__ = ["Way"]
