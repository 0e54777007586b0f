"""How the screens of an entity follow its layout: sections and tabs for the acting person and the record, the list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext as _

from app.access.actors import require_actor
from app.fields.layouts.describing import laid_out, layout_of, page_plan, titled, varies
from app.fields.layouts.rules import OWN, PagePlan
from app.types import Entity, Section, Tab, Text

HISTORY = "history"


@dataclass(frozen=True, slots=True)
class TabLink:
    """A tab in the row above a record's page: `own` ones hold sections."""

    name: str
    label: Text
    own: bool = False


def plan_for(entity: Entity, values: Mapping[str, Any] | Any) -> PagePlan | None:
    """The arrangement for whoever acts and a record, or the texts of a form."""
    layout = layout_of(entity.slug)
    if not layout.pages:
        return None
    value = None
    if layout.by:
        is_form = isinstance(values, Mapping)
        value = values.get(layout.by) if is_form else getattr(values, layout.by, None)
    return page_plan(layout, entity, require_actor(), value)


def shaped(entity: Entity, values: Mapping[str, Any] | Any) -> Entity:
    """The entity as its pages are arranged for whoever acts and a record, or the texts of a form."""
    return laid_out(entity, plan_for(entity, values))


def shape_of(entity: Entity, values: Mapping[str, str]) -> tuple[str, str] | None:
    """The field whose value gives the form another arrangement for whoever acts, and that value; None: nothing does."""
    layout = layout_of(entity.slug)
    return (layout.by, values.get(layout.by, "")) if varies(layout, entity, require_actor()) else None


def kept_texts(entity: Entity, form: Iterable[str], values: Mapping[str, str]) -> dict[str, str]:
    """What a new record starts with in fields its form would have, had the layout not hidden them."""
    arranged = set(form)
    plain = {name for section in entity.sections for name in section.fields}
    return {name: text for name, text in values.items() if name in plain and name not in arranged}


def reshaping() -> bool:
    """Whether a form was sent only to be arranged anew: its type was changed."""
    return bool(request.form.get("_shape"))


def sections_on(entity: Entity, tab: str) -> tuple[Section, ...]:
    """The sections on one own tab of the page; the empty name is the first tab."""
    return tuple(section for section in entity.sections if section.tab == tab)


def tabs_in_order(plan: PagePlan | None, offered: Sequence[Tab], *, history: bool) -> list[TabLink]:
    """The tabs after the first one: as arranged, the others behind them as offered, the history last."""
    found = {tab.name: TabLink(tab.name, tab.label) for tab in offered}
    if history:
        found[HISTORY] = TabLink(HISTORY, _("History"))
    if plan is None:
        return list(found.values())
    links = []
    for tab in plan.tabs:
        if tab.own:
            links.append(TabLink(OWN + tab.name, titled(tab.title), own=True))
        elif tab.name in found:
            links.append(found.pop(tab.name))
    links += found.values()
    hidden = set(plan.hidden_tabs)
    return [link for link in links if link.own or link.name not in hidden]


__all__ = [
    "HISTORY",
    "TabLink",
    "kept_texts",
    "plan_for",
    "reshaping",
    "sections_on",
    "shape_of",
    "shaped",
    "tabs_in_order",
]
