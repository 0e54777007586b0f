"""Looking at an arrangement before it is in force: as a role, on a made-up or a real record, read-only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext as _
from sqlalchemy import select

from app.access.actors import acting_as
from app.access.policy import readable, seen_by
from app.access.scope import UNSCOPED, scope_condition
from app.access.viewing import as_role
from app.base.layouts.sample import sample_record, sample_titles
from app.base.security.viewing import look_as_role
from app.base.views.asked import asked_links, in_words, list_asked
from app.base.views.cells import heading, row_writer
from app.base.views.inputs import Form, build_form, first_values, record_values
from app.base.views.pages import Block, blocks_of
from app.base.views.shapes import TabLink, tabs_in_order
from app.base.views.titles import links_of, read_titles, record_title
from app.db import reading, session
from app.fields.layouts.describing import laid_out
from app.fields.layouts.fitting import list_for, page_for
from app.fields.layouts.rules import Layout
from app.host.context import hooks
from app.types import Actor, Entity, Tab

#: How many of the newest real records are offered.
OFFERED = 20


@dataclass(frozen=True, slots=True)
class Preview:
    """What the chosen role would see; `records` are the real ones it could be looked at with."""

    name: str
    tabs: list[TabLink]
    blocks: dict[str, list[Block]]
    form: Form
    columns: list[str]
    rows: list[list[Any]]
    opening: tuple[str, ...]
    records: list[tuple[int, str]]
    record_id: int
    #: Why only the made-up record can be looked at; empty where real ones can.
    why_not: str


@dataclass(frozen=True, slots=True)
class Wish:
    """As whom to look (a role's id and name, or nobody in particular), and at what."""

    role_id: int | None = None
    role: str = ""
    value: str = ""
    record_id: int = 0
    is_new: bool = False


def preview(entity: Entity, layout: Layout, actor: Actor, wish: Wish) -> Preview:
    """The pages as the role would see them. Real records only for whoever may look as the role, within its scope."""
    looking, real = _viewer(actor, wish)
    with acting_as(looking), reading():
        seen = seen_by(entity, looking)
        found = _records(seen, looking, layout.by, wish) if real else []
        record = next((one for one in found if one.id == wish.record_id), None)
        titles = read_titles(links_of(seen, [record], _names(seen))) if record is not None else sample_titles(seen)
        shown = record if record is not None else sample_record(seen, layout.by, wish.value)
        value = getattr(shown, layout.by, None) if layout.by and readable(entity.slug, layout.by, looking) else None
        plan = page_for(layout, [wish.role] if wish.role else [], str(value) if value else None)
        laid = laid_out(seen, plan)
        offered: list[Tab] = hooks().render("record_tabs", entity=entity.slug, actor=looking)
        tabs = tabs_in_order(plan, sorted(offered, key=lambda tab: tab.order), history=entity.audited)
        blocks = {name: blocks_of(laid, shown, titles, name) for name in ("", *(t.name for t in tabs if t.own))}
        return Preview(
            name=record_title(entity, shown) if record is not None else _("Example"),
            tabs=[tab for tab in tabs if not tab.own or blocks[tab.name]],
            blocks=blocks,
            form=_form(laid, record, shown, layout.by, wish.is_new),
            **_listed(seen, layout, wish, [shown], titles),
            records=[(one.id, record_title(entity, one)) for one in found],
            record_id=record.id if record is not None else 0,
            why_not="" if real else _("You cannot look as this role, so only an example is shown"),
        )


def _viewer(actor: Actor, wish: Wish) -> tuple[Actor, bool]:
    """(whom to look as, whether at real records). A made-up record tells nothing, whoever looks."""
    if wish.role_id is None:
        return actor, True
    found = look_as_role(actor, wish.role_id)
    if found is not None:
        return found, True
    return as_role(actor, wish.role_id) or actor, False


def _names(entity: Entity) -> set[str]:
    return {field.name for field in entity.fields}


def _records(entity: Entity, actor: Actor, by: str, wish: Wish) -> list[Any]:
    """The newest records the role sees, of the chosen type, and the one chosen."""
    if not actor.can("can_show", entity.view_name):
        return []
    model = entity.model
    statement = select(model).where(scope_condition(entity, actor)).order_by(model.id.desc()).limit(OFFERED)
    if by and wish.value and entity.field(by) is not None and readable(entity.slug, by, actor):
        statement = statement.where(getattr(model, by) == wish.value)
    return list(session.scalars(statement.execution_options(**{UNSCOPED: True})))


def _form(laid: Entity, record: Any, shown: Any, by: str, is_new: bool) -> Form:
    if is_new:
        texts = first_values(laid)
        return build_form(laid, texts | ({by: str(getattr(shown, by, "") or "")} if by else {}))
    links = {field.name for field in laid.fields if field.target}
    texts = record_values(laid, shown)
    if record is None:
        texts = {name: text for name, text in texts.items() if name not in links}
    return build_form(laid, texts, record=shown)


def _listed(entity: Entity, layout: Layout, wish: Wish, records: list[Any], titles: Any) -> dict[str, Any]:
    plan = list_for(layout, [wish.role] if wish.role else [])
    named = tuple(name for name in plan.columns if entity.field(name)) if plan is not None else ()
    names = named or entity.list_fields or tuple(field.name for field in entity.fields)[:6]
    written = row_writer(entity, names, titles)
    return {
        "columns": [heading(field) for name in names if (field := entity.field(name))],
        "rows": [list(written(one)) for one in records],
        "opening": said_filter(entity, plan.filter if plan is not None else ()),
    }


def said_filter(entity: Entity, pairs: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """The filter a list opens with, as sentences."""
    state = list_asked(entity.slug, urlencode(pairs)) if pairs else None
    return in_words(state, read_titles(asked_links(state))) if state is not None else ()
