"""Whom a person may share a view with: the units at and below their own places, the roles they hold, everybody."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, or_, select, true

from app.access.scope import UNSCOPED, scope_condition
from app.base.saved.rules import SET_DEFAULT, SHARE, VIEW, Audience
from app.base.security.roles.grants import role_labels
from app.db import session
from app.host.context import context
from app.types import Actor, Refused, Scope

#: So many units are offered.
MOST_UNITS = 300


def may_share(actor: Actor) -> bool:
    """Whether the actor may make views for a team."""
    return actor.can(SHARE, VIEW) or may_set_default(actor)


def may_set_default(actor: Actor) -> bool:
    """Whether the actor may make views for everybody, and say which opens by itself."""
    return actor.can(SET_DEFAULT, VIEW)


def units_offered(actor: Actor) -> list[tuple[int, str]]:
    """(id, name) of the units the actor may share with, from the top down."""
    unit = context().entities.get("unit")
    if unit is None or not may_share(actor):
        return []
    model = unit.model
    rows = select(model.id, model.name, model.depth).where(_places(actor, model)).order_by(model.path).limit(MOST_UNITS)
    return [
        (number, "　" * max(depth, 0) + name)
        for number, name, depth in session.execute(rows.execution_options(**{UNSCOPED: True}))
    ]


def _places(actor: Actor, model: Any) -> ColumnElement[bool]:
    """At or below a place of the actor; everywhere for whoever sees all and stands nowhere."""
    seen = scope_condition(context().entities["unit"], actor)
    if actor.is_system or may_set_default(actor) or (actor.widest("unit") is Scope.ALL and not actor.unit_path):
        return seen
    paths = {path for path in (actor.unit_path, *(grant.unit_path for grant in actor.grants)) if path}
    below = or_(*(model.path.startswith(path, autoescape=True) for path in sorted(paths))) if paths else ~true()
    return below & seen


def roles_offered(actor: Actor) -> list[tuple[int, str]]:
    """(id, name) of the roles the actor may share with: those they hold, all for whoever may set defaults."""
    if not may_share(actor):
        return []
    held = {grant.role_id for grant in actor.grants}
    return [(number, name) for number, name in role_labels().items() if may_set_default(actor) or number in held]


def refuse_audience(actor: Actor, audience: Audience, unit_id: int | None, role_id: int | None) -> None:
    """Raise `Refused` (on ``audience``) for somebody the actor may not share with."""
    if audience is Audience.PRIVATE:
        return
    if audience is Audience.EVERYONE:
        allowed = may_set_default(actor)
    elif audience is Audience.ROLE:
        allowed = role_id in {number for number, _name in roles_offered(actor)}
    else:
        allowed = may_share(actor) and unit_id is not None and _may_reach(actor, unit_id)
    if not allowed:
        raise Refused(_("You may not share views with these people"), field="audience")


def _may_reach(actor: Actor, unit_id: int) -> bool:
    unit = context().entities.get("unit")
    if unit is None:
        return False
    found = select(unit.model.id).where(unit.model.id == unit_id, _places(actor, unit.model))
    return session.scalar(found.execution_options(**{UNSCOPED: True})) is not None


__all__ = [
    "may_set_default",
    "may_share",
    "refuse_audience",
    "roles_offered",
    "units_offered",
]
