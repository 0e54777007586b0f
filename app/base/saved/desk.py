"""What a person has kept of a list, read in one statement: chosen columns, the views they may open, the default."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, false, literal, or_, select, true

from app.access.actors import require_actor
from app.access.models import Preference
from app.access.preferences import preference, set_preference
from app.access.scope import UNSCOPED
from app.base.saved.models import SavedView
from app.base.saved.rules import MOST_COLUMNS, MOST_OWN, MOST_SHARED, SET_DEFAULT, VIEW, Audience, units_on
from app.db import session
from app.types import Actor

#: What a person chose instead of any default view.
WHOLE = "all"


@dataclass(frozen=True, slots=True)
class Kept:
    """A view as the list shows it. `mine` says whether it belongs to whoever looks."""

    id: int
    name: str
    audience: str
    is_default: bool
    query: str
    version: int
    owner_name: str
    mine: bool

    @property
    def is_private(self) -> bool:
        return self.audience == Audience.PRIVATE


@dataclass(frozen=True, slots=True)
class Desk:
    """The views of one list the person may open, and what they chose for themselves."""

    views: tuple[Kept, ...] = ()
    own: dict[str, Any] = field(default_factory=dict)

    def view(self, number: Any) -> Kept | None:
        """The view of that id, None when there is none or it is not for this person."""
        return next((view for view in self.views if str(view.id) == str(number)), None)

    @property
    def default(self) -> Kept | None:
        """The view that opens when nothing is asked for: the person's own choice, else the site's."""
        chosen = self.own.get("default")
        if chosen == WHOLE:
            return None
        return self.view(chosen) or next((view for view in self.views if view.is_default), None)

    @property
    def opens_whole(self) -> bool:
        """Whether the person chose that the list opens with all its records."""
        return self.own.get("default") == WHOLE

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns the person chose, in their order; none when they chose none."""
        names = self.own.get("columns")
        return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()


def key_of(slug: str) -> str:
    """The key of a person's preference about a list."""
    return f"list.{slug}"


def read_desk(slug: str) -> Desk:
    """What the acting person has kept of the list of an entity, in one statement."""
    actor = require_actor()
    kept = select(Preference.value).where(Preference.user_id == actor.user_id, Preference.key == key_of(slug))
    one = select(kept.scalar_subquery().label("own")).subquery()
    statement = (
        select(one.c.own, SavedView.id, SavedView.name, SavedView.audience, SavedView.is_default, SavedView.query,
               SavedView.version, SavedView.owner_name, SavedView.user_id)
        .select_from(one)
        .outerjoin(SavedView, and_(SavedView.entity == slug, openable(actor)))
        .order_by(SavedView.name, SavedView.id)
        .limit(MOST_OWN + MOST_SHARED)
    )  # fmt: skip
    rows = session.execute(statement.execution_options(**{UNSCOPED: True})).all()
    own = json.loads(rows[0].own) if rows and rows[0].own else {}
    views = tuple(
        Kept(row.id, row.name, row.audience, bool(row.is_default), row.query, row.version, row.owner_name,
             row.user_id == actor.user_id)
        for row in rows
        if row.id is not None
    )  # fmt: skip
    return Desk(views, own if isinstance(own, dict) else {})


def openable(actor: Actor) -> ColumnElement[bool]:
    """Which views the actor may open: their own, those for their units, their roles, and everybody's.

    Whoever sets what opens for everybody looks after all that are shared.
    """
    if actor.is_system:
        return true()
    units = units_on([actor.unit_path, *(grant.unit_path for grant in actor.grants)])
    roles = {grant.role_id for grant in actor.grants}
    return or_(
        SavedView.user_id == actor.user_id if actor.user_id is not None else false(),
        SavedView.audience != Audience.PRIVATE
        if actor.can(SET_DEFAULT, VIEW)
        else SavedView.audience == Audience.EVERYONE,
        and_(SavedView.audience == Audience.UNIT, SavedView.unit_id.in_(sorted(units))) if units else literal(False),
        and_(SavedView.audience == Audience.ROLE, SavedView.role_id.in_(sorted(roles))) if roles else literal(False),
    )


def own_columns(slug: str) -> tuple[str, ...]:
    """The columns the acting person chose for a list, where nothing else of it is read."""
    return Desk(own=_own(slug)).columns


def choose_columns(slug: str, names: list[str]) -> None:
    """Keep the acting person's columns of a list; none brings the usual ones back."""
    _keep(slug, "columns", names[:MOST_COLUMNS] or None)


def choose_default(slug: str, view: int | str | None) -> None:
    """Keep which view opens by itself: an id, `WHOLE` for none at all, None for what the site says."""
    _keep(slug, "default", view)


def _own(slug: str) -> dict[str, Any]:
    kept = preference(key_of(slug), {})
    return kept if isinstance(kept, dict) else {}


def _keep(slug: str, name: str, value: Any) -> None:
    kept = {**_own(slug), name: value}
    left = {key: one for key, one in kept.items() if one is not None}
    set_preference(key_of(slug), left or None)


__all__ = ["WHOLE", "Desk", "Kept", "choose_columns", "choose_default", "openable", "own_columns", "read_desk"]
