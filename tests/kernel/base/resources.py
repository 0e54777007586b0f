"""Customers over REST, and what a refused call leaves as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from app.db import db, metadatas, session
from app.testing.people import Browser, People, login

CUSTOMERS = "/api/v1/customer/"
CONTACTS = "/api/v1/contact/"


@contextmanager
def unchanged() -> Iterator[None]:
    """Not one row of any table is added, changed or removed."""
    before = contents()
    yield
    assert contents() == before


def contents() -> dict[str, Any]:
    session.commit()
    with db.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, map(tuple, connection.exec_driver_sql(f'SELECT * FROM "{table.name}"'))))
            for metadata in metadatas
            for table in metadata.sorted_tables
            if table.name not in ("host_state",)
        }


def as_manager(client: Browser, people: People) -> Browser:
    login(client, people.manager)
    return client
