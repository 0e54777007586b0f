"""A record's page: header, sections, tabs of the modules, timeline, history."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from markupsafe import Markup

from app.access.actors import require_actor
from app.access.policy import readable, whole
from app.base.views.acts import actions_of
from app.base.views.cells import Cell, cell
from app.base.views.guard import is_htmx, may, needs
from app.base.views.happenings import read_moment, read_timeline
from app.base.views.history import read_history
from app.base.views.inline import CellScreen
from app.base.views.inputs import sections_of
from app.base.views.shapes import HISTORY, TabLink, plan_for, shaped, tabs_in_order
from app.base.views.titles import Titles, links_of, read_titles
from app.fields.layouts.rules import OWN
from app.fields.records import find_record
from app.host.context import hooks
from app.types import Entity, Field, Tab

log = logging.getLogger(__name__)

@dataclass(frozen=True, slots=True)
class Shown:
    """A field of a record with what is shown of it."""

    field: Field
    cell: Cell


@dataclass(frozen=True, slots=True)
class Block:
    """A section of the page."""

    label: str
    fields: tuple[Shown, ...]
    columns: int = 2
    collapsed: bool = False


class RecordScreen(CellScreen):
    """`/show/<pk>`, its tabs and its timeline."""

    @expose("/show/<int:pk>")
    @needs("can_show")
    def show(self, pk: int) -> str:
        """The page of a record; 404 for one outside the actor's scope."""
        record, writable = self.find(pk)
        return self._page(record, writable, "")

    @expose("/show/<int:pk>/tab/<name>")
    @needs("can_show")
    def tab(self, pk: int, name: str) -> Any:
        """One tab: the fragment for htmx, the whole page with it open otherwise."""
        record, writable = self.find(pk)
        if not is_htmx():
            return self._page(record, writable, name)
        return self._tab(record, name)

    @expose("/show/<int:pk>/timeline")
    @needs("can_show")
    def timeline(self, pk: int) -> str:
        """The timeline, or what comes after the moment in ``before``."""
        record, _writable = self.find(pk)
        try:
            before = read_moment(request.args.get("before"))
        except ValueError:
            abort(400)
        lines, onward = read_timeline(self.entity, record, before)
        return self.render(
            "entity/timeline.html",
            lines=lines,
            is_first=before is None,
            more_url=self.url("timeline", pk=pk, before=onward) if onward else None,
        )

    def _page(self, record: Any, writable: bool, open_tab: str) -> str:
        entity, actor = self.seen(), require_actor()
        badges = [name for name in self.badge_fields(record) if readable(entity, name, actor)]
        names = {field.name for field in entity.fields}
        titles = read_titles(links_of(entity, [record], names))
        tabs, links = self._tabs(), self._links(record)
        known = {HISTORY, *(tab.name for tab in tabs), *(link.name for link in links)}
        if open_tab and open_tab not in known:
            abort(404)
        owner = entity.field(entity.scoped_by.owner or "")
        return self.render(
            "entity/show.html",
            in_panel=is_htmx() and "panel" in request.args,
            record=record,
            name=self.title(record),
            badges=[_shown(entity, record, name, titles) for name in badges if getattr(record, name, None)],
            owner=_shown(entity, record, owner.name, titles) if owner is not None else None,
            marks=_marks(tabs, record),
            figures=[
                one
                for one in self.figures(record)
                if all(readable(entity, name, actor) for name in one.fields)
            ],
            blocks=blocks_of(shaped(entity, record), record, titles),
            tabs=[(one.name, str(one.label), self.url("tab", pk=record.id, name=one.name)) for one in links],
            editable=self._editable(record, writable),
            open_tab=open_tab,
            open_tab_html=self._tab(record, open_tab) if open_tab else "",
            show_url=self.url("show", pk=record.id),
            unmask_url=self._unmask_url(record),
            timeline_url=self.url("timeline", pk=record.id),
            actions=[act for act in actions_of(entity, bulk=False, record=record) if self.offers(record, act.name)],
            list_url=self.url("list") if self.can("list") else None,
            edit_url=self._act_url("edit", record) if writable else None,
            delete_url=self._act_url("delete", record) if writable else None,
        )

    def _unmask_url(self, record: Any) -> Callable[[str], str] | None:
        if not require_actor().can("can_unmask", self.class_permission_name):
            return None
        return lambda name: self.url("unmask", pk=record.id, name=name)

    def _links(self, record: Any) -> list[TabLink]:
        """The row of tabs: as arranged; an own tab only where it has something to show."""
        entity = self.seen()
        links = tabs_in_order(plan_for(entity, record), self._tabs(), history=entity.audited)
        there = shaped(entity, record)
        return [link for link in links if not link.own or blocks_of(there, record, {}, link.name)]

    def _act_url(self, act: str, record: Any) -> str | None:
        return self.url(act, pk=record.id) if self.can(act) and self.offers(record, act) else None

    def _tabs(self) -> Sequence[Tab]:
        actor = require_actor()
        offered: Sequence[Tab] = hooks().render("record_tabs", entity=self.entity.slug, actor=actor)
        return sorted(
            (tab for tab in offered if may(tab.view, tab.permission, actor)), key=lambda tab: tab.order
        )

    def _tab(self, record: Any, name: str) -> Any:
        if name == HISTORY and self.entity.audited:
            return self._history(record)
        if name.startswith(OWN):
            return self._own_tab(record, name)
        found = next((tab for tab in self._tabs() if tab.name == name), None)
        if found is None:
            abort(404)
        try:
            return Markup(found.render(record))  # noqa: S704  (a tab's HTML is the module's own)
        except Exception:
            log.exception("tab %s of %s left out of the page", name, self.entity.slug)
            return Markup('<div class="alert alert-warning" role="alert">{}</div>').format(
                _("This part of the page cannot be shown at the moment")
            )

    def _own_tab(self, record: Any, name: str) -> Markup:
        if name not in {link.name for link in self._links(record)}:
            abort(404)
        entity = shaped(self.seen(), record)
        titles = read_titles(links_of(entity, [record], {field.name for field in entity.fields}))
        values = {
            "record": record,
            "blocks": blocks_of(entity, record, titles, name),
            "editable": self._editable(record, find_record(self.entity, record.id, write=True) is not None),
            "unmask_url": self._unmask_url(record),
        }
        return Markup(self.render("entity/blocks.html", **values))  # noqa: S704  (rendered by an escaping template)

    def _editable(self, record: Any, writable: bool) -> Collection[str]:
        return self.editable_fields() if writable and self.offers(record, "edit") else ()

    def _history(self, record: Any) -> Markup:
        given = request.args.get("before", "")
        if given and not (given.isascii() and given.isdecimal() and len(given) < 18):
            abort(400)
        entries, onward = read_history(self.seen(), record.id, int(given) if given else None)
        more = self.url("tab", pk=record.id, name=HISTORY, before=onward) if onward else None
        return Markup(self.render("entity/history.html", entries=entries, more_url=more, is_first=not given))  # noqa: S704


