"""Telling people: one message, a row per reader, written with what it tells of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    column,
    false,
    insert,
    literal,
    not_,
    or_,
    select,
    table,
    true,
)
from sqlalchemy.orm import Session

from app.access.actors import acting_as, current_actor
from app.access.models import Preference
from app.db import now, transaction
from app.fields.bulk import among, as_table, insert_rows, next_ids
from app.host.context import context
from app.jobs.services import enqueue
from app.notices.models import Message, Notice
from app.notices.rules import LONGEST_GROUP, is_own_path
from app.notices.sayings import kept
from app.types import SYSTEM, NoticeKind, Text

#: A person's choices about a kind are the preference ``notices.<kind>``: {way: on or off}.
CHOICES = "notices."
#: When a person wants mails is the preference of this key: quiet hours and the time of the daily digest.
WISHES = "notices"
#: The job that tells people outside the product.
DELIVER = "notices.deliver"
#: How a choice against the way inside the product is written (`app.access.preferences` leaves no blanks).
_NOT_HERE = '%"app":false%'

SLOT_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Telling:
    """What one employee is told; title, text and link as in `notify`."""

    employee_id: int
    title: Text
    text: Text = ""
    link: str | None = None


#: People: ids, or a SELECT of them.
Readers = Collection[int] | Select[Any]

_MESSAGE: Any = Message.__table__
_NOTICE: Any = Notice.__table__
# Read as plain tables: the organisation and Flask-AppBuilder lie elsewhere.
_user = table("ab_user", column("id"), column("active"))
_employee = table("org_employee", column("id"), column("user_id"))


def notify(
    kind: str,
    title: Text,
    text: Text = "",
    *,
    employees: Readers = (),
    users: Readers = (),
    link: str | None = None,
    entity: str | None = None,
    record_id: int | None = None,
    group_key: str = "",
    urgent: bool = False,
) -> int:
    """Tell people something, in the caller's transaction; returns how many are told.

    `title` and `text` are best given lazily (``lazy_gettext("%(who)s waits", who=name)``): they are kept by message
    id and values (text, numbers, moments, days, lazy texts, `Named` records) and read in each reader's language;
    ``%(record)s`` stands for the name of the record (`entity`, `record_id`), as far as the reader may see it. Who may
    not see the record reads neither title nor text. `link` is a path of this site, else the record's page is opened.
    Notices of one `group_key` are one line. `urgent` ones wait neither for the end of quiet hours nor for the daily
    digest.

    Readers are employees with a login, or logins, that are active: a collection of ids or a SELECT of them; however
    many, it is one statement. Raises `LookupError` for a kind no part of the product declares, `ValueError` for a link
    out of the site.
    """
    values = _message(kind, title, text, link, group_key) | {
        "entity": entity if record_id is not None else None,
        "record_id": record_id if entity is not None else None,
        "urgent": urgent,
    }
    with transaction() as current:
        made = insert(_MESSAGE).values(**values).returning(_MESSAGE.c.id)
        message_id = current.connection().execute(made).scalar_one()
        readers = _readers(current, employees, users)
        return _tell(current, kind, group_key, literal(message_id), _user, readers, urgent=urgent)


def notify_each(kind: str, said: Sequence[Telling], *, group_key: str = "") -> int:
    """Tell each of several employees something of their own, as `notify` does one after the other; how many are told.

    However many, it is a handful of statements. Raises what `notify` raises.
    """
    if not said:
        return 0
    with transaction() as current:
        ids = next_ids(current, _MESSAGE, len(said))
        rows = [
            {"id": number, **_message(kind, one.title, one.text, one.link, group_key), "urgent": False}
            for number, one in zip(ids, said, strict=True)
        ]
        insert_rows(current, _MESSAGE, rows, list(rows[0]))
        pairs = [{"message_id": number, "employee_id": one.employee_id} for number, one in zip(ids, said, strict=True)]
        each = as_table(current, "said", pairs, {"message_id": BigInteger(), "employee_id": Integer()})
        source = each.join(_employee, _employee.c.id == each.c.employee_id).join(
            _user, _user.c.id == _employee.c.user_id
        )
        return _tell(current, kind, group_key, each.c.message_id, source, true())


def _message(kind: str, title: Text, text: Text, link: str | None, group_key: str) -> dict[str, Any]:
    """What is said, as a row. Raises as `notify` says."""
    if kind not in context().notice_kinds:
        raise LookupError(kind)
    if link is not None and not is_own_path(link):
        raise ValueError(f"a notice leads to a page of this site, not to {link!r}")
    if len(group_key) > LONGEST_GROUP:
        raise ValueError(f"a group key has at most {LONGEST_GROUP} characters")
    actor, moment = current_actor(), now()
    return {
        "kind": kind,
        "title": kept(title),
        "text": kept(text),
        "link": link,
        "created_by": actor.user_id if actor is not None else None,
        "created_at": moment,
        "planned_at": None if context().site.outgoing.is_on else moment,
    }


def _tell(
    current: Session, kind: str, group_key: str, message_id: Any, source: Any, readers: Any, *, urgent: bool = False
) -> int:
    """Write a row for each active login of `source` that is among the readers; how many."""
    declared = context().notice_kinds[kind]
    rows = (
        select(message_id, _user.c.id, literal(kind), literal(group_key), _is_shown(declared), literal(now()))
        .select_from(source)
        .where(readers, _user.c.active)
    )
    names = ["message_id", "user_id", "kind", "group_key", "shown", "created_at"]
    told = insert(_NOTICE).from_select(names, rows).execution_options(preserve_rowcount=True)
    count = int(current.connection().execute(told).rowcount)
    if count and context().site.outgoing.is_on:
        _send_soon(urgent)
    return count


def _send_soon(urgent: bool) -> None:
    """Ask for the job that tells people outside, shortly: what is said within some seconds goes out together."""
    slot = int(now().timestamp()) // SLOT_SECONDS
    start = now() if urgent else datetime.fromtimestamp((slot + 1) * SLOT_SECONDS, UTC)
    with acting_as(SYSTEM):
        enqueue(DELIVER, actor=SYSTEM, run_after=start, unique_key=f"{'urgent ' * urgent}{slot}")


def _readers(current: Session, employees: Readers, users: Readers) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = []
    if isinstance(users, Select) or users:
        found.append(_among(current, _user.c.id, users))
    if isinstance(employees, Select) or employees:
        theirs = _among(current, _employee.c.id, employees)
        found.append(_user.c.id.in_(select(_employee.c.user_id).where(theirs, _employee.c.user_id.is_not(None))))
    return or_(*found) if found else false()


def _among(current: Session, ids: Any, readers: Readers) -> ColumnElement[bool]:
    if isinstance(readers, Select):
        condition: ColumnElement[bool] = ids.in_(readers)
        return condition
    return among(current, ids, readers)


def _is_shown(kind: NoticeKind) -> ColumnElement[bool]:
    """Whether the login of the statement is told of this kind inside the product."""
    if kind.mandatory:
        return literal(True)
    chose = select(Preference.id).where(Preference.user_id == _user.c.id, Preference.key == CHOICES + kind.name)
    against = chose.where(Preference.value.like(_NOT_HERE)).exists()
    return not_(against) if "app" in kind.ways else chose.where(Preference.value.like('%"app":true%')).exists()


__all__ = ["CHOICES", "DELIVER", "WISHES", "Readers", "Telling", "notify", "notify_each"]
