"""Looking into a module: its sources and what they import, its words, its tables and rows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask
from sqlalchemy.types import TypeDecorator

from app import create_app
from app.access.actors import acting_as
from app.db import db, now, session
from app.host.discovery import Found
from app.host.migrations import line_of, migrating, tables_of
from app.host.modules import installed_modules
from app.host.sites import Site
from app.types import SYSTEM

KERNEL = Path(__file__).resolve().parent.parent
METHODS = [("**/tests/**", "ignore"), ("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS: dict[str, Any] = {
    **dict.fromkeys(("_", "gettext", "_l", "lazy_gettext")),
    **dict.fromkeys(("ngettext", "lazy_ngettext"), (1, 2)),
    **dict.fromkeys(("pgettext", "lazy_pgettext"), ((1, "c"), 2)),
}
#: A value of each type that any column takes.
SAMPLES: dict[type, Any] = {
    str: "x",
    int: 1,
    float: 1.0,
    bool: True,
    Decimal: Decimal(1),
    date: date(2026, 1, 2),
    dict: {},
    object: {},  # JSON
    bytes: b"x",
}


def sources(found: Found) -> list[Path]:
    """The module's Python files, without its tests and migrations."""
    paths = sorted(found.folder.rglob("*.py"))
    return [path for path in paths if not {"tests", "migrations"} & set(path.relative_to(found.folder).parts)]


def imported_names(path: Path) -> Iterator[str]:
    """What a file imports, dotted; what is imported only for types counts too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def hookimpls(path: Path) -> Iterator[ast.FunctionDef]:
    """The functions of a file that are marked as hooks."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and any(_is_hookimpl(each) for each in node.decorator_list):
            yield node


def _is_hookimpl(decorator: ast.expr) -> bool:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return (target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")) == "hookimpl"


def words_without_chinese(found: Found) -> list[str]:
    """Messages of the module that neither its own catalogue nor the kernel's translates."""
    own = found.folder.glob("translations/zh/LC_MESSAGES/*.po")
    done: set[str] = set()
    for path in (*KERNEL.glob("*/translations/zh/LC_MESSAGES/*.po"), *own):
        with path.open("rb") as file:
            for entry in read_po(file, locale="zh"):
                texts = entry.string if isinstance(entry.string, list | tuple) else (entry.string,)
                if entry.id and all(texts) and not entry.fuzzy:
                    done.add(_first(entry.id))
    asked = {_first(each[2]) for each in extract_from_dir(found.folder, METHODS, keywords=KEYWORDS)}
    return sorted(asked - done - {""})


def _first(message: str | tuple[str, ...] | list[str]) -> str:
    return message if isinstance(message, str) else message[0]


def requirements(found: Found) -> list[str]:
    """The module and all it requires, each after what it requires itself."""
    modules, order = installed_modules(), []

    def visit(slug: str) -> None:
        manifest = modules[slug].manifest
        for required in manifest.requires if manifest else ():
            visit(required)
        if slug not in order:
            order.append(slug)

    visit(found.slug)
    return order


def module_tables(found: Found) -> list[sa.Table]:
    """The module's tables as its models describe them (its code must have been imported)."""
    return tables_of(line_of(found), set(installed_modules()))


@contextmanager
def running(site: Site, only: list[str] | None = None) -> Iterator[Flask]:
    """The site's app with its context, acting as the installation; `only` replaces the modules on."""
    app = create_app(site, only=None if only is None else set(only))
    with app.app_context(), acting_as(SYSTEM):
        try:
            yield app
        finally:
            session.remove()
            db.engine.dispose()


def fill(found: Found) -> None:
    """A row in each of the module's tables that has none, whatever it refers to: only whether it survives counts."""
    with migrating(db.engine.url) as connection:  # on SQLite foreign keys wait until the end
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        else:
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        for table in module_tables(found):
            if connection.scalar(sa.select(sa.true()).select_from(table).limit(1)):
                continue
            values = {c.name: _sample(c) for c in table.columns if not _fills_itself(c)}
            with _unchecked(connection, table.name):
                connection.execute(table.insert().values(**values))
        while connection.dialect.name == "sqlite" and _adopt_orphans(connection):
            pass


@contextmanager
def _unchecked(connection: sa.Connection, table: str) -> Iterator[None]:
    """Let a row in that the checks of a table would refuse; PostgreSQL gets them back for later rows."""
    checks: list[Any] = []
    if connection.dialect.name == "postgresql":
        rows = "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass"
        checks = list(connection.exec_driver_sql(f"{rows} AND contype = 'c'", (table,)))
    for name, _definition in checks:
        connection.exec_driver_sql(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
    yield
    for name, definition in checks:
        connection.exec_driver_sql(f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {definition} NOT VALID')


def _fills_itself(column: sa.Column[Any]) -> bool:
    if column.nullable is True:
        return True
    return column.primary_key and column.autoincrement is not False and isinstance(column.type, sa.Integer)


def _sample(column: sa.Column[Any]) -> Any:
    described = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    kind = described.python_type
    return now() if kind is datetime else SAMPLES[kind]


def _adopt_orphans(connection: sa.Connection) -> bool:
    """Make the rows that others refer to and that are not there; False when none was missing."""
    missing = {row[2] for row in connection.exec_driver_sql("PRAGMA foreign_key_check")}
    for target in missing:
        described = sa.Table(target, sa.MetaData(), autoload_with=connection)
        values = {c.name: _sample(c) for c in described.columns if not (c.nullable or c.server_default)}
        connection.execute(described.insert().values(**values))
    return bool(missing)


def rows_of(found: Found) -> dict[str, int]:
    """The number of rows in each of the module's tables."""
    counted = {}
    for table in module_tables(found):
        counted[table.name] = session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
    session.rollback()
    return counted


def all_grants() -> set[tuple[int, int]]:
    """Every (role, permission) pair that is granted in the site."""
    grant = sa.table("ab_permission_view_role", sa.column("role_id"), sa.column("permission_view_id"))
    rows = session.execute(sa.select(grant.c.role_id, grant.c.permission_view_id)).all()
    session.rollback()
    return {(role, pair) for role, pair in rows}
