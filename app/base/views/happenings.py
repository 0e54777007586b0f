"""The timeline of a record: what every module has to tell, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.base.views.cells import zone
from app.base.views.formats import moment_text
from app.host.context import hooks
from app.types import Entity, TimelineItem

PAGE = 15


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of the timeline with its time on the person's clock."""

    item: TimelineItem
    at: str
    #: The day, when this line is the first of it.
    day: str


def read_timeline(
    entity: Entity, record: Any, before: datetime | None = None
) -> tuple[list[Happening], str | None]:
    """(lines newest first, where to go on as ISO time): `PAGE` lines and those of the last one's moment."""
    items: list[TimelineItem] = hooks().render(
        "timeline", entity=entity.slug, record=record, before=before, limit=PAGE + 1
    )
    items = [item for item in items if before is None or _moment(item) < before]
    items.sort(key=_moment, reverse=True)
    end = min(PAGE, len(items))
    while 0 < end < len(items) and _moment(items[end]) == _moment(items[end - 1]):
        end += 1
    lines: list[Happening] = []
    last_day = ""
    for item in items[:end]:
        day, _blank, clock = moment_text(_moment(item), zone()).partition(" ")
        lines.append(Happening(item, clock, day if day != last_day else ""))
        last_day = day
    return lines, _moment(items[end - 1]).isoformat() if end < len(items) else None


def _moment(item: TimelineItem) -> datetime:
    """When it happened; a module that gives a naive time or a date is taken at its word in UTC."""
    at = item.at
    if not isinstance(at, datetime):
        return datetime(at.year, at.month, at.day, tzinfo=UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def read_moment(text: str | None) -> datetime | None:
    """Where a timeline goes on, from its address. Raises `ValueError` for anything else."""
    if not text:
        return None
    moment = datetime.fromisoformat(text[:40])
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment
