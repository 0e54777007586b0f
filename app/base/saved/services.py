"""What people do with views: make, change, keep another state in one, remove. Each act is one transaction.

All raise `Refused` with the reason by field; the rows are audited like any record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext as _
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.access.actors import require_actor
from app.access.scope import UNSCOPED
from app.base.saved.desk import openable
from app.base.saved.models import SavedView
from app.base.saved.rules import LONGEST_NAME, LONGEST_QUERY, MOST_OWN, MOST_SHARED, Audience, clean_name
from app.base.saved.sharing import may_set_default, refuse_audience
from app.db import session, transaction
from app.types import Actor, Refused

#: Stands for the login of a view that came with a document.
NOBODY = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person says of a view besides what it shows."""

    name: str
    audience: Audience = Audience.PRIVATE
    unit_id: int | None = None
    role_id: int | None = None
    is_default: bool = False


def find_view(number: int) -> SavedView:
    """A view the actor may open. Raises `LookupError`."""
    statement = select(SavedView).where(SavedView.id == number, openable(require_actor()))
    found = session.scalar(statement.execution_options(**{UNSCOPED: True}))
    if found is None:
        raise LookupError(number)
    return found


def may_change(view: Any, actor: Actor) -> bool:
    """Whether the actor may change or remove a view: its owner, and for shared ones whoever sets those of the site."""
    mine = view.user_id == actor.user_id and actor.user_id is not None
    return actor.is_system or mine or (view.audience != Audience.PRIVATE and may_set_default(actor))


def add_view(slug: str, query: str, wish: Wish) -> SavedView:
    """A new view of the acting person. `query` is what a list's state wishes for, in the form of its address."""
    actor = require_actor()
    if actor.user_id is None or actor.viewer:
        raise Refused(_("Views belong to somebody who is logged in"))
    return _add(actor, actor.user_id, slug, query, wish)


def place_view(slug: str, query: str, wish: Wish) -> SavedView:
    """A new shared view that is nobody's own, of a document: whoever sets those of the site looks after it."""
    actor = require_actor()
    if not may_set_default(actor):
        raise Refused(_("You may not share views with these people"), field="audience")
    return _add(actor, NOBODY, slug, query, wish)


def _add(actor: Actor, owner: int, slug: str, query: str, wish: Wish) -> SavedView:
    view = SavedView(entity=slug, user_id=owner, owner_name=actor.name[:128], query=checked_query(query))
    with transaction() as current:
        _describe(current, view, wish, actor)
        current.add(view)
        _flush(current)
    return view


def change_view(view: SavedView, wish: Wish, version: int | None = None) -> None:
    """Name it anew, share it otherwise. `version` is the one the person saw."""
    actor = _may(view, version)
    with transaction() as current:
        with current.no_autoflush:
            _describe(current, view, wish, actor)
        _flush(current)


def keep_state(view: SavedView, query: str, version: int | None = None) -> None:
    """Let the view show what the list shows now."""
    _may(view, version)
    with transaction() as current:
        view.query = checked_query(query)
        _flush(current)


def remove_view(view: SavedView, version: int | None = None) -> None:
    """Remove a view, for everybody it was for."""
    _may(view, version)
    with transaction() as current:
        current.delete(view)
        _flush(current)


def checked_query(query: str) -> str:
    """The query, if it is not too long to keep."""
    if len(query) > LONGEST_QUERY:
        reason = _("This is too much for one view: at most %(count)s characters", count=LONGEST_QUERY)
        raise Refused(reason, field="query")
    return query


def query_of(pairs: list[tuple[str, str]]) -> str:
    """What a list wishes for, as it is kept."""
    return urlencode(pairs)


def _may(view: SavedView, version: int | None) -> Actor:
    actor = require_actor()
    if not may_change(view, actor):
        raise Refused(_("This view belongs to somebody else; save it as one of your own"))
    if version is not None and version != view.version:
        raise Refused(_stale())
    return actor


def _stale() -> str:
    return _("Somebody else has changed this view meanwhile; reload to see it")


def _describe(current: Session, view: SavedView, wish: Wish, actor: Actor) -> None:
    try:
        name = clean_name(wish.name)
    except ValueError:
        raise Refused(_("A name has 1 to %(count)s characters", count=LONGEST_NAME), field="name") from None
    audience = Audience.EVERYONE if wish.is_default else wish.audience
    unit = wish.unit_id if audience is Audience.UNIT else None
    role = wish.role_id if audience is Audience.ROLE else None
    if view.user_id == NOBODY and audience is Audience.PRIVATE:
        raise Refused(_("This view is nobody's own; remove it if nobody shall have it"), field="audience")
    same = (view.audience, view.unit_id, view.role_id) == (audience.value, unit, role)
    if not same:
        refuse_audience(actor, audience, unit, role)
    if wish.is_default != bool(view.is_default) and not may_set_default(actor):
        raise Refused(_("You may not choose what opens for everybody"), field="is_default")
    _refuse_more(current, view, name, audience)
    if wish.is_default and not view.is_default:
        others = update(SavedView).where(SavedView.entity == view.entity, SavedView.is_default)
        current.execute(
            others.values(is_default=False, version=SavedView.version + 1),
            execution_options={UNSCOPED: True, "synchronize_session": False},
        )
    view.name, view.audience, view.is_default = name, audience.value, wish.is_default
    view.unit_id, view.role_id = unit, role


def _refuse_more(current: Session, view: SavedView, name: str, audience: Audience) -> None:
    """Names are one's own only once in a list, and there is an end to views."""
    number = view.id or 0
    others = select(func.count()).where(SavedView.entity == view.entity, SavedView.id != number)
    own = others.where(SavedView.user_id == view.user_id)
    shared = others.where(SavedView.audience != Audience.PRIVATE)

    def count(statement: Any) -> int:
        return int(current.scalar(statement.execution_options(**{UNSCOPED: True})) or 0)

    mine = view.user_id != NOBODY
    if mine and count(own.where(SavedView.name == name)):
        raise Refused(_("You have a view of this name already"), field="name")
    if mine and count(own) >= MOST_OWN:
        raise Refused(_("At most %(count)s views of your own in one list", count=MOST_OWN))
    if audience is not Audience.PRIVATE and count(shared) >= MOST_SHARED:
        raise Refused(_("At most %(count)s shared views in one list", count=MOST_SHARED))


def _flush(current: Session) -> None:
    try:
        current.flush()
    except StaleDataError as stale:
        raise Refused(_stale()) from stale
    except IntegrityError as clash:  # another default at the same moment
        raise Refused(_stale()) from clash


__all__ = [
    "NOBODY",
    "Wish",
    "add_view",
    "change_view",
    "find_view",
    "keep_state",
    "may_change",
    "place_view",
    "query_of",
    "remove_view",
]
