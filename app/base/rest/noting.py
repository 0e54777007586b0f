"""Who read what by REST: each answer with records is written to the audit log before it leaves (docs/adr/0044)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import request

from app.access.audit import Act, record_acts
from app.base.rest.access import way
from app.base.views.state import ListState
from app.db import session, transaction, writing
from app.types import Entity

#: How the log calls it.
READ = "read_rest"


def note_list(entity: Entity, state: ListState, ids: list[int]) -> None:
    """Note a page of records that is about to be answered, an empty one too: it says that nobody matches."""
    changes: dict[str, list[Any]] = {"filter": [None, urlencode(state.narrowing)], "rows": [None, len(ids)]}
    if ids:
        changes["records"] = [None, ids]
    _note(entity, Act(READ, entity.slug, "", "", {**way(), **changes}))


def note_record(entity: Entity, record: Any) -> None:
    """Note one record that is about to be answered."""
    _note(entity, Act(READ, entity.slug, str(record.id), str(getattr(record, entity.title, "") or ""), way()))


def _note(entity: Entity, act: Act) -> None:
    if not entity.audited or request.method == "HEAD":
        return
    session.rollback()  # what a GET reads in SQLite cannot go on to write
    with writing(), transaction() as current:
        record_acts(current, [act])
