"""A list's conditions kept as a text (a rule's, say): built on screen, checked, said, and asked again later."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, true

from app.access.actors import require_actor
from app.access.policy import level_of, seen_by
from app.base.views.filters import Filter, sentence
from app.base.views.grouping import pairs_of
from app.base.views.groups import Branch, branch_condition, branch_sentence, read_where, tree, write_where
from app.base.views.lists import filter_inputs
from app.base.views.titles import read_titles
from app.host.context import context, entity
from app.types import Entity, Kind, Level, Refused


def condition_of(slug: str, text: str) -> ColumnElement[bool]:
    """The records a kept text (``where=`` as it stands in a list's address) finds, as SQL; all for an empty one.

    Raises `Refused` (on ``where``) for one that is not, or no longer, understood: a field that is gone, say.
    """
    branch = _read(_stored(slug), text)
    return true() if branch is None else branch_condition(entity(slug), branch)


def check_condition(slug: str, text: str, field: str) -> str:
    """The text as it is kept. Raises `Refused` on `field` for one that is not understood by whoever acts.

    Only fields the actor may ask by and linked records they see: whoever could write a rule by a value kept from them
    would learn it from what the rule takes.
    """
    try:
        branch = _read(seen_by(_stored(slug), require_actor()), text)
    except Refused as refused:
        raise Refused("; ".join(map(str, refused.errors.values())), field=field) from refused
    if branch is None:
        return ""
    links = _links(branch)
    if links - set(read_titles(links)):
        raise Refused(_("It names a record you cannot see"), field=field)
    return write_where(branch)


def condition_text(slug: str, text: str) -> str:
    """The condition as people say it, empty for an empty one; of a field kept from the reader that there is one."""
    try:
        branch = _read(_stored(slug), text)
    except Refused:
        return _("a condition that is not understood any more")
    if branch is None:
        return ""
    titles = read_titles(_links(branch))

    def say(one: Filter) -> str:
        readable = level_of(slug, one.field.name, require_actor()) >= Level.READ
        return sentence(one, titles) if readable else _("a field you may not see")

    return branch_sentence(branch, say)


def condition_as_seen(slug: str, text: str, exactly: bool) -> str | None:
    """A field's `said`: a condition in words, or the text itself, None where it names what the actor may not see."""
    if not exactly:
        return condition_text(slug, text)
    try:
        return check_condition(slug, text, "where")
    except Refused:
        return None


def condition_builder(slug: str, text: str) -> dict[str, Any] | None:
    """What ``entity/filter_groups.html`` builds the condition from; None for one the actor may not change."""
    seen = seen_by(_stored(slug), require_actor())
    try:
        branch = _read(seen, text)
    except Refused:
        return None
    titles = read_titles(_links(branch)) if branch is not None else {}
    return {
        "filters": filter_inputs(seen, (), {}),
        "group_tree": tree(branch, titles) if branch is not None else None,
        "group_line": write_where(branch) if branch is not None else "",
        "choice_pairs": pairs_of,
    }


def _stored(slug: str) -> Entity:
    """The entity with the fields of its own: what modules add to it may follow from the very rules that ask."""
    found = entity(slug)
    return replace(found, fields=tuple(field for field in found.fields if field.expression is None))


def _read(described: Entity, text: str) -> Branch | None:
    return read_where(described, [text], ZoneInfo(context().site.timezone))


def _links(branch: Branch) -> set[tuple[str, int]]:
    linked = (one for one in branch.leaves if one.field.kind is Kind.LINK)
    return {(one.field.target or "", value) for one in linked for value in one.values}


__all__ = ["check_condition", "condition_as_seen", "condition_builder", "condition_of", "condition_text"]
