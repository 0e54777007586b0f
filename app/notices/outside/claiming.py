"""Taking what is due for sending, and writing down what became of it: each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from app.db import now
from app.fields.bulk import among
from app.notices.models import Delivery, Message, Notice
from app.notices.rules import MAIL, pause

_DELIVERY: Any = Delivery.__table__
_MESSAGE: Any = Message.__table__
_NOTICE: Any = Notice.__table__
#: Whoever is sending for longer is gone.
LEASE = timedelta(minutes=15)
#: Mails taken at once; rows looked at for one post of a robot; messages in one post.
MAILS, ROWS, MESSAGES = 20, 500, 10
LONGEST_ERROR = 500
OPEN = ("waiting", "sending", "failed")


@dataclass(frozen=True, slots=True)
class Claimed:
    """Deliveries that go out together: {id: attempts}, and when they were taken."""

    rows: dict[int, int]
    user_id: int
    at: datetime

    @property
    def ids(self) -> list[int]:
        return sorted(self.rows)


def drop_read(current: Session) -> int:
    """Forget the waiting mails whose notice has been read in the product meanwhile; how many."""
    was_read = select(_NOTICE.c.id).where(_NOTICE.c.id == _DELIVERY.c.notice_id, _NOTICE.c.read_at.is_not(None))
    due = (_DELIVERY.c.way == MAIL, _DELIVERY.c.state == "waiting", _DELIVERY.c.due_at <= now())
    return int(current.connection().execute(delete(_DELIVERY).where(*due, was_read.exists())).rowcount)


def claim_mails(current: Session) -> list[Claimed]:
    """Take the due mails of some people: all of a person's are one mail.

    What a worker had taken that is gone goes out again as the same mail, with the same Message-ID.
    """
    lost = _rows(current, and_(_DELIVERY.c.state == "sending", _DELIVERY.c.tried_at < now() - LEASE), MAIL)
    parts = [list(rows) for _key, rows in groupby(lost, key=lambda row: (row.user_id, row.tried_at))]
    if not parts:
        due = sorted(_rows(current, _is_due(), MAIL), key=lambda row: row.user_id)
        parts = [list(rows) for _user, rows in groupby(due, key=lambda row: row.user_id)]
    # each its own moment, by which it is known again
    return [_take(current, rows, now() + timedelta(microseconds=n)) for n, rows in enumerate(parts[:MAILS])]


def claim_post(current: Session, way: str) -> Claimed | None:
    """Take what is due of a robot: the deliveries of a few messages, which are one post; None when nothing is."""
    rows = _rows(current, _is_due(), way)
    messages = list(dict.fromkeys(row.message_id for row in rows))[:MESSAGES]
    wanted = [row for row in rows if row.message_id in messages]
    return _take(current, wanted, now()) if wanted else None


def set_aside_lost(current: Session, way: str) -> int:
    """A post nobody knows the end of is not said twice in a group: it is left to an administrator. How many."""
    lost = (_DELIVERY.c.way == way, _DELIVERY.c.state == "sending", _DELIVERY.c.tried_at < now() - LEASE)
    why = _("The worker ended while it was sending: it may have gone out")
    return int(current.connection().execute(update(_DELIVERY).where(*lost).values(state="unknown", error=why)).rowcount)


def note_sent(current: Session, claimed: Claimed) -> None:
    """The deliveries went out."""
    _note(current, claimed, claimed.ids, state="sent", sent_at=now(), error="")


def note_unsure(current: Session, claimed: Claimed, why: str) -> None:
    """Nobody knows whether they went out."""
    _note(current, claimed, claimed.ids, state="unknown", error=why[:LONGEST_ERROR])


def note_failed(current: Session, claimed: Claimed, why: str, *, for_good: bool = False) -> None:
    """They did not go out: tried again after a pause that grows, or given up."""
    for attempts in sorted(set(claimed.rows.values())):
        ids = [number for number, tried in claimed.rows.items() if tried == attempts]
        wait = None if for_good else pause(attempts)
        values: dict[str, Any] = {"state": "given_up"} if wait is None else {"state": "failed", "due_at": now() + wait}
        _note(current, claimed, ids, error=why[:LONGEST_ERROR], **values)


def next_due(current: Session, ways: Sequence[str]) -> datetime | None:
    """When there is something to do again: a delivery is due, or a lease is over; None when nothing waits."""
    is_open = (_DELIVERY.c.way.in_(ways), _DELIVERY.c.state.in_(OPEN))
    sending = _DELIVERY.c.state == "sending"
    due = select(func.min(_DELIVERY.c.due_at)).where(*is_open, ~sending)
    taken = select(func.min(_DELIVERY.c.tried_at)).where(*is_open, sending)
    waits, began = current.execute(due).scalar(), current.execute(taken).scalar()
    return min((at for at in (waits, began and began + LEASE) if at is not None), default=None)


def messages_of(current: Session, ids: Collection[int]) -> list[Any]:
    """What the deliveries say, once per notice, oldest first: the message with `notice_id` and `user_id`."""
    said = (
        select(_DELIVERY.c.notice_id, _DELIVERY.c.user_id.label("reader_id"), _MESSAGE)
        .join_from(_DELIVERY, _MESSAGE, _MESSAGE.c.id == _DELIVERY.c.message_id)
        .where(among(current, _DELIVERY.c.id, list(ids)))
        .order_by(_MESSAGE.c.id, _DELIVERY.c.id)
    )
    return list(current.execute(said).mappings())


def _is_due() -> Any:
    return and_(or_(_DELIVERY.c.state == "waiting", _DELIVERY.c.state == "failed"), _DELIVERY.c.due_at <= now())


def _rows(current: Session, which: Any, way: str) -> list[Any]:
    found = select(_DELIVERY.c.id, _DELIVERY.c.user_id, _DELIVERY.c.message_id, _DELIVERY.c.attempts,
                   _DELIVERY.c.tried_at)  # fmt: skip
    found = found.where(_DELIVERY.c.way == way, _DELIVERY.c.state.in_(OPEN), which)
    found = found.order_by(_DELIVERY.c.user_id if way == MAIL else _DELIVERY.c.message_id, _DELIVERY.c.tried_at)
    return list(current.execute(found.order_by(_DELIVERY.c.id).limit(ROWS).with_for_update(skip_locked=True)))


def _take(current: Session, rows: Iterable[Any], at: datetime) -> Claimed:
    taken = list(rows)
    ids = [row.id for row in taken]
    claim = {"state": "sending", "tried_at": at, "attempts": _DELIVERY.c.attempts + 1}
    current.execute(update(_DELIVERY).where(among(current, _DELIVERY.c.id, ids)).values(**claim))
    return Claimed({row.id: row.attempts + 1 for row in taken}, taken[0].user_id, at)


def _note(current: Session, claimed: Claimed, ids: list[int], **values: Any) -> None:
    """Only what is still ours: somebody else may have taken it up after our lease."""
    mine = (among(current, _DELIVERY.c.id, ids), _DELIVERY.c.state == "sending", _DELIVERY.c.tried_at == claimed.at)
    current.execute(update(_DELIVERY).where(*mine).values(**values))
