"""Who is told of a message outside the product, by which ways and when: worked out once, after it was said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import case, column, func, select, table, update
from sqlalchemy.orm import Session

from app.access.models import Preference
from app.db import now
from app.host.context import context
from app.jobs.services import insert_ignoring
from app.notices.models import Delivery, Message, Notice
from app.notices.rules import MAIL, Wishes, due_moment, read_wishes, wanted_ways
from app.notices.services import CHOICES, WISHES
from app.types import NoticeKind

_MESSAGE: Any = Message.__table__
_NOTICE: Any = Notice.__table__
_DELIVERY: Any = Delivery.__table__
USER = table("ab_user", *map(column, ("id", "active", "email")))
EMPLOYEE = table("org_employee", *map(column, ("id", "user_id", "email", "mobile")))
#: Rows written at once.
BATCH = 1000


def outside_ways() -> tuple[str, ...]:
    """The ways out of the current site."""
    outgoing = context().site.outgoing
    return (*((MAIL,) if outgoing.mail is not None else ()), *sorted(outgoing.channels))


def mail_address() -> Any:
    """The address of the login of a statement over `USER` and `EMPLOYEE`: the employee's, else the login's; or NULL."""
    return func.coalesce(func.nullif(EMPLOYEE.c.email, ""), func.nullif(USER.c.email, ""))


def unplanned(current: Session) -> list[int]:
    """Some messages nobody has planned yet, oldest first."""
    waiting = select(_MESSAGE.c.id).where(_MESSAGE.c.planned_at.is_(None)).order_by(_MESSAGE.c.id).limit(20)
    return list(current.execute(waiting).scalars())


def plan(current: Session, message_id: int) -> int:
    """Write the deliveries of a message in the running transaction; how many. Done again it adds nothing."""
    message = current.execute(select(_MESSAGE).where(_MESSAGE.c.id == message_id).with_for_update()).mappings().one()
    kind = context().notice_kinds.get(message["kind"])
    count = 0
    if kind is not None:
        rows: list[dict[str, Any]] = []
        for row in _deliveries(current, message, kind):
            rows.append(row)
            if len(rows) == BATCH:
                count += _write(current, rows)
        count += _write(current, rows)
    current.execute(update(_MESSAGE).where(_MESSAGE.c.id == message_id).values(planned_at=now()))
    return count


def _write(current: Session, rows: list[dict[str, Any]]) -> int:
    if rows:
        current.connection().execute(insert_ignoring(current, _DELIVERY), rows)
    count = len(rows)
    rows.clear()
    return count


def _deliveries(current: Session, message: Any, kind: NoticeKind) -> Iterator[dict[str, Any]]:
    ways, at = outside_ways(), now()
    for row in current.execute(_readers(message)).mappings().all():
        wishes, zone = read_wishes(_read(row["wishes"])), _zone(_read(row["timezone"]))
        chosen = _read(row["chosen"])
        for way in wanted_ways(kind, chosen if isinstance(chosen, dict) else {}, ways) & set(ways):
            if way == MAIL and not row["has_mail"]:
                continue
            due = at
            if not message["urgent"]:
                asked = wishes if way == MAIL else Wishes(wishes.quiet_from, wishes.quiet_until)
                due = due_moment(at, asked, zone)
            yield {
                "notice_id": row["id"], "message_id": message["id"], "user_id": row["user_id"],
                "employee_id": row["employee_id"], "kind": message["kind"], "way": way, "state": "waiting",
                "attempts": 0, "due_at": due, "error": "", "created_at": at,
            }  # fmt: skip


def _readers(message: Any) -> Any:
    def preference(key: str) -> Any:
        own = select(Preference.value).where(Preference.user_id == _NOTICE.c.user_id, Preference.key == key)
        return own.correlate(_NOTICE).scalar_subquery()

    return (
        select(
            _NOTICE.c.id,
            _NOTICE.c.user_id,
            EMPLOYEE.c.id.label("employee_id"),
            case((mail_address().is_not(None), 1), else_=0).label("has_mail"),
            preference(CHOICES + message["kind"]).label("chosen"),
            preference(WISHES).label("wishes"),
            preference("timezone").label("timezone"),
        )
        .join_from(_NOTICE, USER, USER.c.id == _NOTICE.c.user_id)
        .outerjoin(EMPLOYEE, EMPLOYEE.c.user_id == _NOTICE.c.user_id)
        .where(_NOTICE.c.message_id == message["id"], USER.c.active)
    )


def _read(text: str | None) -> Any:
    return json.loads(text) if text else None


def _zone(name: Any) -> ZoneInfo:
    try:
        return ZoneInfo(name or context().site.timezone)
    except (ZoneInfoNotFoundError, ValueError, TypeError):
        return ZoneInfo(context().site.timezone)


__all__ = ["EMPLOYEE", "USER", "mail_address", "outside_ways", "plan", "unplanned"]
