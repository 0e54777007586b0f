"""Whom somebody's rules, pools and members may be about: nobody sets anything up beyond their own role's scope."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.api import entity, find_record
from app.types import Refused
from plugins.pools.models import Pool, PoolMember, PoolRule

#: What everybody who opens its screen looks at, while writing it asks for its unit; members follow their pool.
LOOKED_AT = ("pools_rule", "pools_pool")


def settle(current: Session, record: PoolRule | Pool | PoolMember) -> None:
    """Write a record as it now stands. Raises `Refused` where its unit, or the whole bank, is beyond the actor."""
    current.flush()
    if find_record(entity(record.__tablename__), record.id, write=True) is not None:
        return
    reason = _("This is beyond what your role reaches: choose a unit within it")
    if isinstance(record, PoolRule):
        reason = _("A rule watches customers of its unit and all below: choose a unit where your role reaches them all")
    raise Refused(reason, field="pool_id" if isinstance(record, PoolMember) else "unit_id")


__all__ = ["LOOKED_AT", "settle"]
