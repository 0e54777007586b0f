"""What the editor shows of a layout, and what it sends: one arrangement at a time, for a role and a type."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import column, select, table
from werkzeug.datastructures import MultiDict

from app.base.security.roles.grants import role_labels
from app.base.views.cells import zone
from app.base.views.filters import is_filter_key
from app.base.views.shapes import HISTORY
from app.base.views.state import read_state
from app.db import session
from app.fields.layouts.describing import built_in_sections, names_of, needed, section_label
from app.fields.layouts.fitting import fitted, list_for, page_for
from app.fields.layouts.rules import BadLayout, Layout, ListPlan, PagePlan, SectionPlan, TabPlan, Title, read_page
from app.fields.layouts.services import told
from app.host.context import hooks
from app.types import SYSTEM, Choice, Entity, Field, Kind, Refused, Section, Tab

# FAB's own table, read here as a plain table.
_role = table("ab_role", column("id"), column("name"))


@dataclass(frozen=True, slots=True)
class Role:
    """A role as a layout names it, with its name in the language shown."""

    id: int
    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Target:
    """For whom an arrangement is: a role or everybody, a type or every type."""

    role: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class SectionForm:
    """A section in the editor: what it is called without a title of its own, and its fields."""

    plan: SectionPlan
    built_in: str
    #: The built-in name in Chinese and in English.
    names: Title
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class TabForm:
    """A tab in the editor."""

    plan: TabPlan
    label: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class PageForm:
    """The form of one arrangement of form and page. `own` says whether there is one for this very target."""

    sections: tuple[SectionForm, ...]
    pool: tuple[Field, ...]
    tabs: tuple[TabForm, ...]
    must: frozenset[str]
    own: bool
    #: Where it comes from when it is not its own: a target, or None for the built-in arrangement.
    follows: Target | None


def roles_there() -> list[Role]:
    """Every role of the site."""
    labels = role_labels()
    rows = session.execute(select(_role.c.id, _role.c.name).order_by(_role.c.id)).all()
    return [Role(role_id, name, labels.get(role_id, name)) for role_id, name in rows if name != "Public"]


def types_of(entity: Entity, layout: Layout) -> Sequence[Choice]:
    """The values of the field the layout differs by."""
    field = entity.field(layout.by) if layout.by else None
    return field.choices if field is not None else ()


def choice_fields(entity: Entity) -> list[Field]:
    """The fields pages can differ by."""
    return [field for field in entity.fields if field.kind is Kind.CHOICE and field.choices]


def page_form(entity: Entity, layout: Layout, target: Target) -> PageForm:
    """The form for a target: its own arrangement, else what it follows now."""
    held = [target.role] if target.role else []
    plan = page_for(layout, held, target.value)
    own = plan is not None and (plan.role, plan.value) == (target.role, target.value)
    built_in = built_in_sections(entity)
    known = {field.name: field for field in entity.fields}
    must = frozenset(needed(entity))
    parts = [(names_of(section), section.fields) for section in built_in]
    there = fitted(plan or PagePlan(), parts, known, must)
    shown = [SectionForm(one, *_called(one, built_in), tuple(known[name] for name in one.fields)) for one in there]
    placed = {name for one in there for name in one.fields}
    inside = {name for section in built_in for name in section.fields}
    pool = tuple(field for field in entity.fields if field.name not in placed and field.name in inside)
    pool += tuple(field for field in entity.fields if field.name not in placed and field.name not in inside)
    follows = Target(plan.role, plan.value) if plan is not None and not own else None
    return PageForm(tuple(shown), pool, _tabs(entity, plan), must, own, follows)


def _called(one: SectionPlan, built_in: Sequence[Section]) -> tuple[str, Title]:
    """What a built-in section is called in the language shown, and in both; nothing for one of the admin's own."""
    if not one.of:
        return "", Title()
    label = section_label(replace(one, title=Title()), built_in)
    said = []
    for locale in ("zh", "en"):
        with force_locale(locale):
            said.append(str(label))
    return str(label), Title(*said)


def differing_by(entity: Entity, layout: Layout, asked: str | None) -> Layout:
    """The layout with the field its pages can differ by while it is arranged: fixed once an arrangement is by type.

    Without a wish it is the first choice a record must have: the type of a customer.
    """
    if any(page.value is not None for page in layout.pages):
        return layout
    fields = choice_fields(entity)
    usual = next((field.name for field in fields if field.required), "")
    by = asked if asked is not None and asked in {field.name for field in fields} else usual
    return replace(layout, by=by)


