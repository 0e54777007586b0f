"""A person's own notices: counted for the bell, listed in lines, marked as read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, String, and_, case, cast, false, func, select, update

from app.access.actors import current_actor
from app.base.views.titles import Titles, read_titles, record_url
from app.db import now, session, transaction
from app.host.context import context
from app.notices.models import Message, Notice
from app.notices.rules import MOST_COUNTED
from app.notices.sayings import said

_MESSAGE: Any = Message.__table__
_NOTICE: Any = Notice.__table__
#: Lines of a page, and of the bell's panel.
PAGE, PANEL = 25, 8


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the list: the newest notice of a group, with how many there are and how many of them are unread."""

    id: int
    kind: str
    label: str
    icon: str
    title: str
    text: str
    #: Where it leads: a path, else the page of the record it is about; nowhere when that is out of reach.
    link: str | None
    record: tuple[str, int] | None
    at: datetime
    urgent: bool
    count: int
    unread: int
    group_key: str

    @property
    def url(self) -> str | None:
        """The path it leads to for whoever acts; only within a request."""
        return self.link or (record_url(*self.record) if self.record else None)


@dataclass(frozen=True, slots=True)
class Feed:
    """Lines, newest first; `older` is where the next page begins, None at the end."""

    lines: tuple[Line, ...]
    older: int | None


def count_unread() -> int:
    """How many of one's own notices are unread; counting ends behind `MOST_COUNTED`."""
    few = select(_NOTICE.c.id).where(_mine(), _NOTICE.c.read_at.is_(None)).limit(MOST_COUNTED + 1).subquery()
    return int(session.scalar(select(func.count()).select_from(few)) or 0)


def read_feed(
    *,
    before: int | None = None,
    unread: bool = False,
    kind: str | None = None,
    group_key: str | None = None,
    limit: int = PAGE,
) -> Feed:
    """One's own notices in lines, those of one group together; with `group_key` one by one, that group's."""
    alone = cast(_NOTICE.c.id, String)
    line = alone if group_key else case((_NOTICE.c.group_key == "", alone), else_=_NOTICE.c.group_key)
    last = func.max(_NOTICE.c.id)
    grouped = select(
        last.label("last"),
        func.count().label("count"),
        func.sum(case((_NOTICE.c.read_at.is_(None), 1), else_=0)).label("unread"),
    ).where(_mine())
    if unread:
        grouped = grouped.where(_NOTICE.c.read_at.is_(None))
    if kind:
        grouped = grouped.where(_NOTICE.c.kind == kind)
    if group_key:
        grouped = grouped.where(_NOTICE.c.group_key == group_key)
    grouped = grouped.group_by(line)
    if before is not None:
        grouped = grouped.having(last < before)
    page = grouped.order_by(last.desc()).limit(limit + 1).subquery()
    rows = session.execute(
        select(_NOTICE.c.id.label("notice_id"), _NOTICE.c.group_key, page.c["count"], page.c.unread, _MESSAGE)
        .join_from(page, _NOTICE, _NOTICE.c.id == page.c.last)
        .join(_MESSAGE, _MESSAGE.c.id == _NOTICE.c.message_id)
        .order_by(_NOTICE.c.id.desc())
    ).mappings()
    found = list(rows)
    titles = read_titles({(row["entity"], row["record_id"]) for row in found[:limit] if row["entity"]})
    lines = tuple(_line(row, titles) for row in found[:limit])
    return Feed(lines, lines[-1].id if len(found) > limit else None)


def _line(row: Any, titles: Titles) -> Line:
    kind = context().notice_kinds.get(row["kind"])
    label = str(kind.label) if kind is not None else row["kind"]
    title, text = words(row, titles, label)
    record = (row["entity"], row["record_id"]) if row["entity"] else None
    is_seen = record is None or record in titles
    return Line(
        id=row["notice_id"],
        kind=row["kind"],
        label=label,
        icon=kind.icon if kind is not None else "bell",
        title=title,
        text=text,
        link=row["link"] if is_seen else None,
        record=record if is_seen else None,
        at=row["created_at"],
        urgent=row["urgent"],
        count=row["count"],
        unread=int(row["unread"]),
        group_key=row["group_key"],
    )


def words(message: Any, titles: Titles, label: str) -> tuple[str, str]:
    """(title, text) as the acting person reads them; of a record they do not see, only the kind's `label`."""
    record = ""
    if message["entity"]:
        place = (message["entity"], message["record_id"])
        if place not in titles:
            return label, _("You do not see this record any more")
        record = titles[place]
    return said(message["title"], record), said(message["text"], record)


def open_notice(notice_id: int) -> str | None:
    """Mark one's own notice, and the earlier ones of its group, as read; where it leads, None when nowhere.

    Raises `LookupError` for a notice that is not one's own.
    """
    found = _own(notice_id)
    mark_read(notice_id)
    if not found["entity"]:
        return str(found["link"]) if found["link"] else None
    record = (found["entity"], found["record_id"])
    if record not in read_titles({record}):
        return None
    return found["link"] or record_url(*record)


def mark_read(notice_id: int) -> int:
    """Mark one's own notice and the earlier ones of its group as read; how many were unread.

    Raises `LookupError` for a notice that is not one's own.
    """
    found = _own(notice_id)
    group: ColumnElement[bool] = _NOTICE.c.id == notice_id
    if found["group_key"]:
        group = and_(_NOTICE.c.group_key == found["group_key"], _NOTICE.c.id <= notice_id)
    return _mark(group)


def mark_all_read(until: int) -> int:
    """Mark one's own notices up to the one of this id as read: what came meanwhile stays unread. Returns how many."""
    return _mark(_NOTICE.c.id <= until)


def _mark(which: ColumnElement[bool]) -> int:
    with transaction() as current:
        done = update(_NOTICE).where(_mine(), which, _NOTICE.c.read_at.is_(None)).values(read_at=now())
        return int(current.connection().execute(done).rowcount)


def _own(notice_id: int) -> Any:
    statement = (
        select(_NOTICE.c.group_key, _MESSAGE)
        .join(_MESSAGE, _MESSAGE.c.id == _NOTICE.c.message_id)
        .where(_NOTICE.c.id == notice_id, _mine())
    )
    found = session.execute(statement).mappings().one_or_none()
    if found is None:
        raise LookupError(notice_id)
    return found


def _mine() -> ColumnElement[bool]:
    """The notices of whoever acts; of a person somebody else looks as, none: they are not the viewer's to read."""
    actor = current_actor()
    if actor is None or actor.user_id is None or actor.viewer:
        return false()
    return and_(_NOTICE.c.user_id == actor.user_id, _NOTICE.c.shown)


__all__ = ["PAGE", "PANEL", "Feed", "Line", "count_unread", "mark_all_read", "mark_read", "open_notice", "read_feed"]
