"""What an admin does with layouts: keep a draft, publish it, go back. Every process soon builds its app with it.

All verbs take the version of the layout the admin saw, refuse another one (`Stale`), and are one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.scope import UNSCOPED
from app.db import now, session, transaction
from app.fields.layouts.describing import built_in_sections, needed
from app.fields.layouts.fitting import left_out
from app.fields.layouts.models import LayoutState, LayoutVersion
from app.fields.layouts.rules import EMPTY, BadLayout, Layout, layout_data, read_layout
from app.host.context import context
from app.host.counting import bump_version
from app.types import Entity, Kind, Refused

VIEW = "LayoutView"


class Stale(Refused):
    """Somebody else has changed the layout since it was opened."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the layout of an entity stands: the draft or None, what is in force, and the version for the next act."""

    state: LayoutState | None
    draft: Layout | None
    published: Layout

    @property
    def version(self) -> int:
        """The version an act must name; 0 before the first."""
        return self.state.version if self.state is not None else 0

    @property
    def working(self) -> Layout:
        """What the admin works on: the draft, else what is in force."""
        return self.published if self.draft is None else self.draft


def standing(slug: str) -> Standing:
    """How the layout of an entity stands now. Two statements."""
    state = _state(session(), slug)
    if state is None:
        return Standing(None, None, EMPTY)
    draft = read_kept(state.draft) if state.draft is not None else None
    version = _version(session(), slug, state.published)
    return Standing(state, draft, read_kept(version.document) if version is not None else EMPTY)


def standings() -> dict[str, LayoutState]:
    """The state of every entity something was arranged for, by slug."""
    rows = session.scalars(select(LayoutState).execution_options(**{UNSCOPED: True}))
    return {row.entity: row for row in rows}


def history(slug: str, limit: int = 50) -> Sequence[LayoutVersion]:
    """The published versions, the newest first."""
    statement = select(LayoutVersion).where(LayoutVersion.entity == slug).order_by(LayoutVersion.number.desc())
    return session.scalars(statement.limit(limit).execution_options(**{UNSCOPED: True})).all()


def save_draft(slug: str, layout: Layout, seen: int) -> int:
    """Keep a draft; returns the version of the layout now. Raises `Refused`, `Stale`."""
    entity = _arrangeable(slug)
    check(entity, layout)
    with _changing(slug, seen) as (_current, state):
        state.draft = _written(layout)
        state.drafted_at, state.drafted_by = now(), require_actor().name
    return state.version


def discard_draft(slug: str, seen: int) -> None:
    """Throw the draft away; what is in force stays. Raises `Stale`."""
    _arrangeable(slug)
    with _changing(slug, seen) as (_current, state):
        state.draft = state.drafted_at = state.drafted_by = None


def publish(slug: str, seen: int) -> int:
    """Put the draft in force; returns its number. Raises `Refused` where there is none, `Stale`."""
    entity = _arrangeable(slug, "can_publish")
    with _changing(slug, seen) as (current, state):
        if state.draft is None:
            raise Refused(_("There is no draft to publish"))
        layout = read_kept(state.draft)
        check(entity, layout)
        return _put_in_force(current, state, layout, None)


def bring_back(slug: str, number: int, seen: int) -> int:
    """Put an earlier version in force again, as a new one; 0 is the built-in layout. Raises `Refused`, `Stale`."""
    entity = _arrangeable(slug, "can_publish")
    with _changing(slug, seen) as (current, state):
        version = _version(current, slug, number)
        if version is None and number:
            raise Refused(_("There is no such version"))
        layout = read_kept(version.document) if version is not None else EMPTY
        check(entity, layout)
        return _put_in_force(current, state, layout, number)


