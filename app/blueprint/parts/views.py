"""Saved views of lists that are shared with a unit, a role or everybody, and which of them opens by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.access.actors import require_actor
from app.access.policy import seen_by
from app.access.scope import UNSCOPED
from app.base.saved.models import SavedView
from app.base.saved.rules import LONGEST_NAME, SET_DEFAULT, VIEW, Audience, clean_name, read_columns
from app.base.saved.services import NOBODY, Wish, change_view, keep_state, place_view, query_of, remove_view
from app.base.security.roles.services import role_list
from app.base.views.cells import zone
from app.base.views.desk import may_list
from app.base.views.leaving import readable_pairs
from app.base.views.opening import state_of
from app.base.views.state import ListState
from app.blueprint.parts.entities import served_slugs
from app.blueprint.parts.part import Part, is_new, mappings, said
from app.blueprint.rules import ADDED, CHANGED, REMOVED, Change, Leaf, Path, Problem
from app.db import session
from app.host.context import context
from app.types import Actor, Entity, Kind, Refused, Text

KEYS = ("unit", "role", "default", "shows")
_NAMES = {
    "unit": _l("For a unit and below"),
    "role": _l("For a role"),
    "default": _l("Opens by itself"),
    "shows": _l("What it shows"),
}
Pairs = list[tuple[str, str]]


class ViewsPart(Part):
    """`{entity: {name: {unit, role, default, shows}}}`; with neither unit (by code) nor role a view is for everybody.

    What is private never stands in a document, nor a view that asks for single records: their numbers are a site's own.
    One that is not in the document is no longer shared: it stays with whoever made it.
    """

    name = "views"
    label = _l("Shared views of lists")
    icon = "bookmark"
    view = VIEW
    takes: ClassVar[Mapping[str, str]] = {ADDED: SET_DEFAULT, CHANGED: SET_DEFAULT, REMOVED: SET_DEFAULT}
    depth = 2

    def may_see(self, actor: Actor) -> bool:
        return actor.can(SET_DEFAULT, self.view)

    def read(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = defaultdict(dict)
        units, roles = ({number: name for name, number in named().items()} for named in (_units, _roles))
        for (slug, name), view in sorted(_shared().items()):
            content = _written(view, units, roles)
            if content is not None:
                found[slug][name] = content
        return dict(found)

    def items(self, data: Any) -> dict[Path, Any]:
        """What a view shows is compared as a list understands it, however it was written."""
        return {path: _plain(path[0], content) for path, content in super().items(data).items()}

    def check(self, wanted: Any, document: Mapping[str, Any]) -> Iterable[Problem]:
        entities, wrong = mappings((self.name,), wanted)
        yield from wrong
        units, roles = set(_units()), _roles_there_will_be(document)
        for path, views in entities:
            if path[1] not in context().entities and not is_new(path[1], document):
                yield Problem(path, _("This site has no such records"))
                continue
            named, wrong = mappings(path, views)
            yield from wrong
            for place, content in named:
                yield from _wrong_view(place, content, units, roles)
            opening = [place for place, content in named if content.get("default") is True]
            yield from (Problem((*p, "default"), _("Only one view of a list opens by itself")) for p in opening[1:])

    def apply(self, change: Change) -> None:
        slug, name = change.path
        held = _shared()
        for (_slug, called), view in held.items():
            view.name = called  # of two with one name, each has its own from now on
        view_ = held.get((slug, name))
        if change.kind == REMOVED:
            if view_ is not None and view_.user_id == NOBODY:
                remove_view(view_)
            elif view_ is not None:
                change_view(view_, Wish(view_.name))
            return
        query, wish = _query(slug, change.after.get("shows", [])), _wish(name, change.after)
        if view_ is None:
            place_view(slug, query, wish)
        else:
            keep_state(view_, query)
            change_view(view_, wish)

    def title(self, change: Change) -> Text:
        entity = context().entities.get(change.path[0])
        return f"{entity.label if entity else change.path[0]} · {change.path[1]}"

    def property(self, change: Change, leaf: Leaf) -> Text:
        return str(_NAMES.get(leaf.path[0], leaf.path[0]))

    def said(self, change: Change, leaf: Leaf, value: Any) -> Text:
        return said(value)

    def fate(self, change: Change) -> Text:
        return _("No longer shared; whoever made it keeps it")


def _shared() -> dict[tuple[str, str], SavedView]:
    """What is shared of the lists in use, by entity and name; of several with one name the later ones get a number."""
    statement = select(SavedView).where(SavedView.audience != Audience.PRIVATE).order_by(SavedView.id)
    found: dict[tuple[str, str], SavedView] = {}
    served = served_slugs()
    for view in session.scalars(statement.execution_options(**{UNSCOPED: True}, populate_existing=True)):
        if view.entity not in served:
            continue
        name, number = view.name, 2
        while (view.entity, name) in found:
            name, number = f"{view.name[: LONGEST_NAME - 5]} ({number})", number + 1
        found[(view.entity, name)] = view
    return found


def _written(view: SavedView, units: Mapping[int, str], roles: Mapping[int, str]) -> dict[str, Any] | None:
    """A view as a document has it; None for one of this site only."""
    made: dict[str, Any] = {}
    if view.audience in (Audience.UNIT, Audience.ROLE):
        names, number = (units, view.unit_id) if view.audience == Audience.UNIT else (roles, view.role_id)
        if number is None or number not in names:
            return None
        made[view.audience] = names[number]
    entity = context().entities.get(view.entity)
    lines = _readable(entity, parse_qsl(view.query, max_num_fields=300)) if entity is not None else None
    if lines is None:
        return None
    made |= {"default": True} if view.is_default else {}
    return made | ({"shows": lines} if lines else {})


def _readable(entity: Entity, pairs: Pairs) -> list[str] | None:
    """What can still be read of it, line by line; None for what asks for single records."""
    try:
        kept, _left = readable_pairs(entity, pairs, zone())
        state = state_of(entity, [_known(entity, pair) for pair in kept], zone())
    except (Refused, ValueError):
        return None
    return None if _asks_for_records(state) else _lines(state)


def _known(entity: Entity, pair: tuple[str, str]) -> tuple[str, str]:
    key, value = pair
    if key != "columns":
        return pair
    return key, ",".join(name for name in read_columns(value) if entity.field(name) is not None)


def _lines(state: ListState) -> list[str]:
    return [f"{key}={value}" for key, value in state.wishes]


def _pairs(lines: Iterable[str]) -> Pairs:
    parted = (line.partition("=") for line in lines)
    return [(key, value) for key, _sign, value in parted]


def _asks_for_records(state: ListState) -> bool:
    conditions = (*state.filters, *(state.where.leaves if state.where is not None else ()))
    return any(
        one.field.kind is Kind.LINK and any(isinstance(value, int) for value in one.values) for one in conditions
    )


def _plain(slug: str, content: Any) -> Any:
    entity = context().entities.get(slug)
    if entity is None or not isinstance(content, dict) or not content.get("shows"):
        return content
    try:
        lines = _lines(state_of(entity, _pairs(content["shows"]), zone()))
    except (Refused, ValueError):  # of fields that are yet to be made, or wrong: applying says so
        return content
    rest = {name: value for name, value in content.items() if name != "shows"}
    return {**rest, "shows": lines} if lines else rest


def _query(slug: str, lines: list[str]) -> str:
    """What a view keeps, as the person who applies the document may ask for it. Raises `Refused`."""
    entity = context().entities.get(slug)
    if entity is None or not may_list(entity):
        raise Refused(_("You may not open this list"))
    try:
        state = state_of(seen_by(entity, require_actor()), _pairs(lines), zone())
    except Refused as refused:
        raise Refused("; ".join(map(str, refused.errors.values())) or str(refused), field="shows") from refused
    if _asks_for_records(state):
        text = _("A view in a document cannot ask for single records; they are others in each site")
        raise Refused(text, field="shows")
    return query_of(state.wishes)


def _wish(name: str, content: Mapping[str, Any]) -> Wish:
    default = content.get("default", False)
    if "unit" in content:
        return Wish(name, Audience.UNIT, unit_id=_number(_units, content, "unit"))
    if "role" in content:
        return Wish(name, Audience.ROLE, role_id=_number(_roles, content, "role"))
    return Wish(name, Audience.EVERYONE, is_default=default)


def _number(named: Callable[[], dict[str, int]], content: Mapping[str, Any], key: str) -> int:
    found = named().get(content[key])
    if found is None:
        raise Refused(_("There is none of this name in this site: %(name)s", name=content[key]), field=key)
    return found


def _units() -> dict[str, int]:
    unit: Any = context().entities["unit"].model
    rows = session.execute(select(unit.code, unit.id).execution_options(**{UNSCOPED: True}))
    return {row.code: row.id for row in rows}


def _roles() -> dict[str, int]:
    return {facts.name: facts.id for facts in role_list()}


def _roles_there_will_be(document: Mapping[str, Any]) -> set[str]:
    """Of those not in a document's roles only the fixed ones stay."""
    named = document.get("roles")
    if not isinstance(named, dict):
        return set(_roles())
    return {*named, *(facts.name for facts in role_list() if facts.is_fixed)}


