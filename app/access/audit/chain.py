"""The chain: each entry's hash covers the entry before it, and the head is sealed with the site's secret."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, event, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from app.access.actors import current_actor
from app.access.audit.noting import PENDING, Act, trace_id
from app.access.models import AuditEntry, AuditHead
from app.copying import JsonText
from app.db import insert_rows, now
from app.host.context import context

_head = AuditHead.__table__
_COLUMNS = (
    *("at", "user_id", "user_name", "trace_id", "id", "action", "entity", "record_id", "label"),
    *("changes", "previous", "hash"),
)
_quoted = encode_basestring
_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def entry_hash(previous: str, values: Mapping[str, Any]) -> str:
    """SHA-256 over the hash before and the entry's content in canonical JSON (keys sorted, UTC ISO times)."""
    content = [
        previous,
        values["id"],
        values["at"].isoformat(timespec="microseconds"),
        *(values[key] for key in ("user_id", "user_name", "action", "entity", "record_id", "label")),
        values["changes"],
        values["trace_id"],
    ]
    return hashlib.sha256(_canonical(content).encode("utf-8", "surrogatepass")).hexdigest()


def seal_of(last_id: int, link: str) -> str:
    """HMAC-SHA-256 of the head under the site's secret."""
    secret = f"audit:{context().site.secret}".encode()
    return hmac.new(secret, f"{last_id}:{link}".encode(), hashlib.sha256).hexdigest()


@event.listens_for(Session, "before_commit")
def _append(session: Session) -> None:
    """Chain what was gathered onto the log; the head's row lock orders concurrent writers."""
    if session.in_nested_transaction():
        return
    if session.new or session.dirty or session.deleted:
        session.flush()
    acts: list[Act] = session.info.pop(PENDING, [])
    if not acts:
        return
    connection = session.connection()
    last_id, link = _lock_head(connection)
    actor = current_actor()
    shared = {
        "at": now(),
        "user_id": actor.user_id if actor else None,
        "user_name": actor.name[:128] if actor else "",
        "trace_id": trace_id()[:40],
    }
    end = [last_id, link]
    insert_rows(session, AuditEntry.__table__, _chained(acts, shared, end), _COLUMNS)  # type: ignore[arg-type]
    _set_head(connection, *end)  # type: ignore[arg-type]


def _chained(acts: Iterable[Act], shared: Mapping[str, Any], end: list[Any]) -> Iterator[dict[str, Any]]:
    """The rows of these acts, made as they are written; `end` is [number, hash] of the entry before.

    The hash is that of `entry_hash`; the canonical text is put together from texts made once, as an import
    chains a hundred thousand entries.
    """
    who = _canonical([shared["at"].isoformat(timespec="microseconds"), shared["user_id"], shared["user_name"]])[1:-1]
    trace = _quoted(shared["trace_id"])
    last_id, link = end
    for number, act in enumerate(acts, last_id + 1):
        action, entity = act.action[:40], act.entity[:60]
        record_id, label = act.record_id[:60], act.label[:200]
        texts, order = _written(act.changes or {})
        stored = JsonText("{" + ",".join(texts) + "}")
        content = (
            f'["{link}",{number},{who},{_quoted(action)},{_quoted(entity)},'
            f"{_quoted(record_id)},{_quoted(label)},{{{','.join(order(texts))}}},{trace}]"
        )
        try:
            data = content.encode()
        except UnicodeEncodeError:  # half a character cannot be stored as it is
            data = content.encode("utf-8", "surrogatepass")
            stored = JsonText(json.dumps(dict(act.changes or {})))
        row = {
            **shared,
            "id": number,
            "action": action,
            "entity": entity,
            "record_id": record_id,
            "label": label,
            "changes": stored,
            "previous": link,
        }
        link = row["hash"] = hashlib.sha256(data).hexdigest()
        end[:] = number, link
        yield row


class Told(dict[str, list[Any]]):
    """Changes with their JSON written beforehand, while something else had to be waited for (`told`)."""

    __slots__ = ("texts",)
    texts: list[str]


def told(changes: Mapping[str, list[Any]]) -> Told:
    """These changes with their JSON; they are not to be altered any more."""
    made = Told(changes)
    made.texts = _written(changes)[0]
    return made