def check(entity: Entity, layout: Layout) -> None:
    """Whether a layout can be in force. Raises `Refused`: a record could not be made, or it is by no choice field."""
    if layout.by:
        field = entity.field(layout.by)
        if field is not None and field.kind is not Kind.CHOICE:  # one out of use may come back
            raise Refused(_("Pages can differ by a choice field only"))
    must = needed(entity)
    for page in layout.pages:
        if names := left_out(page, must):
            field = entity.field(names[0])
            label = str(field.label) if field is not None else names[0]
            raise Refused(
                _("“%(field)s” must be filled in and has no default: without it nobody could add a record", field=label)
            )


def told(bad: BadLayout) -> str:
    """Why a document cannot be read, for a person."""
    name = bad.details.get("name", "")
    if bad.code == "twice":
        return _("“%(name)s” stands twice", name=name)
    if bad.code == "title":
        return _("A section and a tab of your own need a name")
    if bad.code == "many":
        return _("At most %(count)s of them", count=bad.details["count"])
    if bad.code == "long":
        return _("“%(text)s…” is longer than %(count)s characters", **bad.details)
    if bad.code == "tab":
        return _("There is no tab “%(name)s”", name=name)
    return _("This layout cannot be read")


def read_kept(document: str) -> Layout:
    """A layout that was kept; an empty one where its document is not understood any more."""
    try:
        return read_layout(json.loads(document))
    except (BadLayout, ValueError):
        return EMPTY


def is_arrangeable(entity: Entity) -> bool:
    """Whether an entity has pages to arrange."""
    return bool({"show", "add", "edit"} & entity.actions) and bool(built_in_sections(entity))


def _arrangeable(slug: str, permission: str = "can_edit") -> Entity:
    entity = context().entities.get(slug)
    if entity is None or not is_arrangeable(entity):
        raise Refused(_("Pages of this kind of record cannot be arranged"))
    if not require_actor().can(permission, VIEW):
        raise Refused(_("You may not arrange pages"))
    return entity


@contextmanager
def _changing(slug: str, seen: int) -> Iterator[tuple[Session, LayoutState]]:
    """The state of an entity's layout, to be changed by who saw version `seen`; committed at the end."""
    try:
        with transaction() as current:
            state = _state(current, slug)
            if (state.version if state is not None else 0) != seen:
                raise _stale(state)
            if state is None:
                state = LayoutState(entity=slug, published=0)
                current.add(state)
            yield current, state
            current.flush()
    except (StaleDataError, IntegrityError) as clash:
        raise _stale(None) from clash


def _stale(state: LayoutState | None) -> Stale:
    if state is not None and state.drafted_by:
        return Stale(_("%(name)s has changed this layout meanwhile", name=state.drafted_by))
    return Stale(_("Somebody else has changed this layout meanwhile"))


def _put_in_force(current: Session, state: LayoutState, layout: Layout, again: int | None) -> int:
    newest = select(func.max(LayoutVersion.number)).where(LayoutVersion.entity == state.entity)
    number = int(current.scalar(newest.execution_options(**{UNSCOPED: True})) or 0) + 1
    current.add(
        LayoutVersion(
            entity=state.entity, number=number, document=_written(layout), again=again,
            published_by=require_actor().name,
        )
    )  # fmt: skip
    before, state.published = state.published, number
    state.draft = state.drafted_at = state.drafted_by = None
    label = str(context().entities[state.entity].label)
    record_acts(current, [Act("publish", "layout", state.entity, label, {"version": [before, number]})])
    current.flush()
    bump_version(current)
    return number


def _written(layout: Layout) -> str:
    return json.dumps(layout_data(layout), ensure_ascii=False)


def _state(current: Session, slug: str) -> LayoutState | None:
    statement = select(LayoutState).where(LayoutState.entity == slug)
    return current.scalar(statement.execution_options(**{UNSCOPED: True}))


def _version(current: Session, slug: str, number: int) -> LayoutVersion | None:
    statement = select(LayoutVersion).where(LayoutVersion.entity == slug, LayoutVersion.number == number)
    return current.scalar(statement.execution_options(**{UNSCOPED: True}))