def _marks(tabs: Sequence[Tab], record: Any) -> list[Markup]:
    """What modules say of the record beside its name."""
    found = []
    for tab in tabs:
        try:
            made = tab.badge(record) if tab.badge is not None else ""
        except Exception:
            log.exception("the badge of tab %s is left out of the page", tab.name)
            made = ""
        if made:
            found.append(Markup(made))  # noqa: S704  (a badge's HTML is the module's own)
    return found


def blocks_of(entity: Entity, record: Any, titles: Titles, tab: str = "") -> list[Block]:
    """The sections of one tab (the first by default) that belong to the record, with what is shown of it."""
    values = {field.name: getattr(record, field.name, None) for field in whole(entity).fields}
    blocks = []
    for section in sections_of(entity):
        if section.tab != tab.removeprefix(OWN):
            continue
        if section.visible_when is not None and not section.visible_when(values):
            continue
        fields = [field for name in section.fields if (field := entity.field(name))]
        shown = [f.name for f in fields if f.visible_when is None or f.visible_when(values)]
        cells = tuple(_shown(entity, record, name, titles) for name in shown)
        blocks.append(Block(str(section.label), cells, section.columns, section.collapsed))
    return blocks


def _shown(entity: Entity, record: Any, name: str, titles: Titles) -> Shown:
    field = entity.field(name) or Field(name, name)
    return Shown(field, cell(field, getattr(record, name, None), titles, short=True))
