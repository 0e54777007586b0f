"""Before rows are written: what modules have against it, asked once for a record or a whole chunk (docs/adr/0063).

Every door that writes records of an entity asks here, after it has checked the values and inside its transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from flask_babel import gettext as _

from app.access.actors import require_actor
from app.db import session
from app.host.context import hooks
from app.types import Begun, Entity, Held, Level, Lock, Refused, Veto, Write

Answer = Veto | Held | Begun

_passing: ContextVar[bool] = ContextVar("qiao_passing", default=False)
_HELD = "held_writes"


@contextmanager
def passing() -> Iterator[None]:
    """What follows carries out what was decided already (the end of an approval): nobody is asked about it."""
    token = _passing.set(True)
    try:
        yield
    finally:
        _passing.reset(token)


def is_passing() -> bool:
    """Whether nobody is to be asked: the product itself writes, or carries out what was decided."""
    return _passing.get() or require_actor().is_system


def locks_of(entity: Entity, ids: Sequence[int]) -> dict[int, Lock]:
    """{id: what of it nobody may write at the moment}; records without a lock are not in it."""
    found: dict[int, Lock] = {}
    if not ids or is_passing():
        return found
    for _slug, ask in hooks().each("locks", entity=entity.slug, ids=ids):
        for number, lock in (ask() or {}).items():
            found.setdefault(number, lock)
    return found


def lock_of(entity: Entity, record: Any) -> Lock | None:
    """The lock of one record."""
    return locks_of(entity, [record.id]).get(record.id)


def ask(entity: Entity, act: str, writes: Sequence[Write]) -> dict[int, Answer]:
    """What stands against these writes (`act`: create, update, delete, export), by their place; others may go on."""
    if not writes or is_passing():
        return {}
    found: dict[int, Answer] = {}
    if act in ("update", "delete"):
        locks = locks_of(entity, [one.record.id for one in writes])
        for place, one in enumerate(writes) if locks else ():
            lock = locks.get(one.record.id)
            if lock is not None and (act == "delete" or any(map(lock.holds, one.values))):
                found[place] = Veto(lock.reason)
    for _slug, call in hooks().each("before_write", entity=entity.slug, act=act, writes=writes, actor=require_actor()):
        for place, answer in (call() or {}).items():
            found.setdefault(place, answer)
    for place, answer in found.items():
        if isinstance(answer, Held) and writes[place].record is not None:
            remember(entity, writes[place].record.id, answer)
    return found


def ask_one(
    entity: Entity, act: str, record: Any = None, values: Mapping[str, Any] | None = None
) -> Held | Begun | None:
    """What stands against one write; values as they are already do not count. Raises `Refused` for a veto."""
    if record is not None:
        values = {name: value for name, value in (values or {}).items() if getattr(record, name, None) != value}
        if act == "update" and not values:
            return None
    answer = ask(entity, act, [Write(record, values or {})]).get(0)
    if isinstance(answer, Veto):
        raise Refused(answer.reason)
    return answer


def ask_act(subject: str, act: str, number: int | None, title: str, payload: Mapping[str, Any]) -> Held | None:
    """What stands against an act on something that is no record: a role, the blueprint. Raises `Refused` for a veto.

    `payload` is all that is needed to do it later, as plain data; `title` is what it is called, `number` its id.
    """
    if is_passing():
        return None
    write = Write(None, {"number": number, "title": title, "payload": payload})
    for _slug, call in hooks().each("before_write", entity=subject, act=act, writes=[write], actor=require_actor()):
        answer = (call() or {}).get(0)
        if isinstance(answer, Veto):
            raise Refused(answer.reason)
        if isinstance(answer, Held):
            session().info.setdefault(_HELD, {})[subject, None] = answer
            return answer
    return None


def act_lock(subject: str, number: int) -> Lock | None:
    """What holds a thing that is no record at the moment: a role that waits for an approval."""
    for _slug, ask_locks in hooks().each("locks", entity=subject, ids=[number]):
        if (lock := (ask_locks() or {}).get(number)) is not None:
            return lock
    return None


def act_held(subject: str) -> Held | None:
    """What was opened in place of the last act on such a subject in this request; asked once."""
    found: Held | None = session().info.get(_HELD, {}).pop((subject, None), None)
    return found


def begin(entity: Entity, answer: Answer | None, record_id: int) -> Held | None:
    """Tell whoever wanted to know that the record is written, in the same transaction. Raises `Refused`."""
    if not isinstance(answer, Begun):
        return None
    held = answer.begin(record_id)
    if held is not None:
        remember(entity, record_id, held)
    return held


def remember(entity: Entity, record_id: int, held: Held) -> None:
    """Let whoever wrote the record in this request be told what stands for (a part of) it."""
    session().info.setdefault(_HELD, {})[entity.slug, record_id] = held


def held_of(entity: Entity, record_id: int) -> Held | None:
    """What the last write of the record in this request came to, if it was held or began something; asked once."""
    found: Held | None = session().info.get(_HELD, {}).pop((entity.slug, record_id), None)
    return found


def under_lock(entity: Entity, lock: Lock | None) -> Entity:
    """The entity with its locked fields only to be read."""
    if lock is None:
        return entity
    fields = (replace(f, level=min(f.level, Level.READ)) if lock.holds(f.name) else f for f in entity.fields)
    return replace(entity, fields=tuple(fields))


def refuse_locked(entity: Entity, record: Any, names: Iterable[str]) -> None:
    """For doors that write by a verb of their own: raise `Refused` when one of the fields is locked."""
    lock = lock_of(entity, record)
    if lock is not None and any(map(lock.holds, names)):
        raise Refused(lock.reason)


def in_words(held: Held) -> str:
    """What a row of a list of results says of a write that was held."""
    return _("Sent for approval: %(what)s", what=held.text)


__all__ = [
    "Answer",
    "act_held",
    "act_lock",
    "ask",
    "ask_act",
    "ask_one",
    "begin",
    "held_of",
    "in_words",
    "is_passing",
    "lock_of",
    "locks_of",
    "passing",
    "refuse_locked",
    "remember",
    "under_lock",
]