def _tabs(entity: Entity, plan: PagePlan | None) -> tuple[TabForm, ...]:
    offered: list[Tab] = hooks().render("record_tabs", entity=entity.slug, actor=SYSTEM)
    labels = {tab.name: str(tab.label) for tab in sorted(offered, key=lambda tab: tab.order)}
    if entity.audited:
        labels[HISTORY] = _("History")
    hidden = set(plan.hidden_tabs) if plan is not None else set()
    tabs = []
    for tab in plan.tabs if plan is not None else ():
        if tab.own:
            tabs.append(TabForm(tab, "", False))
        elif tab.name in labels:
            tabs.append(TabForm(tab, labels.pop(tab.name), tab.name in hidden))
    tabs += [TabForm(TabPlan(name), label, name in hidden) for name, label in labels.items()]
    return tuple(tabs)


def posted_page(target: Target, text: str) -> PagePlan:
    """The arrangement of form and page the editor sent. Raises `Refused`."""
    try:
        given = json.loads(text[:200_000])
        if not isinstance(given, dict):
            raise BadLayout("shape")
        return read_page({**given, "role": target.role, "value": target.value})
    except BadLayout as bad:
        raise Refused(told(bad)) from bad
    except (ValueError, RecursionError) as broken:
        raise Refused(told(BadLayout("shape"))) from broken


@dataclass(frozen=True, slots=True)
class ListForm:
    """The form of one arrangement of the list."""

    columns: tuple[Field, ...]
    pool: tuple[Field, ...]
    filter: tuple[tuple[str, str], ...]
    own: bool
    follows: Target | None


def list_form(entity: Entity, layout: Layout, role: str | None) -> ListForm:
    """The form for a role's list: its own arrangement, else what it follows now."""
    plan = list_for(layout, [role] if role else [])
    own = plan is not None and plan.role == role
    names = plan.columns if plan is not None and plan.columns else entity.list_fields
    columns = tuple(field for name in names if (field := entity.field(name)) is not None)
    pool = tuple(field for field in entity.fields if field not in columns)
    follows = Target(plan.role) if plan is not None and not own else None
    return ListForm(columns, pool, plan.filter if plan is not None else (), own, follows)


def posted_list(entity: Entity, role: str | None, form: MultiDict[str, str]) -> ListPlan:
    """The arrangement of the list the editor sent. Raises `Refused` for a column or a filter that is none."""
    columns = tuple(dict.fromkeys(form.getlist("column")))
    if not columns or any(entity.field(name) is None for name in columns):
        raise Refused(_("Choose at least one column of the list"))
    pairs = tuple(
        (key, text)
        for key in form
        if is_filter_key(key)
        for text in form.getlist(key)
        if text.strip() and (key[:3] != "op." or text != "contains")
    )
    asked = read_state(entity, MultiDict(pairs), zone()).narrowing
    return ListPlan(role, () if columns == tuple(entity.list_fields) else columns, tuple(asked))


def is_same_page(one: PagePlan, form: PageForm) -> bool:
    """Whether an arrangement says nothing the target does not have already."""
    sections = tuple(section.plan for section in form.sections)
    tabs = tuple(tab.plan for tab in form.tabs)
    hidden = {tab.plan.name for tab in form.tabs if tab.hidden}
    pool = {field.name for field in form.pool}
    return (one.sections, one.tabs, set(one.hidden_tabs), set(one.hidden)) == (sections, tabs, hidden, pool)


def asked_target(values: Mapping[str, str], roles: Sequence[Role], types: Sequence[Choice]) -> Target:
    """For whom, as an address or a form says it; what is unknown counts as everybody."""
    role, value = values.get("role", ""), values.get("value", "")
    known = {one.name for one in roles}
    return Target(role if role in known else None, value if value in {one.value for one in types} else None)


__all__ = [
    "ListForm",
    "PageForm",
    "Role",
    "Target",
    "asked_target",
    "choice_fields",
    "differing_by",
    "is_same_page",
    "list_form",
    "page_form",
    "posted_list",
    "posted_page",
    "roles_there",
    "types_of",
]
