"""Locks after failed attempts, per login name and per address, the same whether a login of that name exists or not."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.access.signin.models import Lock
from app.access.signin.rules import Tally, after_failure, network_of, seconds_locked
from app.access.signin.settings import LOCK_ADDRESS_AFTER, LOCK_AFTER, LOCK_MINUTES
from app.db import now, session, transaction
from app.host.context import context
from app.host.settings import setting

#: Tallies nobody has added to for this long are forgotten (longer than any lock).
FORGOTTEN = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class LockedAddress:
    """An address that is locked, and until when."""

    address: str
    until: datetime


def name_key(name: str) -> str:
    """Under which the failures of a login name are counted; names differ by more than case and blanks."""
    return "login:" + _mac(name.strip().lower())


def address_key(address: str) -> str:
    """Under which the failures from a network address are counted."""
    return "address:" + _mac(network_of(address))


def _mac(text: str) -> str:
    return hmac.new(
        f"lock:{context().site.secret}".encode(), text.encode("utf-8", "replace"), hashlib.sha256
    ).hexdigest()


def seconds_to_wait(name: str, address: str) -> int:
    """How long nobody may try this name, or anything from this address; 0 when they may."""
    keys = (name_key(name), address_key(address))
    moments = session.scalars(select(Lock.locked_until).where(Lock.key.in_(keys))).all()
    return max((seconds_locked(until, now()) for until in moments), default=0)


def count_failure(name: str, address: str) -> tuple[bool, bool]:
    """Count one failed attempt; returns (this locked the name, this locked the address)."""
    minutes = setting(LOCK_MINUTES)
    with transaction() as current:
        current.execute(delete(Lock).where(Lock.since < now() - FORGOTTEN))
        by_name = _count(name_key(name), "", setting(LOCK_AFTER), minutes)
        return by_name, _count(address_key(address), network_of(address), setting(LOCK_ADDRESS_AFTER), minutes)


def _count(key: str, address: str, most: int, minutes: int) -> bool:
    """Add one failure to a tally, which is locked meanwhile; returns whether that locks it."""
    row = _locked_row(key)
    if row is None:
        try:
            with session.begin_nested():
                session.execute(insert(Lock).values(key=key, address=address, failures=0, since=now()))
        except IntegrityError:  # somebody else's first failure came between
            pass
        row = _locked_row(key)
    tally = Tally(row.failures, row.since, row.locked_until) if row is not None else None
    after = after_failure(tally, now(), most, minutes)
    session.execute(
        update(Lock)
        .where(Lock.key == key)
        .values(failures=after.failures, since=after.since, locked_until=after.locked_until)
    )
    before = tally.locked_until if tally is not None else None
    return after.locked_until is not None and after.locked_until != before


def _locked_row(key: str) -> Lock | None:
    statement = select(Lock).where(Lock.key == key).with_for_update()
    return session.scalar(statement.execution_options(populate_existing=True))


def forget_failures(name: str) -> bool:
    """Begin to count anew for a login name (it got in, or an administrator unlocks it); whether it was locked."""
    return _forget(name_key(name))


def unlock_address(address: str) -> bool:
    """Let an address try again; whether it was locked."""
    return _forget(address_key(address))


def _forget(key: str) -> bool:
    with transaction() as current:
        until = current.scalar(select(Lock.locked_until).where(Lock.key == key))
        current.execute(delete(Lock).where(Lock.key == key))
    return seconds_locked(until, now()) > 0


def locked_until(name: str) -> datetime | None:
    """Until when a login name is locked; None when it is not."""
    until = session.scalar(select(Lock.locked_until).where(Lock.key == name_key(name)))
    return until if seconds_locked(until, now()) else None


def locked_addresses() -> list[LockedAddress]:
    """The addresses locked now, at most 100."""
    rows = session.execute(
        select(Lock.address, Lock.locked_until)
        .where(Lock.locked_until > now(), Lock.address != "")
        .order_by(Lock.locked_until.desc())
        .limit(100)
    )
    return [LockedAddress(address, until) for address, until in rows if until is not None]
