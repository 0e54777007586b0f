"""Who sees what lies in a pool and may claim it, and who gives it away: members and administrators of pools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from sqlalchemy import ColumnElement, Select, Table, Text, and_, case, false, func, or_, select
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
_HIDES = sql_cast(_POOL.c.hidden_fields, Text) != "[]"


@dataclass(frozen=True, slots=True)
class Mine:
    """The pools somebody has to do with, by id: to claim from, of these those that hide nothing, to give away from."""

    claimable: tuple[int, ...] = ()
    open: tuple[int, ...] = ()
    administered: tuple[int, ...] = ()
    #: The units the open and the administered ones belong to: what lies in them counts for these.
    units: tuple[int, ...] = ()


def units_of(actor: Actor) -> tuple[int, ...]:
    """The units an actor belongs to: those of all posts held, and the units above them."""
    paths = {actor.unit_path, *(grant.unit_path for grant in actor.grants)}
    return tuple(sorted({unit_id for path in paths for unit_id in chain(path)}))


def pools_of(actor: Actor) -> Mine:
    """The pools of an actor, in one statement: nobody's without the list of what lies in pools."""
    units = units_of(actor)
    if not units or not actor.can("can_list", VIEW):
        return Mine()
    rows = session().connection().execute(_pools_of(actor.employee_id, units)).all()
    claimable = tuple(row.id for row in rows if row.claimable)
    seen = [row for row in rows if row.administers or (row.claimable and not row.hides)]
    return Mine(
        claimable,
        tuple(row.id for row in rows if row.claimable and not row.hides),
        tuple(row.id for row in rows if row.administers),
        tuple(sorted({row.unit_id for row in seen})),
    )


def _pools_of(employee_id: int | None, units: tuple[int, ...]) -> Select[tuple[int, int, bool, bool, bool]]:
    """The active pools these units or this employee belong to. Whom a pool names are its members; administrators
    are members, too, but naming them alone leaves the others as they are."""
    named = or_(_MEMBER.c.unit_id.in_(units), _MEMBER.c.employee_id == employee_id)
    rows = select(_MEMBER.c.pool_id, func.max(case((_MEMBER.c.administers, 1), else_=0)).label("administers"))
    mine = rows.where(named).group_by(_MEMBER.c.pool_id).subquery("mine")
    others = select(_MEMBER.c.id).where(_MEMBER.c.pool_id == _POOL.c.id, _MEMBER.c.administers.is_(False)).exists()
    belongs = or_(mine.c.pool_id.is_not(None), and_(_POOL.c.unit_id.in_(units), ~others))
    columns = (_POOL.c.id, _POOL.c.unit_id, _POOL.c.claimable, _HIDES.label("hides"))
    found = select(*columns, (func.coalesce(mine.c.administers, 0) == 1).label("administers"))
    return found.outerjoin(mine, mine.c.pool_id == _POOL.c.id).where(_POOL.c.active, belongs)


def pools_with(current: Session, employee_id: int) -> set[int]:
    """The active pools an employee is a member of, by the unit they work in."""
    path = select(Unit.path).join(Employee, Employee.unit_id == Unit.id).where(Employee.id == employee_id)
    units = chain(current.scalar(path.execution_options(**{UNSCOPED: True})))
    return {row.id for row in current.connection().execute(_pools_of(employee_id, units))}


def claim_condition(actor: Actor) -> ColumnElement[bool]:
    """The entries an actor may claim."""
    return _ENTRY.c.pool_id.in_(pools_of(actor).claimable)


def member_condition(actor: Actor) -> ColumnElement[bool] | None:
    """The entries an actor sees as a member or administrator of pools; None for whoever is of none."""
    mine = pools_of(actor)
    pools = sorted({*mine.claimable, *mine.administered})
    return _ENTRY.c.pool_id.in_(pools) if pools else None


def customer_condition(actor: Actor) -> ColumnElement[bool] | None:
    """The customers lying in those pools, to be looked at before a claim; not of pools that hide some of them.

    A customer in a pool counts for the pool's unit, so the customers' own index on the unit narrows first.
    """
    mine = pools_of(actor)
    pools = sorted({*mine.open, *mine.administered})
    if not pools:
        return None
    lying = select(_ENTRY.c.id).where(_ENTRY.c.customer_id == _CUSTOMER.c.id, _ENTRY.c.pool_id.in_(pools))
    return and_(
        _CUSTOMER.c.unit_id.in_(mine.units),
        _CUSTOMER.c.owner_id.is_(None),
        lying.correlate_except(_ENTRY).exists(),
    )


def administers(actor: Actor) -> bool:
    """Whether an actor gives customers away from some pool as its administrator."""
    return bool(pools_of(actor).administered)


def role_condition(actor: Actor, permission: str) -> ColumnElement[bool]:
    """The entries an actor's roles let them give away: a member's view of a pool is not enough."""
    return scope_condition(entity("pools_entry"), actor, write=True) if actor.can(permission, VIEW) else false()


def giving_condition(actor: Actor, permission: str) -> ColumnElement[bool]:
    """The entries an actor may give away, by role or as an administrator of the pool."""
    return or_(role_condition(actor, permission), _ENTRY.c.pool_id.in_(pools_of(actor).administered))


__all__ = [
    "Mine", "VIEW", "administers", "claim_condition", "customer_condition", "giving_condition", "member_condition",
    "pools_of", "pools_with", "role_condition", "units_of",
]  # fmt: skip
