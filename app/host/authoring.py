"""Writing the next migration from the models, for developers: `qiao make-migration`."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from alembic.autogenerate import RevisionContext, renderers
from alembic.config import Config
from alembic.operations import ops
from alembic.runtime.environment import EnvironmentContext

from app.db import UtcDateTime, extras, metadatas
from app.host.migrations import KERNEL, Line, MigrationError, compare_options, is_pending

Statements = Mapping[str, list[str]]


class BesideTableOp(ops.MigrateOperation):
    """Plain statements by dialect: what a model brings with `app.db.extra_ddl`."""

    def __init__(self, statements: Statements) -> None:
        self.statements = statements


@renderers.dispatch_for(BesideTableOp)
def _render_beside(_context: Any, operation: BesideTableOp) -> list[str]:
    """One call per statement: Alembic's printer keeps no blocks."""
    return [
        f"execute_on({dialect!r}, {statement!r})"
        for dialect, statements in operation.statements.items()
        for statement in statements
    ]


def make_migration(connection: sa.Connection, line: Line, slugs: set[str], message: str) -> Path | None:
    """Write the next migration of a line; None when the models say what the database has already.

    Raises `MigrationError` while the database itself is behind. Read what it wrote before committing it.
    """
    line.versions.mkdir(parents=True, exist_ok=True)
    if is_pending(connection, line):
        raise MigrationError(f"{line.slug}: run 'qiao migrate' first, the database is behind")
    config = Config()
    script = line.script()
    script.file_template = "%(rev)s_%(slug)s"
    number = len(list(line.versions.glob("[0-9]*.py"))) + 1
    arguments = {
        "message": message,
        "autogenerate": True,
        "sql": False,
        "head": "head",
        "splice": False,
        "branch_label": None,
        "version_path": str(line.versions),
        "rev_id": f"{number:04d}",
        "depends_on": None,
    }
    is_first = line.head() is None

    def review(_context: Any, _revision: Any, directives: list[Any]) -> None:
        (written,) = directives
        if _carry_extras(written):
            written.imports.add(f"from {'app.db' if line.slug == KERNEL else 'app.api'} import execute_on")
        if written.upgrade_ops.is_empty():
            directives.clear()

    revision = RevisionContext(config, script, arguments, process_revision_directives=review)

    def compare(current: Any, context: Any) -> list[Any]:
        revision.run_autogenerate(current, context)
        return []

    with EnvironmentContext(config, script, fn=compare, template_args=revision.template_args) as environment:
        environment.configure(
            connection=connection,
            target_metadata=metadatas,
            render_item=_render_item,
            # The first migration only makes tables; later ones may change them, which SQLite does by copying.
            render_as_batch=not is_first,
            **compare_options(line, slugs),
        )
        environment.run_migrations()
    written = [made for made in revision.generate_scripts() if made is not None]
    if not written:
        with suppress(OSError):  # a folder that was made for nothing
            line.versions.rmdir()
        return None
    path = Path(written[0].path)
    _tidy(path)
    return path


def _tidy(path: Path) -> None:
    """Leave Alembic's remarks out and format the file as the rest, where the formatter is installed."""
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.strip().startswith("# ###")), "utf-8")
    if importlib.util.find_spec("ruff"):
        for arguments in (("check", "--fix", "--quiet", "--ignore", "E501"), ("format", "--quiet")):
            subprocess.run([sys.executable, "-m", "ruff", *arguments, str(path)], check=False)


def _render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """A migration names SQLAlchemy's own types only: ours may change after it was written."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def _carry_extras(written: Any) -> bool:
    """After the new tables what belongs beside them, before each dropped one what must go first."""
    made: list[Any] = []
    for operation in written.upgrade_ops.ops:
        made.append(operation)
        if isinstance(operation, ops.CreateTableOp) and operation.table_name in extras:
            dialects = extras[operation.table_name]
            made.append(BesideTableOp({name: create for name, (create, _drop) in dialects.items()}))
    written.upgrade_ops.ops = _last(made)
    gone: list[Any] = []
    for operation in written.downgrade_ops.ops:
        if isinstance(operation, ops.DropTableOp) and operation.table_name in extras:
            dialects = extras[operation.table_name]
            gone.append(BesideTableOp({name: drop for name, (_create, drop) in dialects.items()}))
        gone.append(operation)
    written.downgrade_ops.ops = gone
    return any(isinstance(operation, BesideTableOp) for operation in (*made, *gone))


def _last(operations: list[Any]) -> list[Any]:
    """Plain statements after everything else: they may name any column or table."""
    plain = [operation for operation in operations if isinstance(operation, BesideTableOp)]
    return [operation for operation in operations if not isinstance(operation, BesideTableOp)] + plain
