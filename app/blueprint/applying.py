"""Applying a document: every part in its order, in one transaction, in an app of its own that nobody is served by.

That app holds the modules the document wants, so that roles and fields of a module it switches on can be read; and it
follows what has been written so far, so that a role can name a field of the same document. docs/adr/0057.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from flask import current_app, g, has_request_context
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app import create_app
from app.access.actors import require_actor
from app.blueprint.parts import PARTS, Part
from app.blueprint.rules import Change, Problem, Unfit, compare
from app.db import db, reading, session, transaction
from app.host.context import context
from app.host.counting import bump_version
from app.host.lock import lock_site
from app.host.migrations import migrating
from app.host.models import VERSION, HostState
from app.host.modules import enabled_slugs
from app.types import Refused

#: (session, what was changed, the site before, the site after).
Done = Callable[[Session, list[Change], dict[str, Any], dict[str, Any]], None]


class _Undone(Exception):
    """Ends a dry run."""


def site_parts(parts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the current app's site is like, part by part; `parts` narrows it to those named."""
    return {part.name: part.read() for part in PARTS if parts is None or part.name in parts}


def wanted_modules(parts: Mapping[str, Any]) -> set[str]:
    """The modules that will be on."""
    return {str(slug) for slug in parts["modules"]} if isinstance(parts.get("modules"), list) else enabled_slugs()


def problems_in(parts: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the data of a document, as the app that will be there reads it (`shaped`)."""
    return [problem for part in PARTS if part.name in parts for problem in part.check(parts[part.name], parts)]


@contextmanager
def shaped(parts: Mapping[str, Any]) -> Iterator[None]:
    """The app as it is, or one with the modules the document wants where they are others."""
    wanted = wanted_modules(parts)
    if wanted == enabled_slugs():
        yield
        return
    with _aside(wanted), reading():
        try:
            yield
        finally:
            session.remove()
            db.engine.dispose()


@contextmanager
def _aside(modules: set[str]) -> Iterator[None]:
    """Inside an app of its own with these modules."""
    trace = g.get("trace_id") if has_request_context() else None
    spoken = str(get_locale() or context().site.locale)
    app = create_app(context().site, only=modules)
    with app.app_context(), force_locale(spoken):
        if trace is not None:
            g.trace_id = trace
        yield


def carry_out(
    parts: Mapping[str, Any], *, dry_run: bool, unchanged: Callable[[dict[str, Any]], bool], done: Done
) -> list[Change]:
    """Make the site what `parts` say; returns what was changed.

    `unchanged` is asked under the lock whether the site is still as the person saw it; `done` writes the history in the
    same transaction. A dry run does everything and rolls it back. Raises `Unfit` with everything that is in the way;
    nothing has then changed.
    """
    wanted, outer = wanted_modules(parts), current_app._get_current_object()  # type: ignore[attr-defined]
    switches = wanted != enabled_slugs()
    session.rollback()  # SQLite: what follows needs the write lock this request may hold
    changes: list[Change] = []
    later: list[Callable[[], None]] = []
    with _aside(wanted):
        try:
            with _connection(switches) as connection:
                lock_site(connection)
                with outer.app_context(), reading():
                    before = site_parts()
                    session.remove()
                if not unchanged(before):
                    text = _("The site has changed since these differences were shown; look at them again")
                    raise Unfit([Problem((), text)])
                with _bound(connection) as current, transaction():
                    if problems := problems_in(parts):
                        raise Unfit(problems)
                    changes = _all_parts(parts)
                    done(current, changes, before, site_parts())
                    if dry_run:
                        current.flush()
                        raise _Undone
                    later = current.info.pop("after_commit", [])
            for act in later:
                act()
        except _Undone:
            pass
        finally:
            session.remove()
            db.engine.dispose()
    return changes


@contextmanager
def _connection(switches: bool) -> Iterator[sa.Connection]:
    """One transaction for everything; where modules bring migrations, it is one that can run them."""
    if switches:
        with migrating(context().site.database_url) as connection:
            yield connection
    else:
        with db.engine.begin() as connection:
            yield connection


@contextmanager
def _bound(connection: sa.Connection) -> Iterator[Session]:
    """The session of this context stands on the connection: what it commits counts only when that one commits."""
    with Session(bind=connection, expire_on_commit=False) as current:
        session.registry.set(current)  # type: ignore[arg-type]
        try:
            yield current
        finally:
            session.registry.clear()


def _all_parts(parts: Mapping[str, Any]) -> list[Change]:
    version = session.scalar(sa.select(HostState.value).where(HostState.key == VERSION)) or 0
    changes: list[Change] = []
    problems: list[Problem] = []
    for part in PARTS:
        if part.name not in parts:
            continue
        todo = compare(part.name, part.items(part.read()), part.items(parts[part.name]))
        found = [_not_allowed(part, change) for change in todo if part.lacks(require_actor(), change)]
        found += [Problem((part.name, *change.path), text) for change in todo if (text := part.barred())]
        problems += found or _one_part(part, todo)
        changes += todo
    if problems:
        raise Unfit(problems)
    for part in PARTS:
        part.settled()
    if changes:
        bump_version(session())
        # Verbs have counted, too: every process builds its app once.
        session.execute(sa.update(HostState).where(HostState.key == VERSION).values(value=version + 1))
    return changes


def _one_part(part: Part, todo: list[Change]) -> list[Problem]:
    """Apply the changes of a part; one that is refused is tried again after the others, which it may need."""
    waiting = todo
    while waiting:
        refused: list[tuple[Change, Refused]] = []
        for change in waiting:
            try:
                with session.begin_nested():
                    part.apply(change)
                    session.flush()
            except Refused as why:
                refused.append((change, why))
        if len(refused) < len(waiting):
            part.applied()
        if len(refused) in (0, len(waiting)):
            return [problem for change, why in refused for problem in _reasons(part, change, why)]
        waiting = [change for change, _why in refused]
    return []


def _not_allowed(part: Part, change: Change) -> Problem:
    return Problem((part.name, *change.path), _("You may not change this on its own screen either"))


def _reasons(part: Part, change: Change, why: Refused) -> list[Problem]:
    if not why.errors:
        return [Problem(part.where(change, ""), why.reason)]
    return [Problem(part.where(change, name), text) for name, text in why.errors.items()]
