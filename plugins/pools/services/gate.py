"""A customer lying in a pool changes hands through the pool only, so that its ledger tells the whole story."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select

from app.api import UNSCOPED, Customer, among, session, title_text
from app.types import Veto
from plugins.pools.models import Pool, PoolEntry

#: The acts of this module, which close the entry themselves.
OWN_CAUSES = "pools."
#: A customer that is being made lies nowhere yet: an import would ask for each owner of each chunk.
MADE = "create"


def lying_in_pools(customer_ids: Sequence[int], cause: str) -> Veto | None:
    """A veto naming the first customer that lies in a pool, for an assignment that goes around it."""
    if cause == MADE or cause.startswith(OWN_CAUSES):
        return None
    statement = (
        select(Customer.id, Customer.name, Pool.name.label("pool"))
        .join_from(PoolEntry, Customer, Customer.id == PoolEntry.customer_id)
        .join(Pool, Pool.id == PoolEntry.pool_id)
        .where(among(session(), PoolEntry.customer_id, customer_ids))
        .order_by(PoolEntry.customer_id)
        .limit(1)
    )
    found = session.execute(statement.execution_options(**{UNSCOPED: True})).one_or_none()
    if found is None:
        return None
    name = title_text("customer", found.name, found.id)
    return Veto(_("%(name)s lies in the pool “%(pool)s”: assign it from there", name=name, pool=found.pool))


def outside_pools() -> ColumnElement[bool]:
    """Customers that lie in no pool: what lies in one is claimed or assigned there, not by assignment rules."""
    return ~select(PoolEntry.id).where(PoolEntry.customer_id == Customer.id).exists()


__all__ = ["lying_in_pools", "outside_pools"]
