"""A list as a board: a column per choice of a field, cards that are moved from one to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, make_response, request
from flask_appbuilder import expose
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.access.actors import require_actor
from app.access.scope import UNSCOPED, scope_condition
from app.base.views import boards
from app.base.views.asked import asked_links
from app.base.views.boards import board_fields, column_counts, in_column
from app.base.views.cells import Cell, row_writer, zone
from app.base.views.filters import sentence
from app.base.views.guard import needs
from app.base.views.inline import CellScreen
from app.base.views.inputs import input_text
from app.base.views.listing import matching
from app.base.views.lists import refuse_unseen
from app.base.views.state import ListState, read_state
from app.base.views.titles import Titles, links_of, read_titles, record_title, record_url
from app.db import session
from app.fields.bulk import among
from app.types import Field, Refused

#: Cards of a column shown at a time.
PAGE = 20
#: Fields a card shows below its title.
SHOWN = 3
#: What the address of a board holds beside the list's own.
_OWN = ("by", "value", "under")
_DROPPED = (*_OWN, "page", "size", "after", "before", "columns", "view", "from")


@dataclass(frozen=True, slots=True)
class Card:
    """A record on the board. `was` and `version` say what it was moved from."""

    id: int
    title: str
    url: str | None
    lines: tuple[tuple[str, Cell], ...]
    mark: str
    version: int | str
    was: str
    movable: bool


@dataclass(frozen=True, slots=True)
class Column:
    """One choice (or none, with an empty value) with its first cards."""

    value: str
    label: str
    colour: str
    count: str
    cards: Sequence[Card]
    more_url: str | None


class BoardScreen(CellScreen):
    """`/board/` and the further cards of a column."""

    @expose("/board/")
    @needs("can_list")
    def board(self) -> Response:
        """The board by the field in ``by`` over what the list of the address matches; 400 for one not understood."""
        entity = self.seen()
        fields = board_fields(entity)
        by = self._board_by(fields)
        if by is None:
            return make_response(self.render("entity/board_none.html", list_url=self.url("list")), 200)
        errors, columns, chips, query = [], [], [], ""
        try:
            state, titles = self._board_asked()
            query = urlencode(state.narrowing)
            columns = self._board_columns(state, by, query)
            chips = [sentence(one, titles) for one in state.filters] + ([f"“{state.q}”"] if state.q else [])
        except Refused as refused:
            errors = [str(text) for text in refused.errors.values()] or [str(refused)]
        page = self.render(
            "entity/board.html",
            by=by,
            fields=[(field, self._board_address("board", query, by=field.name)) for field in fields],
            columns=columns,
            heads=_heads(by),
            chips=chips,
            errors=errors,
            list_url=self.url("list") + (f"?{query}" if query else ""),
            add_url=self.url("add") if self.can("add") else None,
            movable=self._board_movable(by),
            move_url=self.url("cell", pk=0, field=by.name) if self.can("edit") else "",
        )
        return make_response(page, 400 if errors else 200)

    @expose("/board/cards")
    @needs("can_list")
    def board_cards(self) -> Response:
        """Further cards of the column ``value``, after the record ``under``."""
        by = self._board_by(board_fields(self.seen()))
        under, value = request.args.get("under", ""), request.args.get("value", "")
        if by is None:
            return make_response("", 200)
        if not (under.isascii() and under.isdecimal() and len(under) < 18):
            under = str(2**53)
        try:
            state, _titles = self._board_asked()
        except Refused:
            abort(400)
        found = self._board_cards(state, by, [value], int(under))
        cards, more = found[value]
        more_url = self._board_more(urlencode(state.narrowing), by, value, cards) if more else None
        values = {"cards": cards, "more_url": more_url, "columns": _heads(by)}
        return make_response(self.render("entity/board_cards.html", by=by, **values))

    def _board_by(self, fields: Sequence[Field]) -> Field | None:
        """The field asked for, else the first that can be moved, else the first."""
        named = request.args.get("by", "")
        found = next((field for field in fields if field.name == named), None)
        if found is not None or named:
            if found is None:
                abort(404)
            return found
        return next((field for field in fields if self._board_movable(field)), fields[0] if fields else None)

    def _board_movable(self, field: Field) -> bool:
        if not self.can("edit"):
            return False
        if field.name in self.own_moves:
            return require_actor().can(self.own_moves[field.name], self.class_permission_name)
        return field.name in self.editable_fields()

    def _board_asked(self) -> tuple[ListState, Titles]:
        pairs = [(key, text) for key, text in request.args.items(multi=True) if key not in _DROPPED]
        state = read_state(self.seen(), MultiDict(pairs), zone())
        links = asked_links(state)
        titles = read_titles(links)
        refuse_unseen(links, titles)
        return state, titles

    def _board_columns(self, state: ListState, by: Field, query: str) -> list[Column]:
        heads = _heads(by)
        counts = column_counts(state, by, [value for value, _label, _colour in heads])
        found = self._board_cards(state, by, [value for value in counts if counts[value]], None)
        made = []
        for value, label, colour in heads:
            if not value and by.required and not counts[value]:
                continue
            cards, more = found.get(value, ((), False))
            most = boards.COUNTED
            count = f"{most:,}+" if counts[value] > most else f"{counts[value]:,}"
            more_url = self._board_more(query, by, value, cards) if more else None
            made.append(Column(value, label, colour, count, cards, more_url))
        return made

    def _board_cards(
        self, state: ListState, by: Field, values: Sequence[str], under: int | None
    ) -> dict[str, tuple[tuple[Card, ...], bool]]:
        """{value: (its next cards, whether there are more)}: the newest first, each column read by its key."""
        model = self.entity.model
        records: dict[str, list[Any]] = {}
        for value in values:
            wanted = select(model).where(matching(state), in_column(self.entity, by, value))
            if under is not None:
                wanted = wanted.where(model.id < under)
            wanted = wanted.order_by(model.id.desc()).limit(PAGE + 1).execution_options(**{UNSCOPED: True})
            records[value] = list(session.scalars(wanted))
        every = [record for found in records.values() for record in found[:PAGE]]
        write = self._board_writer(by, every)
        return {value: (tuple(map(write, found[:PAGE])), len(found) > PAGE) for value, found in records.items()}

    def _board_writer(self, by: Field, records: Sequence[Any]) -> Any:
        entity = self.seen()
        names = [name for name in self.list_fields() if name not in (by.name, entity.title) and entity.field(name)]
        names = names[:SHOWN]
        titles = read_titles(links_of(entity, records, names))
        written = row_writer(entity, names, titles)
        labels = [str(field.label) for name in names if (field := entity.field(name))]
        mine = self._board_changeable(records) if self._board_movable(by) else set()
        clock = zone()

        def write(record: Any) -> Card:
            cells = zip(labels, written(record), strict=True)
            lines = tuple((label, cell) for label, cell in cells if not cell.is_empty)
            return Card(
                record.id,
                record_title(self.entity, record),
                record_url(self.entity, record.id),
                lines,
                self.mark(record),
                getattr(record, "version", ""),
                input_text(by, getattr(record, by.name), clock),
                record.id in mine and (by.name in self.own_moves or self.offers(record, "edit")),
            )

        return write

    def _board_changeable(self, records: Sequence[Any]) -> set[int]:
        model = self.entity.model
        wanted = among(session(), model.id, [record.id for record in records])
        scope = scope_condition(self.entity, require_actor(), write=True)
        return set(session.scalars(select(model.id).where(wanted, scope).execution_options(**{UNSCOPED: True})))

    def _board_more(self, query: str, by: Field, value: str, cards: Sequence[Card]) -> str:
        return self._board_address("board_cards", query, by=by.name, value=value, under=str(cards[-1].id))

    def _board_address(self, route: str, query: str, **own: str) -> str:
        return self.url(route) + "?" + urlencode(own) + (f"&{query}" if query else "")


def _heads(by: Field) -> list[tuple[str, str, str]]:
    """(value, label, colour) of the columns; the records without a value come first."""
    heads = [(choice.value, str(choice.label), choice.colour or "secondary") for choice in by.choices]
    return [("", "", "secondary"), *heads]


__all__ = ["BoardScreen"]
