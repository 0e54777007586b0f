"""How much an actor may give others: what they hold, and what a role delegated to theirs holds (docs/adr/0043).

The second part never reaches the actor: neither their own login, nor a second post of theirs, nor a role they hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import select

from app.access.actors import ADMIN_ROLE
from app.access.held import levels_of, roles_held
from app.access.models import Delegation, RoleVersion
from app.db import session
from app.host.context import context
from app.types import Actor, Grant

Pair = tuple[str, str]
#: FAB's role for guests, which is never given.
PUBLIC_ROLE = "Public"


def is_administrator(actor: Actor) -> bool:
    """Whether the actor holds the role that holds everything."""
    return actor.is_system or any(grant.role == ADMIN_ROLE for grant in actor.grants)


def power_to_give(actor: Actor) -> Actor:
    """The actor with everything they may give to others, in at most six statements.

    Only to be asked what may be given, never to act as.
    """
    if is_administrator(actor):
        return actor
    own = {grant.role_id for grant in actor.grants}
    given = set(session.scalars(select(Delegation.given_id).where(Delegation.role_id.in_(own)))) - own
    token = session.scalar(select(RoleVersion.token)) if given else None
    if token is None:
        return actor
    held = roles_held(token, own | given)
    also = {i: role for i, role in held.items() if i in given and role.name not in (ADMIN_ROLE, PUBLIC_ROLE)}
    pairs = frozenset().union(*(role.permissions for role in also.values()))
    return replace(
        actor,
        grants=(*actor.grants, *(Grant(i, role.name, None, None, role.scopes) for i, role in also.items())),
        permissions=actor.permissions | (pairs - offices(pairs)),
        fields=levels_of(token, {i: role for i, role in held.items() if i in own or i in also}),
    )


def power_over(actor: Actor, role_id: int) -> Actor:
    """What the actor may put into a role: no more than they hold if the role is one of their own."""
    return actor if any(grant.role_id == role_id for grant in actor.grants) else power_to_give(actor)


def offices(pairs: Iterable[Pair]) -> frozenset[Pair]:
    """Those of the permissions that are an administrator's: on screens only administrators' templates name."""
    templates = context().role_templates.values()
    views = {view for template in templates if template.administers for view in template.permissions}
    views -= {view for template in templates if not template.administers for view in template.permissions}
    return frozenset(pair for pair in pairs if pair[1] in views)


def lacks_office(actor: Actor, pairs: Iterable[Pair]) -> bool:
    """Whether these permissions hold an administrator's that the actor does not."""
    return not is_administrator(actor) and not offices(pairs) <= actor.permissions
