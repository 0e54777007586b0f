"""Lists of a record's children: the contacts of a customer, the drawdowns of a loan, as a tab of its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import current_app, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy import select

from app.access.actors import require_actor
from app.access.policy import may_ask, seen_by, writable
from app.access.scope import UNSCOPED, scope_condition
from app.base.views.acts import optional_url
from app.base.views.cells import FIGURES, heading, row_writer
from app.base.views.titles import links_of, read_titles, record_title, record_url
from app.db import session
from app.fields.layouts.describing import list_columns
from app.host.context import context
from app.types import Entity, Tab, Text

LIMIT = 20


def related_list(
    child: Entity | str,
    parent_field: str,
    record: Any,
    *,
    fields: tuple[str, ...] = (),
    add: Mapping[str, Any] | None = None,
    empty: Text = "",
) -> Markup:
    """The newest children of a record as a compact list, with “add” prefilled and a link to all of them.

    `parent_field` is the child's link to the record (``customer_id``); `fields` are the columns (the child's
    own list without the link by default); `add` prefills more; `empty` says what it means
    that there are none. Only children within the actor's scope are shown, and nothing at all without ``can_list`` on
    the child's screens or without reading the link. Two statements.
    """
    actor = require_actor()
    entity = seen_by(child if isinstance(child, Entity) else context().entities[child], actor)
    if not actor.can("can_list", entity.view_name) or not may_ask(entity, parent_field, actor):
        return Markup("")
    model = entity.model
    columns = list_columns(entity, actor) or entity.list_fields
    names = fields or tuple(name for name in columns if name != parent_field)
    order = getattr(model, entity.order_by[0])
    ordered = order.desc() if entity.order_by[1] == "desc" else order.asc()
    records = list(
        session.scalars(
            select(model)
            .where(getattr(model, parent_field) == record.id, scope_condition(entity, actor))
            .order_by(ordered, model.id.desc())
            .limit(LIMIT + 1)
            .execution_options(**{UNSCOPED: True})
        )
    )
    more, records = len(records) > LIMIT, records[:LIMIT]
    written = row_writer(entity, names, read_titles(links_of(entity, records, names)))
    return Markup(  # noqa: S704  (rendered by an escaping template)
        render_template(
            "entity/related.html",
            entity=entity,
            columns=[
                (heading(field), field.kind in FIGURES) for name in names if (field := entity.field(name))
            ],
            rows=[(record_title(entity, one), record_url(entity, one.id), written(one)) for one in records],
            all_url=_all_url(entity, parent_field, record) if more else None,
            add_url=_add_url(entity, {parent_field: record.id, **(add or {})}),
            empty=empty,
        )
    )


def related_tab(
    child: Entity | str,
    parent_field: str,
    *,
    label: Text = None,
    order: int = 100,
    fields: tuple[str, ...] = (),
    name: str | None = None,
    empty: Text = "",
) -> Tab:
    """A tab with the children of a record, for the hook `record_tabs`; shown to those who may list them. `empty`: what
    it means that there are none."""
    entity = child if isinstance(child, Entity) else context().entities[child]

    def render(record: Any) -> Markup:
        return related_list(entity, parent_field, record, fields=fields, empty=empty)

    shown: Callable[[Any], Any] = render
    return Tab(name or entity.slug, label or entity.label, shown, view=entity.view_name, order=order)


def _all_url(entity: Entity, parent_field: str, record: Any) -> str | None:
    return optional_url(f"{entity.view_name}.list", **{f"f.{parent_field}": record.id})


def _add_url(entity: Entity, given: Mapping[str, Any]) -> str | None:
    endpoint = f"{entity.view_name}.add"
    actor = require_actor()
    if endpoint not in current_app.view_functions or not actor.can("can_add", entity.view_name):
        return None
    if not all(writable(entity, name, actor) for name in given):
        return None
    here = request.path.partition("/tab/")[0]
    return url_for(endpoint, **{name: value for name, value in given.items() if value is not None}, next=here)
