"""Which customers a rule is about, as SQL; its condition is a list's own filters as they stand in its address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, true
from werkzeug.datastructures import MultiDict

from app.access.actors import require_actor
from app.access.policy import level_of, seen_by
from app.access.scope import units_below
from app.base.views.filters import Filter, condition, is_filter_key, read_filters, sentence
from app.base.views.titles import read_titles
from app.customers.assignment.models import AssignmentRule
from app.customers.assignment.rules import Method
from app.customers.models import Customer
from app.fields.messages import message
from app.host.context import context, entity, hooks
from app.types import Kind, Level, Refused

#: Every customer a rule may take: nobody looks after them, and they are not closed.
UNOWNED = and_(Customer.owner_id.is_(None), Customer.closed_at.is_(None))


def read_condition(text: str, *, as_seen: bool = False) -> tuple[Filter, ...]:
    """The filters of a condition. Raises `Refused` (on `condition`) for one that is not understood.

    With `as_seen` only fields the actor may ask by, and linked records they see: whoever could write a rule by a
    value kept from them would learn it from what the rule takes.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=False, strict_parsing=bool(text), max_num_fields=200)
    except ValueError as error:
        raise Refused(_("This is not a condition"), field="condition") from error
    if any(not is_filter_key(key) for key, _value in pairs):
        raise Refused(_("This is not a condition"), field="condition")
    described = entity("customer")
    if as_seen:
        described = seen_by(described, require_actor())
    try:
        filters = read_filters(described, MultiDict(pairs), ZoneInfo(context().site.timezone))
    except Refused as refused:
        raise Refused("; ".join(map(str, refused.errors.values())), field="condition") from refused
    if as_seen:
        links = links_in(filters)
        for slug, number in sorted(links - set(read_titles(links))):
            raise Refused(f"{entity(slug).label}: {message('link', value=number)}", field="condition")
    return filters


def links_in(filters: Iterable[Filter]) -> set[tuple[str, int]]:
    """(entity, id) of the linked records filters name."""
    return {(one.field.target or "", value) for one in filters if one.field.kind is Kind.LINK for value in one.values}


def written(filters: Iterable[Filter]) -> str:
    """A condition as it is kept."""
    return urlencode([pair for one in filters for pair in one.pairs])


def sentences(text: str) -> list[str]:
    """A condition as people say it; of a field kept from the reader only that there is one."""
    try:
        filters = read_condition(text)
    except Refused:
        return [_("a condition that is not understood any more")]
    titles, said = read_titles(links_in(filters)), []
    for one in filters:
        readable = level_of("customer", one.field.name, require_actor()) >= Level.READ
        said.append(sentence(one, titles) if readable else _("a field you may not see"))
    return said


def taken_by(rule: AssignmentRule, top: str | None) -> ColumnElement[bool]:
    """The customers a rule takes, of those nobody looks after. Raises `Refused` for a broken condition."""
    found = condition(entity("customer"), read_condition(rule.condition))
    return found if top is None else and_(Customer.unit_id.in_(units_below(top)), found)


def understood(
    rules: Sequence[AssignmentRule], tops: Mapping[int, str | None]
) -> tuple[list[AssignmentRule], list[AssignmentRule]]:
    """(rules that can be asked, rules whose condition names a field or value that is gone: they take nobody)."""
    good, broken = [], []
    for rule in rules:
        try:
            taken_by(rule, tops[rule.id])
        except Refused:
            broken.append(rule)
        else:
            good.append(rule)
    return good, broken


def assignable() -> ColumnElement[bool]:
    """Unowned customers no module keeps from rules (a pool keeps what lies in it)."""
    return and_(UNOWNED, *(hooks().gather("assignable") or [true()]))


def value_columns(rules: Sequence[AssignmentRule]) -> list[Any]:
    """The columns of customers the rules look at: the region, and each field they go by."""
    known = entity("customer")  # a field may be out of use by now: its rules find no line
    names = {rule.by_field for rule in rules if rule.by_field and known.field(rule.by_field)} | {"region"}
    return [getattr(Customer, name).label(f"by_{name}") for name in sorted(names)]


def looked_at(rule: AssignmentRule) -> str | None:
    """The field of a customer that says which line of a rule counts."""
    return "region" if rule.method == Method.REGION else rule.by_field


__all__ = [
    "UNOWNED", "assignable", "links_in", "looked_at", "read_condition", "sentences", "taken_by", "understood",
    "value_columns", "written",
]  # fmt: skip
