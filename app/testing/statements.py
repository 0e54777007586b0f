"""The SQL that reaches the database while something is done, without what only depends on how long it takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import event

from app.approvals.services.binding import bindings
from app.db import db
from app.host.context import context

_AROUND = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")


@contextmanager
def heard() -> Iterator[list[str]]:
    """The statements of the block in their order, but those that begin and end transactions.

    What has been read of approval flows is believed for a second; here for the whole block, so that a slow machine
    counts no statement more than a fast one.
    """
    carried, read, statements = context(), bindings(), list[str]()
    held = carried.approvals = replace(read, read_at=float("inf"))

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(_AROUND):
            statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
        if carried.approvals is held:
            carried.approvals = read


__all__ = ["heard"]
