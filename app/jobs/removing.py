"""Old rows go by themselves, so many in a transaction that nobody waits for it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, Table, delete

from app.db import session
from app.jobs.run import Run


def remove_rows(run: Run, table: Table, old: Select[Any], size: int) -> dict[str, int]:
    """Remove the rows whose ids `old` selects, `size` of them in a transaction: {"removed": how many}.

    A job that was interrupted goes on counting where it was.
    """
    batch = delete(table).where(table.c.id.in_(old.limit(size)))
    number = 0
    while True:
        number += 1
        if run.is_done(number):
            continue
        with run.chunk(number):
            count: int = session.connection().execute(batch).rowcount
            run.state["removed"] = run.state.get("removed", 0) + count
            run.progress(run.state["removed"])
        if count < size:
            return {"removed": run.state["removed"]}


__all__ = ["remove_rows"]
