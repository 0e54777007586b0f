"""Migrations: the kernel and every module have a line of their own, with a version table of its own.

A run takes the site's lock and is one transaction, so a migration that fails half-way leaves nothing behind,
on SQLite as on PostgreSQL.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from app.db import extras, metadatas
from app.host.discovery import Found
from app.host.lock import lock_site

log = logging.getLogger(__name__)

KERNEL = "qiao"
#: Tables of custom entities begin so: admins make them on screen, no migration knows them (docs/adr/0053).
MADE_ON_SCREEN = "x_"
SCRIPTS = Path(__file__).resolve().parent.parent / "migrations"
#: Alembic's `op` is one for the whole process: one run at a time.
_process = threading.Lock()


class MigrationError(Exception):
    """Migrations that cannot be run; the message names the line and what is wrong."""


@dataclass(frozen=True, slots=True)
class Line:
    """One history of migrations: the kernel's (`slug` is ``qiao``) or a module's."""

    slug: str
    versions: Path

    @property
    def version_table(self) -> str:
        return f"{self.slug}_version"

    def script(self) -> ScriptDirectory:
        """The scripts as Alembic reads them."""
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", str(self.versions).replace("%", "%%"))
        return ScriptDirectory.from_config(config)

    def head(self) -> str | None:
        """The newest revision there is, None without scripts. Raises `MigrationError` for two."""
        if not self.versions.is_dir():
            return None
        try:
            heads = self.script().get_heads()
        except Exception as error:  # whatever a script raises while it is read
            raise MigrationError(f"{self.slug}: the migrations cannot be read: {error}") from error
        if len(heads) > 1:
            raise MigrationError(f"{self.slug}: the migrations have {len(heads)} ends: {', '.join(heads)}")
        return heads[0] if heads else None


KERNEL_LINE = Line(KERNEL, SCRIPTS / "versions")


def line_of(found: Found) -> Line:
    """The migrations of a module."""
    return Line(found.slug, found.folder / "migrations" / "versions")


def owner_of(table: str, slugs: set[str]) -> str:
    """Which line a table belongs to: the module whose slug is its prefix, else the kernel.

    >>> owner_of("pools_rule", {"pools", "loans"}), owner_of("customer", {"pools"})
    ('pools', 'qiao')
    """
    fitting = [slug for slug in slugs if table.startswith(f"{slug}_")]
    return max(fitting, key=len, default=KERNEL)


def tables_of(line: Line, slugs: set[str]) -> list[sa.Table]:
    """The tables of a line as the models describe them, `slugs` being all modules known."""
    everything = [table for metadata in metadatas for table in metadata.sorted_tables]
    return [table for table in everything if owner_of(table.name, slugs) == line.slug]


@contextmanager
def migrating(url: str | sa.URL) -> Iterator[sa.Connection]:
    """A connection in one transaction under the site's lock; foreign keys are checked at its end."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    sa.event.listen(engine, "connect", _foreign_keys_off)
    try:
        with _process, engine.begin() as connection:
            lock_site(connection)
            yield connection
            if connection.dialect.name == "sqlite":
                _check_foreign_keys(connection)
    finally:
        engine.dispose()


def _foreign_keys_off(connection: Any, _record: Any) -> None:
    """SQLite rebuilds a table by dropping the old one, which would delete what hangs on it."""
    if type(connection).__module__ == "sqlite3":
        connection.execute("PRAGMA foreign_keys=OFF")


def _check_foreign_keys(connection: sa.Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
    if broken:
        where = ", ".join(f"{row[0]} row {row[1]} -> {row[2]}" for row in broken)
        raise MigrationError(f"rows without what they refer to: {where}")


def revision_of(connection: sa.Connection, line: Line) -> str | None:
    """The revision the database is at, None before the first."""
    options = {"version_table": line.version_table}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def is_pending(connection: sa.Connection, line: Line) -> bool:
    """Whether the line has migrations the database does not know."""
    return revision_of(connection, line) != line.head()


def upgrade(connection: sa.Connection, line: Line, target: str = "head") -> list[str]:
    """Run what is pending up to `target`; returns the revisions run. Raises `MigrationError`.

    Whatever a script raises goes on to the caller; the transaction is then lost.
    """
    return _run(connection, line, target, up=True)


def downgrade(connection: sa.Connection, line: Line, target: str = "base") -> list[str]:
    """Go back to `target`; returns the revisions undone, newest first. Raises `MigrationError`."""
    return _run(connection, line, target, up=False)


def _run(connection: sa.Connection, line: Line, target: str, *, up: bool) -> list[str]:
    if line.head() is None:
        return []
    script = line.script()
    done: list[str] = []

    def steps(revision: Any, _context: MigrationContext) -> Any:
        return script._upgrade_revs(target, revision) if up else script._downgrade_revs(target, revision)

    def note(ctx: Any, step: Any, heads: Any, run_args: Any) -> None:
        done.extend(step.up_revision_ids)

    config = Config()
    with EnvironmentContext(config, script, fn=steps, destination_rev=target) as environment:
        environment.configure(
            connection=connection,
            version_table=line.version_table,
            transactional_ddl=True,
            on_version_apply=note,
            render_as_batch=connection.dialect.name == "sqlite",
        )
        try:
            environment.run_migrations()
        except CommandError as wrong:
            raise MigrationError(f"{line.slug}: {wrong}") from wrong
    if done:
        log.info("%s: ran %s", line.slug, ", ".join(done))
    return done


def differences(connection: sa.Connection, line: Line, slugs: set[str]) -> list[Any]:
    """What the models have and the database has not, or the other way round (Alembic's diff tuples)."""
    context = MigrationContext.configure(connection, opts=compare_options(line, slugs))
    return list(compare_metadata(context, metadatas))  # type: ignore[arg-type]


def compare_options(line: Line, slugs: set[str]) -> dict[str, Any]:
    """Alembic's options that keep a comparison to the tables of one line and to what its models describe."""
    beside = names_beside_tables()

    def include(_item: Any, name: str | None, kind: str, reflected: bool, compared: Any) -> bool:
        if name is None:
            return True
        if kind == "table":
            # Each module keeps the number of its last migration in a table no model describes.
            is_number = reflected and compared is None and name.endswith("_version")
            if owner_of(name, slugs) != line.slug or is_number or name.startswith(MADE_ON_SCREEN):
                return False
            # Full-text tables bring shadow tables named after them.
            return not reflected or not any(name == made or name.startswith(f"{made}_") for made in beside)
        return not (kind == "index" and reflected and compared is None and name in beside)

    return {"version_table": line.version_table, "include_object": include, "compare_type": True}


def names_beside_tables() -> set[str]:
    """Tables and indexes that models bring as plain DDL (`app.db.extra_ddl`)."""
    made = re.compile(r'\b(?:TABLE|INDEX)\s+(?:IF\s+NOT\s+EXISTS\s+)?"?(\w+)', re.IGNORECASE)
    return {
        name
        for dialects in extras.values()
        for create, _drop in dialects.values()
        for statement in create
        for name in made.findall(statement)
    }
