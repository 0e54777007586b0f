"""Opening a list: what its address asks for, by itself or through a saved view, and which columns are shown.

An address without a view is read strictly: what is not understood is refused. What a view kept may since have been
retired, or be kept from whoever opens it: that is left out, and the list says so (docs/adr/0054).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from app.access.actors import require_actor
from app.base.saved.desk import WHOLE, Desk, Kept, read_desk
from app.base.saved.rules import read_columns
from app.base.views.leaving import WHOLE_VIEW, Left, readable_pairs, without_links
from app.base.views.state import ListState, Opened, read_state
from app.fields.custom.stored import is_stored
from app.fields.layouts.describing import list_filter
from app.types import Entity, Refused

#: The place in a list, which no view keeps.
PLACE = frozenset({"page", "after", "before"})


@dataclass(frozen=True, slots=True)
class Opening:
    """A list about to be shown: its state, the columns shown, the view it began from, and what was left out of it."""

    state: ListState
    columns: tuple[str, ...]
    desk: Desk
    view: Kept | None = None
    left: Left = WHOLE_VIEW
    lenient: bool = False

    def without_links(self, unseen: set[tuple[str, int]]) -> Opening:
        """The same list without the conditions on records that are out of the person's scope."""
        state, count = without_links(self.state, unseen)
        if self.state.is_as_saved:
            state = replace(state, view=replace(state.view, saved=tuple(state.wishes)))
        return replace(self, state=state, left=replace(self.left, count=self.left.count + count))


def open_list(entity: Entity, args: MultiDict[str, str], zone: ZoneInfo, usual: tuple[str, ...]) -> Opening:
    """The list an address asks for; `usual` are the columns of the entity's list.

    `entity` is the description as the actor sees it. Raises `Refused` by parameter for what is not understood.
    """
    desk = read_desk(entity.slug)
    given = [(key, value) for key, value in args.items(multi=True) if key not in ("view", "from")]
    wanted, began = args.get("view", "")[:20], args.get("from", "")[:20]
    spelled = any(key not in PLACE for key, _value in given)
    view = None
    if wanted and wanted != WHOLE and not spelled:
        view = desk.view(wanted)
        if view is None:
            raise Refused(errors={"view": _("There is no such view, or it is not shared with you")})
        given = [*_kept(view), *given]
    elif wanted != WHOLE:
        view = desk.view(began or wanted)
        if not (given or began or wanted):
            view = desk.default
            given = _kept(view) if view is not None else _arranged(entity, desk)
    lenient = view is not None or bool(began) or (not args and bool(given))
    left = WHOLE_VIEW
    if lenient:
        given, left = readable_pairs(entity, given, zone)
    state = _read(entity, given, zone)
    known, gone = _known(entity, state.columns, usual)
    state = replace(state, columns=known, view=_opened(entity, view, desk, zone, usual))
    columns = known or _known(entity, desk.columns, usual)[0] or usual
    return Opening(state, columns, desk, view, left.and_columns(entity, gone), lenient)


def choosable(entity: Entity, usual: tuple[str, ...]) -> tuple[str, ...]:
    """The fields that can be columns: those kept with the record, and those the list shows anyway."""
    return tuple(field.name for field in entity.fields if field.name in usual or is_stored(entity, field))


def _arranged(entity: Entity, desk: Desk) -> list[tuple[str, str]]:
    """The filter the layout of the person's roles opens the list with, unless they chose otherwise."""
    return [] if desk.opens_whole else list(list_filter(entity, require_actor()))


def wishes_of(entity: Entity, pairs: list[tuple[str, str]], zone: ZoneInfo) -> list[tuple[str, str]]:
    """What a list is asked for by these parameters, read strictly. Raises `Refused` by parameter."""
    return state_of(entity, pairs, zone).wishes


def state_of(entity: Entity, pairs: list[tuple[str, str]], zone: ZoneInfo) -> ListState:
    """The list these parameters ask for, read strictly. Raises `Refused` by parameter."""
    state = _read(entity, pairs, zone)
    if unknown := [name for name in state.columns if entity.field(name) is None]:
        raise Refused(errors={"columns": _("There is no field “%(name)s” here", name=unknown[0][:60])})
    return state


def _kept(view: Kept) -> list[tuple[str, str]]:
    return parse_qsl(view.query, keep_blank_values=False, max_num_fields=300)


def _read(entity: Entity, given: list[tuple[str, str]], zone: ZoneInfo) -> ListState:
    named = [value for key, value in given if key == "columns"]
    rest: Any = MultiDict((key, value) for key, value in given if key != "columns")
    return replace(read_state(entity, rest, zone), columns=read_columns(",".join(named)))


def _known(entity: Entity, names: tuple[str, ...], usual: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns there are for this person, and the names of the others."""
    able = set(choosable(entity, usual)) if names else set()
    return tuple(name for name in names if name in able), tuple(name for name in names if name not in able)


def _opened(entity: Entity, view: Kept | None, desk: Desk, zone: ZoneInfo, usual: tuple[str, ...]) -> Opened:
    guarded = desk.default is not None or bool(_arranged(entity, desk))
    if view is None:
        return Opened(guarded=guarded)
    try:
        state = _read(entity, readable_pairs(entity, _kept(view), zone)[0], zone)
        saved = tuple(replace(state, columns=_known(entity, state.columns, usual)[0]).wishes)
    except Refused:
        saved = ()
    return Opened(view.id, saved, not view.is_private, guarded)


__all__ = ["Opening", "choosable", "open_list", "wishes_of"]
