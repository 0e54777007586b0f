"""One change of a site's shape at a time: migrations and permissions are written under this lock."""

from __future__ import annotations

from sqlalchemy import Connection, text

#: Any number other software on the same server is unlikely to choose.
KEY = 0x71_69_61_6F


def lock_site(connection: Connection) -> None:
    """Wait for the lock and hold it until the running transaction ends.

    PostgreSQL has advisory locks for it; on SQLite the transaction began with the write lock (`app.db`).
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": KEY})
