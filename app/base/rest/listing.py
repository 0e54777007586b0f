"""A page of records over REST: the same filters, order and search as the screen's list, read as strictly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from app.access.actors import require_actor
from app.access.policy import seen_by
from app.base.rest.noting import note_list
from app.base.rest.records import chosen_fields, shown
from app.base.views.cells import zone
from app.base.views.listing import read_page
from app.base.views.lists import asked_links, refuse_unseen
from app.base.views.state import ListState, read_state, write_cursor
from app.base.views.titles import read_titles
from app.types import Entity, Refused

PAGE_SIZE = 20
MAX_PAGE_SIZE = 100
#: What an address holds beside the list's own state.
OWN = ("fields", "page_size")


def api_page(entity: Entity, args: MultiDict[str, str], path: str) -> dict[str, Any]:
    """The answer to a list request, once it is written to the audit log.

    `count` is null when there are more rows than are counted; `next` and `previous` are addresses that go on
    from a row where the order has an index. Raises `Refused` by parameter for what is not understood.
    """
    errors: dict[str, Any] = {}
    given = MultiDict((key, value) for key, value in args.items(multi=True) if key not in OWN)
    names = state = None
    try:
        names = chosen_fields(entity, args)
    except Refused as refused:
        errors |= refused.errors
    if "size" in given:
        errors["size"] = _("There is no filter “%(name)s” here", name="size")
        del given["size"]
    try:
        state = read_state(seen_by(entity, require_actor()), given, zone())
    except Refused as refused:
        errors |= refused.errors
    size = args.get("page_size", str(PAGE_SIZE))
    if not (size.isascii() and size.isdecimal() and len(size) < 4 and 1 <= int(size) <= MAX_PAGE_SIZE):
        errors["page_size"] = _("A page has 1 to %(count)s records", count=MAX_PAGE_SIZE)
    if errors or state is None:
        raise Refused(errors=errors)
    state = replace(state, size=int(size))
    asked = asked_links(state)
    if asked:
        refuse_unseen(asked, read_titles(asked))
    page = read_page(state)
    answered = {
        "count": page.count,
        "page": state.page,
        "page_size": state.size,
        "next": _address(path, page.next, args.get("fields")),
        "previous": _address(path, page.previous, args.get("fields")),
        "result": [shown(entity, record, names) for record in page.records],
    }
    note_list(entity, state, [record.id for record in page.records])
    return answered


def _address(path: str, state: ListState | None, fields: str | None) -> str | None:
    if state is None:
        return None
    pairs = [*state.narrowing, *state.ordering, ("page_size", str(state.size))]
    if state.page != 1:
        pairs.append(("page", str(state.page)))
    for name, cursor in (("after", state.after), ("before", state.before)):
        if cursor is not None:
            pairs.append((name, write_cursor(cursor)))
    if fields:
        pairs.append(("fields", fields))
    return f"{path}?{urlencode(pairs)}"
