"""Which arrangement counts for somebody, fitting it to the fields there are, and putting one into a layout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from app.fields.layouts.rules import Layout, ListPlan, PagePlan, SectionPlan


def page_for(layout: Layout, roles: Iterable[str], value: str | None) -> PagePlan | None:
    """The arrangement of form and page that counts; None for the built-in one.

    Role and type before role, role before type, type before everybody's; among a person's roles the one that stands
    first in the layout's order.
    """
    held = in_order(layout, roles)
    wanted: list[tuple[str | None, str | None]] = [(role, value) for role in held if value]
    wanted += [(role, None) for role in held]
    wanted += [(None, value), (None, None)]
    known = {(page.role, page.value): page for page in layout.pages}
    return next((known[key] for key in wanted if key in known), None)


def list_for(layout: Layout, roles: Iterable[str]) -> ListPlan | None:
    """The arrangement of the list that counts: the first of the person's roles that has one, else everybody's."""
    known = {one.role: one for one in layout.lists}
    wanted: list[str | None] = [*in_order(layout, roles), None]
    return next((known[role] for role in wanted if role in known), None)


def in_order(layout: Layout, roles: Iterable[str]) -> list[str]:
    """A person's roles the layout knows, the most important one first."""
    held = set(roles)
    return [role for role in layout.roles if role in held]


def fitted(
    plan: PagePlan, built_in: Sequence[tuple[Sequence[str], Sequence[str]]], known: Iterable[str], must: Iterable[str]
) -> tuple[SectionPlan, ...]:
    """The sections of an arrangement with the fields there are now.

    `built_in` are the sections without any layout, each (its names, its fields). Fields the arrangement neither places
    nor hides stand at the end of the section they are built in, which comes last where the arrangement has none of its
    names. Fields in `must` are never hidden; names nobody knows are left out, and so are sections with nothing in them.
    """
    there, kept = set(known), set(must)
    placed = {name for section in plan.sections for name in section.fields}
    settled = placed | (set(plan.hidden) - kept)
    sections = [replace(one, fields=tuple(name for name in one.fields if name in there)) for one in plan.sections]
    for names, fields in built_in:
        rest = tuple(name for name in fields if name not in settled and name in there)
        if not rest:
            continue
        home = next((n for n, one in enumerate(sections) if {one.of, one.title.zh, one.title.en} & set(names)), None)
        if home is None:
            sections.append(SectionPlan(of=names[0], fields=rest))
        else:
            sections[home] = replace(sections[home], fields=(*sections[home].fields, *rest))
    return tuple(section for section in sections if section.fields)


def left_out(plan: PagePlan, must: Iterable[str]) -> list[str]:
    """The fields an arrangement hides although nobody could then make a record: required, without a default."""
    wanted = set(must)
    return [name for name in plan.hidden if name in wanted]


def settled(layout: Layout) -> Layout:
    """The layout without a field to differ by where nothing differs by it."""
    return layout if any(page.value is not None for page in layout.pages) else replace(layout, by="")


def with_page(layout: Layout, page: PagePlan) -> Layout:
    """The layout with this arrangement in place of the one for the same role and value."""
    others = tuple(one for one in layout.pages if (one.role, one.value) != (page.role, page.value))
    return _with_role(replace(layout, pages=(*others, page)), page.role)


def with_list(layout: Layout, made: ListPlan) -> Layout:
    """The layout with this arrangement of the list in place of the one for the same role."""
    others = tuple(one for one in layout.lists if one.role != made.role)
    return _with_role(replace(layout, lists=(*others, made)), made.role)


def without_page(layout: Layout, role: str | None, value: str | None) -> Layout:
    """The layout without the arrangement for this role and value."""
    return replace(layout, pages=tuple(one for one in layout.pages if (one.role, one.value) != (role, value)))


def without_list(layout: Layout, role: str | None) -> Layout:
    """The layout without the arrangement of the list for this role."""
    return replace(layout, lists=tuple(one for one in layout.lists if one.role != role))


def _with_role(layout: Layout, role: str | None) -> Layout:
    if role is None or role in layout.roles:
        return layout
    return replace(layout, roles=(*layout.roles, role))
