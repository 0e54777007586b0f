"""The state of a list, which lives in its address: filters, search, order, page; read strictly."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from app.base.views.filters import Filter, is_filter_key, read_filters
from app.base.views.groups import WHERE, Branch, read_where, write_where
from app.fields.custom.stored import is_stored
from app.types import Entity, Field, Kind, Refused

PAGE_SIZES = (20, 50, 100)
MAX_PAGE = 10_000_000
#: Everything an address of a list may hold besides filters.
KEYS = frozenset({"q", "sort", "page", "size", "after", "before", WHERE})


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in an ordered list: the sort value and the id of the row beside it."""

    value: Any
    id: int


@dataclass(frozen=True, slots=True)
class Opened:
    """The saved view a list began from: its id, what it asks for (`ListState.wishes`), and how addresses name it.

    `short`: an address that asks for just that names the view and no more. `guarded`: without any wish a view opens by
    itself, so an address that wishes for nothing has to say so.
    """

    id: int | None = None
    saved: tuple[tuple[str, str], ...] = ()
    short: bool = False
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class ListState:
    """What a list shows. `after` / `before` go on from a row instead of counting pages."""

    entity: Entity
    filters: tuple[Filter, ...] = ()
    q: str = ""
    sort: str = ""
    descending: bool = False
    page: int = 1
    size: int = PAGE_SIZES[0]
    after: Cursor | None = None
    before: Cursor | None = None
    #: Conditions joined by and / or, beside the filters.
    where: Branch | None = None
    #: The columns the address names; none leaves them to the person and the entity.
    columns: tuple[str, ...] = ()
    view: Opened = Opened()

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but scope keeps rows away."""
        return bool(self.filters or self.q or self.where)

    @property
    def asked(self) -> tuple[Filter, ...]:
        """Every single condition, whether it stands alone or in a group."""
        return (*self.filters, *(self.where.leaves if self.where is not None else ()))

    @property
    def pieces(self) -> tuple[Filter | Branch, ...]:
        """What the list is asked for, in pieces that can be taken away one by one."""
        return (*self.filters, *(self.where.pieces if self.where is not None else ()))

    def sorted_by(self, name: str) -> ListState:
        """The list ordered by a field; asked again, the other way round. Begins at page 1."""
        other_way = self.sort == name and not self.descending
        return replace(self, sort=name, descending=other_way, page=1, after=None, before=None)

    def at(self, page: int, *, after: Cursor | None = None, before: Cursor | None = None) -> ListState:
        """Another page of the same list."""
        return replace(self, page=page, after=after, before=before)

    def sized(self, size: int) -> ListState:
        """The same list with another page size, from the start."""
        return replace(self, size=size, page=1, after=None, before=None)

    def without(self, one: Filter | Branch) -> ListState:
        """The list without one of its pieces."""
        filters = tuple(f for f in self.filters if f is not one)
        where = self.where.without(one) if self.where is not None else None
        return replace(self, filters=filters, where=where, page=1, after=None, before=None)

    def unsearched(self) -> ListState:
        """The list without the words of the search box."""
        return replace(self, q="", page=1, after=None, before=None)

    def cleared(self) -> ListState:
        """The list with nothing kept away; order and page size stay."""
        return replace(self, filters=(), where=None, q="", page=1, after=None, before=None)

    @property
    def narrowing(self) -> list[tuple[str, str]]:
        """The address parameters that choose the rows (filters and search), for exports and bulk acts."""
        pairs = [pair for one in self.filters for pair in one.pairs]
        if self.where is not None:
            pairs.append((WHERE, write_where(self.where)))
        return [*pairs, ("q", self.q)] if self.q else pairs

    @property
    def ordering(self) -> list[tuple[str, str]]:
        """The order, as it stands in the address; nothing when it is the entity's own."""
        if (self.sort, "desc" if self.descending else "asc") == self.entity.order_by:
            return []
        return [("sort", ("-" if self.descending else "") + self.sort)]

    @property
    def look(self) -> list[tuple[str, str]]:
        """How it is shown: order, page size, columns; nothing that goes without saying."""
        sized = [("size", str(self.size))] if self.size != PAGE_SIZES[0] else []
        return [*self.ordering, *sized, *([("columns", ",".join(self.columns))] if self.columns else [])]

    @property
    def wishes(self) -> list[tuple[str, str]]:
        """All that a saved view keeps of a list: everything but the place in it."""
        return [*self.narrowing, *self.look]

    @property
    def mark(self) -> list[tuple[str, str]]:
        """What an address that spells its wishes out says besides: the view it began from, or that it is none."""
        if self.view.id is not None:
            return [("from", str(self.view.id))]
        return [("view", "all")] if self.view.guarded else []

    @property
    def beside(self) -> list[tuple[str, str]]:
        """What a form that chooses rows anew takes along."""
        return [*self.mark, *([("q", self.q)] if self.q else []), *self.look]

    @property
    def is_as_saved(self) -> bool:
        """Whether it asks for just what the view it began from does."""
        return self.view.id is not None and self.wishes == list(self.view.saved)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The whole state as address parameters, leaving out what goes without saying."""
        wishes = self.wishes
        if self.view.short and self.is_as_saved:
            pairs = [("view", str(self.view.id))]
        elif self.view.id is None and wishes:
            pairs = wishes
        else:
            pairs = [*self.mark, *wishes]
        if self.page != 1:
            pairs.append(("page", str(self.page)))
        for name, cursor in (("after", self.after), ("before", self.before)):
            if cursor is not None:
                pairs.append((name, write_cursor(cursor)))
        return pairs

    @property
    def rows_query(self) -> str:
        """The rows and their order as a query string, for whoever asks for all of them."""
        return f"?{urlencode([*self.narrowing, *self.ordering])}"

    @property
    def query(self) -> str:
        """The state as a query string, with its ``?`` when there is one."""
        text = urlencode(self.pairs)
        return f"?{text}" if text else "?"


def read_state(entity: Entity, args: MultiDict[str, str], zone: ZoneInfo) -> ListState:
    """The state an address asks for.

    Raises `Refused` (errors by parameter) for anything not understood: a list never guesses.
    """
    errors: dict[str, Any] = {}
    for key in args:
        if key not in KEYS and not is_filter_key(key):
            errors[key] = _("There is no filter “%(name)s” here", name=key[:60])
    filters: tuple[Filter, ...] = ()
    try:
        filters = read_filters(entity, args, zone)
    except Refused as refused:
        errors.update(refused.errors)
    where = None
    try:
        where = read_where(entity, args.getlist(WHERE), zone)
    except Refused as refused:
        errors.update(refused.errors)
    name, descending = _read_sort(entity, args.get("sort", ""), errors)
    page = _read_number(args.get("page", ""), 1, errors, "page", _("There is no such page"))
    size = _read_number(
        args.get("size", ""), PAGE_SIZES[0], errors, "size", _("Choose one of the page sizes offered")
    )
    if size not in PAGE_SIZES:
        errors["size"] = _("Choose one of the page sizes offered")
    q = args.get("q", "").strip()
    if len(q) > 100 or "\x00" in q:
        errors["q"] = _("This text is too long to search for")
    cursors = {}
    for key in ("after", "before"):
        if (text := args.get(key, "")) and "sort" not in errors:
            try:
                cursors[key] = read_cursor(text, sort_field(entity, name))
            except ValueError:
                errors[key] = _("There is no such page")
    if len(cursors) == 2:
        errors["before"] = _("There is no such page")
    if errors:
        raise Refused(errors=errors)
    return ListState(
        entity, filters, q, name, descending, page, size, cursors.get("after"), cursors.get("before"), where
    )


def sort_field(entity: Entity, name: str) -> Field:
    """The field a list is ordered by; the id is always one."""
    return entity.field(name) or Field(name, name, Kind.INTEGER)


def _read_sort(entity: Entity, text: str, errors: dict[str, Any]) -> tuple[str, bool]:
    if not text:
        name, direction = entity.order_by
        return name, direction == "desc"
    name = text.removeprefix("-")
    field = entity.field(name)
    if not is_sortable(entity, field) and name != "id":
        errors["sort"] = _(
            "This list cannot be sorted by “%(name)s”", name=str(field.label) if field else name[:60]
        )
    return name, text.startswith("-")


def is_sortable(entity: Entity, field: Field | None) -> bool:
    """Whether a list can be ordered by the field: known, allowed, and kept in a column."""
    if field is None or not field.sortable or field.kind is Kind.LONG_TEXT:
        return False
    return is_stored(entity, field)


def _read_number(text: str, default: int, errors: dict[str, Any], key: str, complaint: str) -> int:
    if not text:
        return default
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:12]) <= MAX_PAGE or len(text) > 8:
        errors[key] = complaint
        return default
    return int(text)


def write_cursor(cursor: Cursor) -> str:
    """A cursor as it stands in an address."""
    value = cursor.value
    if isinstance(value, datetime | date):
        value = value.isoformat()
    elif isinstance(value, Decimal):
        value = str(value)
    packed = json.dumps([value, cursor.id], ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_cursor(text: str, field: Field) -> Cursor:
    """A cursor from an address, its value typed like the field. Raises `ValueError` for anything else."""
    try:
        value, record_id = json.loads(base64.urlsafe_b64decode(text[:1000] + "=" * (-len(text) % 4)))
    except (binascii.Error, UnicodeDecodeError, TypeError, RecursionError) as broken:
        raise ValueError("not a cursor") from broken
    if type(record_id) is not int or not 0 < record_id < 2**63:
        raise ValueError("not a cursor")
    if value is None:
        return Cursor(None, record_id)
    if field.kind in (Kind.DECIMAL, Kind.MONEY, Kind.PERCENT):
        return Cursor(_decimal(value), record_id)
    if field.kind is Kind.DATETIME:
        moment = datetime.fromisoformat(str(value))
        if moment.tzinfo is None:
            raise ValueError("not a cursor")
        return Cursor(moment, record_id)
    if field.kind is Kind.DATE:
        return Cursor(date.fromisoformat(str(value)), record_id)
    wanted: type = bool if field.kind is Kind.BOOLEAN else int if field.kind is Kind.INTEGER else str
    if type(value) is not wanted or (isinstance(value, int) and abs(value) >= 2**63) or "\x00" in str(value):
        raise ValueError("not a cursor")
    return Cursor(value, record_id)


def _decimal(value: Any) -> Decimal:
    number = Decimal(str(value)) if str(value).replace(".", "", 1).lstrip("-").isdecimal() else None
    if number is None or abs(number) >= Decimal(10) ** 16:
        raise ValueError("not a cursor")
    return number
