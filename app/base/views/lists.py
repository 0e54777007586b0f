"""The list screen: columns, order, filters, pages, bulk bar, as a page or as the fragment htmx swaps in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify, make_response, request
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.base.views import listing
from app.base.views.acts import BULK_LIMIT, actions_of, optional_url
from app.base.views.boards import board_fields
from app.base.views.cells import FIGURES, Cell, heading, row_writer, unit_of, zone
from app.base.views.desk import desk_values, export_query
from app.base.views.filters import PICKED, RANGED, Filter
from app.base.views.grouping import builder
from app.base.views.groups import worded
from app.base.views.guard import is_htmx, needs
from app.base.views.inline import CellScreen
from app.base.views.listing import Page, can_search, matching_ids, read_page
from app.base.views.opening import Opening, open_list
from app.base.views.state import PAGE_SIZES, ListState, is_sortable, read_state
from app.base.views.titles import Titles, links_of, read_titles, record_path, record_title, record_url
from app.fields.messages import message
from app.fields.regions import path_of
from app.types import Entity, Field, Kind, Refused


@dataclass(frozen=True, slots=True)
class Column:
    """A header: `url` sorts by it, `direction` is ``asc`` or ``desc`` when the list is."""

    field: Field
    label: str
    figure: bool
    url: str | None
    direction: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list."""

    id: int
    title: str
    url: str | None
    edit_url: str | None
    delete_url: str | None
    cells: Sequence[Cell]
    mark: str


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter as a sentence, with the address of the list without it."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class FilterInput:
    """One field of the filter form with what is asked for now."""

    field: Field
    form: str
    unit: str
    op: str = ""
    text: str = ""
    start: str = ""
    end: str = ""
    chosen: tuple[str, ...] = ()
    picked: tuple[tuple[str, str], ...] = ()
    first: bool = True


class ListScreen(CellScreen):
    """`/list/`, its filter form and the ids behind “all matching”."""

    @expose("/list/")
    @needs("can_list")
    def list(self) -> Response:
        """The list, or only its changing part for htmx; 400 and no rows for an address not understood."""
        try:
            values = self._content(open_list(self.seen(), request.args, zone(), self.list_fields()))
        except Refused as refused:
            values = self._frame(self._whole(), {}, list(refused.errors.values()) or [str(refused)])
        template = "entity/list_region.html" if is_htmx() else "entity/list.html"
        response = make_response(self.render(template, **values), 400 if values["errors"] else 200)
        response.headers["Vary"] = "HX-Request"
        return response

    @expose("/ids/")
    @needs("can_list")
    def ids(self) -> Response:
        """Ids of all rows a list matches, for “choose all matching”: at most `BULK_LIMIT`."""
        try:
            state = read_state(self.seen(), request.args, zone())
            refuse_unseen(asked_links(state), read_titles(asked_links(state)))
            found = matching_ids(state, BULK_LIMIT + 1)
        except Refused as refused:
            return make_response(jsonify(error=str(refused)), 400)
        if len(found) > BULK_LIMIT:
            text = _("At most %(count)s records at a time; please narrow the list", count=f"{BULK_LIMIT:,}")
            return make_response(jsonify(error=text), 400)
        return jsonify(ids=found)

    @expose("/filters/")
    @needs("can_list")
    def filters(self) -> str:
        """The filter form with what the list is asked for now; empty for an address not understood."""
        try:
            state = open_list(self.seen(), request.args, zone(), self.list_fields()).state
            titles = read_titles(asked_links(state))
            refuse_unseen(asked_links(state), titles)
        except Refused:
            state, titles = self._whole(), {}
        return self.render(
            "entity/list_filters.html" if is_htmx() else "entity/filters.html",
            state=state,
            filters=filter_inputs(self.seen(), state.filters, titles),
            **builder(state, titles),
            clear_url=self._at(state.cleared()),
            list_url=self.url("list"),
            pick_url=lambda name: self.url("pick", field=name),
        )

    def _whole(self) -> ListState:
        """The list without any wish."""
        seen = self.seen()
        return ListState(seen, sort=seen.order_by[0], descending=seen.order_by[1] == "desc")

    def _content(self, opening: Opening) -> dict[str, Any]:
        state = opening.state
        page = read_page(state)
        asked = asked_links(state)
        titles = read_titles(asked | links_of(self.seen(), page.records, opening.columns))
        if opening.lenient and (unseen := asked - titles.keys()):
            return self._content(opening.without_links(unseen))
        refuse_unseen(asked, titles)
        return self._frame(state, titles, [], page, opening)

    def _frame(
        self,
        state: ListState,
        titles: Titles,
        errors: Iterable[Any],
        page: Page | None = None,
        opening: Opening | None = None,
    ) -> dict[str, Any]:
        entity = self.seen()
        names = opening.columns if opening is not None else self.list_fields()
        shown = page or Page((), 0, None, None)
        bulk = actions_of(entity, bulk=True)
        return {
            "state": state,
            "errors": [str(text) for text in errors],
            "page": shown,
            "count": f"{listing.COUNT_CAP:,}+" if shown.count is None else f"{shown.count:,}",
            "columns": [
                self._column(state, field) for name in names if (field := entity.field(name))
            ],
            "rows": self._rows(shown.records, titles, names),
            "chips": [Chip(worded(one, titles), self._at(state.without(one))) for one in state.pieces],
            "filters_url": self.url("filters") + state.query.removesuffix("?"),
            "has_search": can_search(entity),
            "pages": [(number, self._at(state.at(number))) for number in near(state, shown)],
            "sizes": [(size, self._at(state.sized(size))) for size in PAGE_SIZES],
            "next_url": self._at(shown.next) if shown.next else None,
            "previous_url": self._at(shown.previous) if shown.previous else None,
            "clear_url": self._at(state.cleared()),
            "unsearch_url": self._at(state.unsearched()),
            "ids_url": self.url("ids") + state.rows_query,
            "actions": bulk,
            "editable": self.editable_fields(),
            "bulk_edit_url": self._bulk_edit_url(state),
            "board_url": self.url("board") + f"?{urlencode(state.narrowing)}" if board_fields(entity) else None,
            "add_url": self.url("add") if self.can("add") else None,
            "delete_url": self.url("delete_many") if self.can("delete") else None,
            "chart_url": self.url("chart") + state.rows_query.removesuffix("?"),
            "export_url": self._transfer("ExportView.start", "export", state),
            "import_url": self._transfer("ImportView.start", "import"),
            "links": self.list_links(),
            "list_url": self.url("list"),
            "first": (state.page - 1) * state.size + 1,
            "here": self._at(state),
            **desk_values(self, state, opening),
        }

    def _at(self, state: ListState) -> str:
        return self.url("list") + state.query.removesuffix("?")

    def _transfer(self, endpoint: str, act: str, state: ListState | None = None) -> str | None:
        if not self.can(act):
            return None
        address = optional_url(endpoint, entity=self.entity.slug)
        return address and address + (export_query(state) if state is not None else "")

    def _bulk_edit_url(self, state: ListState) -> str | None:
        if not self.editable_fields():
            return None
        query = urlencode(state.narrowing)
        return optional_url("BulkEditView.ask", entity=self.entity.slug, _of=query)

    def _column(self, state: ListState, field: Field) -> Column:
        direction = ("desc" if state.descending else "asc") if state.sort == field.name else ""
        url = self._at(state.sorted_by(field.name)) if is_sortable(self.seen(), field) else None
        return Column(field, heading(field), field.kind in FIGURES, url, direction)

    def _rows(self, records: Iterable[Any], titles: Titles, names: tuple[str, ...]) -> tuple[Row, ...]:
        written = row_writer(self.seen(), names, titles)
        edits, deletes = self.can("edit"), self.can("delete")
        return tuple(
            Row(
                record.id,
                record_title(self.entity, record),
                record_url(self.entity, record.id),
                record_path(f"{self.endpoint}.edit", record.id) if edits else None,
                record_path(f"{self.endpoint}.delete", record.id) if deletes else None,
                written(record),
                self.mark(record),
            )
            for record in records
        )


