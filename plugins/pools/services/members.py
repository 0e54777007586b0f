"""Who sees what lies in a pool and may claim it, and who gives it away: members and administrators of pools."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import ColumnElement, Select, Table, Text, and_, false, func, or_, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from app.api import UNSCOPED, Customer, Employee, Unit, entity, scope_condition, session
from app.types import Actor
from plugins.pools.models import Pool, PoolEntry, PoolMember
from plugins.pools.rules import chain

#: The permission name of the screens of what lies in pools, which every act of pools asks.
VIEW = "PoolsEntryView"

_POOL, _ENTRY, _MEMBER, _CUSTOMER = (cast(Table, model.__table__) for model in (Pool, PoolEntry, PoolMember, Customer))
#: Whether a pool keeps fields of its customers from members.
_HIDES: ColumnElement[bool] = sql_cast(_POOL.c.hidden_fields, Text) != "[]"


def units_of(actor: Actor) -> tuple[int, ...]:
    """The units an actor belongs to: those of all posts held, and the units above them."""
    paths = {actor.unit_path, *(grant.unit_path for grant in actor.grants)}
    return tuple(sorted({unit_id for path in paths for unit_id in chain(path)}))


def _named(employee_id: int | None, units: tuple[int, ...]) -> ColumnElement[bool]:
    """That a pool names this employee, or one of these units."""
    somebody = or_(_MEMBER.c.unit_id.in_(units), _MEMBER.c.employee_id == employee_id)
    return and_(_MEMBER.c.pool_id == _POOL.c.id, somebody)


def _belongs(employee_id: int | None, units: tuple[int, ...]) -> ColumnElement[bool]:
    """The active pools these units or this employee belong to. Whom a pool names are its members; administrators
    are members, too, but naming them alone leaves the others as they are."""
    mine = select(_MEMBER.c.id).where(_named(employee_id, units)).exists()
    others = select(_MEMBER.c.id).where(_MEMBER.c.pool_id == _POOL.c.id, _MEMBER.c.administers.is_(False)).exists()
    return and_(_POOL.c.active, or_(mine, and_(_POOL.c.unit_id.in_(units), ~others)))


def _administered(actor: Actor) -> ColumnElement[bool]:
    """The active pools an actor administers."""
    named = select(_MEMBER.c.id).where(_named(actor.employee_id, units_of(actor)), _MEMBER.c.administers)
    return and_(_POOL.c.active, named.exists())


def _is_member_of_any(actor: Actor) -> bool:
    return bool(units_of(actor)) and actor.can("can_list", VIEW)


def _one_of(what: Any, few: Select[Any]) -> ColumnElement[bool]:
    """`what` is among a few ids. Beside an OR, PostgreSQL uses an index for an array, not for a sub-query."""
    if session().get_bind().dialect.name == "postgresql":
        return what == func.any(func.array(few.scalar_subquery()))
    return what.in_(few)


def _in_pools(*which: ColumnElement[bool]) -> ColumnElement[bool]:
    return _one_of(_ENTRY.c.pool_id, select(_POOL.c.id).where(*which))


def pools_with(current: Session, employee_id: int) -> set[int]:
    """The active pools an employee is a member of, by the unit they work in."""
    path = select(Unit.path).join(Employee, Employee.unit_id == Unit.id).where(Employee.id == employee_id)
    units = chain(current.scalar(path.execution_options(**{UNSCOPED: True})))
    return set(current.connection().scalars(select(_POOL.c.id).where(_belongs(employee_id, units))))


def _claimable(actor: Actor) -> ColumnElement[bool]:
    return and_(_POOL.c.claimable, _belongs(actor.employee_id, units_of(actor)))


def claim_condition(actor: Actor) -> ColumnElement[bool]:
    """The entries an actor may claim."""
    return _in_pools(_claimable(actor)) if _is_member_of_any(actor) else false()


def member_condition(actor: Actor) -> ColumnElement[bool] | None:
    """The entries an actor sees as a member or administrator of pools; None for whoever can be of none."""
    if not _is_member_of_any(actor):
        return None
    return _in_pools(or_(_claimable(actor), _administered(actor)))


def customer_condition(actor: Actor) -> ColumnElement[bool] | None:
    """The customers lying in those pools, to be looked at before a claim; not of pools that hide some of them.

    A customer in a pool counts for the pool's unit, so the customers' own index on the unit narrows first.
    """
    if not _is_member_of_any(actor):
        return None
    seen = or_(and_(_claimable(actor), ~_HIDES), _administered(actor))
    lying = select(_ENTRY.c.id).where(_ENTRY.c.customer_id == _CUSTOMER.c.id, _in_pools(seen))
    return and_(
        _one_of(_CUSTOMER.c.unit_id, select(_POOL.c.unit_id).where(seen)),
        _CUSTOMER.c.owner_id.is_(None),
        lying.correlate_except(_ENTRY, _POOL, _MEMBER).exists(),
    )


def administers(actor: Actor) -> bool:
    """Whether an actor gives customers away from some pool as its administrator; one statement."""
    if not _is_member_of_any(actor):
        return False
    found = select(_POOL.c.id).where(_administered(actor)).limit(1)
    return session().connection().scalar(found) is not None


def role_condition(actor: Actor, permission: str) -> ColumnElement[bool]:
    """The entries an actor's roles let them give away: a member's view of a pool is not enough."""
    return scope_condition(entity("pools_entry"), actor, write=True) if actor.can(permission, VIEW) else false()


def giving_condition(actor: Actor, permission: str) -> ColumnElement[bool]:
    """The entries an actor may give away, by role or as an administrator of the pool."""
    own = _in_pools(_administered(actor)) if _is_member_of_any(actor) else false()
    return or_(role_condition(actor, permission), own)


__all__ = [
    "VIEW", "administers", "claim_condition", "customer_condition", "giving_condition", "member_condition",
    "pools_with", "role_condition", "units_of",
]  # fmt: skip