def _wrong_view(path: Path, content: Mapping[str, Any], units: set[str], roles: set[str]) -> Iterable[Problem]:
    try:
        right = clean_name(path[2]) == path[2]
    except ValueError:
        right = False
    if not right:
        text = _("A name has 1 to %(count)s characters, without blanks around it", count=LONGEST_NAME)
        yield Problem(path, text)
    for name in content:
        if name not in KEYS:
            yield Problem((*path, name), _("This is not known; there are: %(names)s", names=", ".join(KEYS)))
    for key, known in (("unit", units), ("role", roles)):
        if key in content and not (isinstance(content[key], str) and content[key] in known):
            text = _("There is none of this name in this site: %(name)s", name=said(content[key]))
            yield Problem((*path, key), text)
    default, shows = content.get("default", False), content.get("shows", [])
    if not isinstance(default, bool):
        yield Problem((*path, "default"), _("true or false is expected here"))
    if len({"unit", "role"} & content.keys()) + (default is True) > 1:
        text = _("A view is for a unit, for a role or for everybody; what opens by itself is for everybody")
        yield Problem(path, text)
    if not isinstance(shows, list) or not all(isinstance(line, str) and "=" in line for line in shows):
        yield Problem((*path, "shows"), _("A list of texts like “sort=-id” is expected here"))