def asked_links(state: ListState) -> set[tuple[str, int]]:
    """(entity, id) of the linked records a list is filtered by."""
    linked = (one for one in state.asked if one.field.kind is Kind.LINK)
    return {(one.field.target or "", value) for one in linked for value in one.values}


def refuse_unseen(asked: set[tuple[str, int]], titles: Titles) -> None:
    """Raise `Refused` for a filter by a record outside the actor's scope: its links stay unknown."""
    for slug, value in sorted(asked):
        if (slug, value) not in titles:
            raise Refused(errors={"f": message("link", value=value)})


def near(state: ListState, page: Page) -> Iterable[int]:
    """The page numbers offered: the first, those around this one, the last where the count is known."""
    last = max(-(-page.count // state.size), 1) if page.count is not None else listing.COUNT_CAP // state.size
    around = range(max(state.page - 2, 1), min(state.page + 2, max(last, state.page)) + 1)
    known = {last} if page.count is not None else set()
    return sorted({1, *around, *known})


def filter_inputs(entity: Entity, asked: Iterable[Filter], titles: Titles) -> list[FilterInput]:
    """The filter form: first the fields the entity names, then every other one that can be asked for."""
    now = {one.field.name: one for one in asked}
    named = [field for name in entity.filter_fields if (field := entity.field(name)) and field.filterable]
    others = [field for field in entity.fields if field.filterable and field not in named]
    return [
        *(_filter_input(field, now.get(field.name), titles, True) for field in named),
        *(_filter_input(field, now.get(field.name), titles, not named) for field in others),
    ]


def _filter_input(field: Field, one: Filter | None, titles: Titles, first: bool) -> FilterInput:
    form = "range" if field.kind in RANGED else field.kind.value if field.kind in PICKED else "text"
    form = "link" if field.kind is Kind.REGION else form  # picked as links are
    given = dict(one.pairs) if one is not None else {}
    texts = tuple(text for key, text in one.pairs if key == f"f.{field.name}") if one is not None else ()
    return FilterInput(
        field,
        form,
        unit_of(field),
        op=given.get(f"op.{field.name}", ""),
        text=texts[0] if texts and form == "text" else "",
        start=given.get(f"f.{field.name}.from", ""),
        end=given.get(f"f.{field.name}.to", ""),
        chosen=_chosen(one, texts),
        picked=_picked(one, titles),
        first=first or one is not None,
    )


def _picked(one: Filter | None, titles: Titles) -> tuple[tuple[str, str], ...]:
    """(value, text) of what a picker of the form begins with."""
    if one is None or one.field.kind not in (Kind.LINK, Kind.REGION):
        return ()
    if one.field.kind is Kind.REGION:
        return tuple((value, path_of(value)) for value in one.values)
    return tuple((str(value), titles.get((one.field.target or "", value), "")) for value in one.values)


def _chosen(one: Filter | None, texts: tuple[str, ...]) -> tuple[str, ...]:
    if one is None or one.op not in ("in", "all"):
        return ()
    if one.field.kind is Kind.BOOLEAN:
        return tuple("yes" if value else "no" for value in one.values)
    return tuple(str(value) for value in one.values)