def _written(changes: Mapping[str, Any]) -> tuple[list[str], Callable[[list[str]], Sequence[str]]]:
    """The changes as canonical JSON each, and what puts these in canonical order."""
    names, order = _layout(tuple(changes))
    if isinstance(changes, Told):
        return changes.texts, order
    texts = [
        f"{name}[null,{_quoted(pair[1])}]" if pair[0] is None and type(pair[1]) is str else name + _canonical(pair)
        for name, pair in zip(names, changes.values(), strict=True)
    ]
    return texts, order


@lru_cache(512)
def _layout(names: tuple[str, ...]) -> tuple[list[str], Callable[[list[str]], Sequence[str]]]:
    """Names as JSON has them before a value, and the order canonical JSON has them in; many entries share one."""
    places = sorted(range(len(names)), key=names.__getitem__)
    order = itemgetter(*places) if len(places) > 1 else list
    return [f"{_quoted(name)}:" for name in names], order


def _lock_head(connection: Connection) -> tuple[int, str]:
    """(number, hash) of the last entry, held until the transaction ends."""
    statement = select(_head.c.last_id, _head.c.hash).where(_head.c.id == 1).with_for_update()
    row = connection.execute(statement).one_or_none()
    if row is None:
        # The very first entries: whoever comes second waits here for the first.
        new = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
        values = {"id": 1, "last_id": 0, "hash": "", "seal": ""}
        connection.execute(new(AuditHead).values(values).on_conflict_do_nothing())
        row = connection.execute(statement).one()
    return row.last_id, row.hash


def _set_head(connection: Connection, last_id: int, link: str) -> None:
    values = {"last_id": last_id, "hash": link, "seal": seal_of(last_id, link)}
    connection.execute(update(AuditHead).where(_head.c.id == 1).values(values))


def verify(
    session: Session, batch: int = 5000, *, sealed: bool = True, after: tuple[int, str] = (0, "")
) -> tuple[int, str]:
    """(number of entries, what is wrong or ''): walks the chain in order and compares it with the head.

    Finds an edited, deleted, inserted, reordered entry, a log cut at its end, and (when `sealed`) a chain
    written anew by someone without the site's secret. Entries appended meanwhile are walked, too. `after` is
    the (number, hash) of an entry known to be right: only what follows it is walked.
    """
    number, link = after
    missing = False
    entries = AuditEntry.__table__
    while True:
        statement = select(entries).where(entries.c.id > number).order_by(entries.c.id).limit(batch)
        rows = session.execute(statement).mappings().all()
        for row in rows:
            if row["id"] != number + 1:
                return number, _("entry %(number)s is missing", number=number + 1)
            if row["previous"] != link or row["hash"] != entry_hash(link, dict(row)):
                return number, _("entry %(number)s does not fit the chain", number=row["id"])
            link, number = row["hash"], row["id"]
        if len(rows) == batch:
            continue
        head = session.execute(select(_head.c.last_id, _head.c.hash, _head.c.seal)).one_or_none()
        if head is not None and head.last_id > number and (rows or not missing):
            missing = True  # appended since; if nothing comes, it was cut off
            continue
        return number, _judge(head, number, link, sealed)


def _judge(head: Any, number: int, link: str, sealed: bool) -> str:
    """What is wrong with the head of a chain that ends at entry `number` with the hash `link`."""
    if head is None:
        return _("the head of the log is missing") if number else ""
    if head.last_id != number:
        return _("the log ends at entry %(number)s, its head says %(last)s", number=number, last=head.last_id)
    if head.hash != link:
        return _("the head of the log does not fit its last entry")
    if sealed and number and not hmac.compare_digest(head.seal, seal_of(number, link)):
        return _("the seal is not this site's: the log was written anew, or the site's secret was changed")
    return ""


def reseal(session: Session) -> int:
    """Seal the head with the site's present secret, after the secret was changed on purpose; entries sealed.

    The caller has verified everything but the seal, and commits.
    """
    last_id, link = _lock_head(session.connection())
    _set_head(session.connection(), last_id, link)
    return last_id


def last_link(session: Session, noted: str | None = None) -> str:
    """``number:hash`` of the last entry, or of the noted one if it is still there; empty for none."""
    entries = AuditEntry.__table__
    statement = select(entries.c.id, entries.c.hash).order_by(entries.c.id.desc()).limit(1)
    if noted is not None:
        number, _colon, link = noted.partition(":")
        if not number.isdecimal():
            return ""
        statement = statement.where(entries.c.id == int(number), entries.c.hash == link.strip())
    row = session.execute(statement).one_or_none()
    return f"{row.id}:{row.hash}" if row else ""
