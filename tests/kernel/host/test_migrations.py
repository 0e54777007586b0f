"""Tables come from migrations only, and the migrations say exactly what the models say."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from app import create_app
from app.db import metadatas
from app.host.authoring import make_migration
from app.host.manifest import RESERVED
from app.host.migrations import (
    KERNEL_LINE,
    Line,
    MigrationError,
    differences,
    downgrade,
    migrating,
    owner_of,
    revision_of,
    upgrade,
)
from app.host.modules import enable_module, installed_modules
from app.host.sites import Site
from app.host.upkeep import migrate_site
from app.testing.databases import drop_database, empty_database
from app.testing.inspection import running
from app.testing.modules import HOOKS, MIGRATION, ModuleFolder
from app.testing.plugin import KINDS, site_in


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database; the models of the kernel and of every module are loaded."""
    url = empty_database(request.param, tmp_path)
    create_app(site_in(tmp_path / "models", f"sqlite:///{tmp_path / 'none.db'}"), only=set(installed_modules()))
    request.addfinalizer(lambda: drop_database(url))
    return url


def schema(connection: sa.Connection) -> set[tuple[str, ...]]:
    """Tables, columns, indexes, triggers, keys as the database describes them itself."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("SELECT type, name, tbl_name FROM sqlite_master")
        found = {tuple(row) for row in rows if not row[1].startswith("sqlite_autoindex")}
    else:
        queries = (
            "SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
            "SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger "
            "WHERE NOT tgisinternal",
            "SELECT 'key', conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace",
            "SELECT 'function', proname, '', pg_get_functiondef(oid) FROM pg_proc "
            "WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'",
            "SELECT 'column', table_name, column_name, concat_ws(' ', data_type, character_maximum_length, "
            "numeric_precision, numeric_scale, is_nullable, collation_name) FROM information_schema.columns "
            "WHERE table_schema = 'public'",
        )
        found = {tuple(map(str, row)) for query in queries for row in connection.exec_driver_sql(query)}
    numbers = {f"{slug}_version" for slug in ("qiao", *installed_modules())}
    return {row for row in found if not numbers & {row[1], row[-1]}}


def test_models_equal_migrations(empty: str) -> None:
    slugs = set(installed_modules())
    with migrating(empty) as connection:
        upgrade(connection, KERNEL_LINE)
        assert revision_of(connection, KERNEL_LINE) == KERNEL_LINE.head()
        assert differences(connection, KERNEL_LINE, slugs) == []


def test_migrations_make_what_create_all_makes(empty: str, tmp_path: Path) -> None:
    kind = "sqlite" if empty.startswith("sqlite") else "postgresql"
    direct = empty_database(kind, tmp_path)
    slugs = set(installed_modules())
    try:
        engine = sa.create_engine(direct, poolclass=sa.NullPool)
        with engine.begin() as connection:
            for metadata in metadatas:
                kernel = [t for t in metadata.sorted_tables if owner_of(t.name, slugs) == "qiao"]
                metadata.create_all(connection, tables=kernel)
            wanted = schema(connection)
        engine.dispose()
        with migrating(empty) as connection:
            upgrade(connection, KERNEL_LINE)
            assert _without_names_of_fab(schema(connection)) == _without_names_of_fab(wanted)
    finally:
        drop_database(direct)


def _without_names_of_fab(rows: set[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """Flask-AppBuilder leaves the names of its keys and sequences to the database."""
    return {row for row in rows if not any(part.startswith("ab_") for part in row)}


def test_the_kernel_migrates_up_down_and_up(empty: str) -> None:
    with migrating(empty) as connection:
        upgrade(connection, KERNEL_LINE)
    with migrating(empty) as connection:
        downgrade(connection, KERNEL_LINE)
        assert sa.inspect(connection).get_table_names() == [KERNEL_LINE.version_table]
    with migrating(empty) as connection:
        upgrade(connection, KERNEL_LINE)
        assert differences(connection, KERNEL_LINE, set(installed_modules())) == []


def test_a_site_migrates_once_and_then_has_nothing_to_do(empty: str, tmp_path: Path) -> None:
    site = site_in(tmp_path / "instance", empty)
    assert migrate_site(site).ran["qiao"]
    again = migrate_site(site)
    assert (again.ran, again.failed) == ({"qiao": []}, {})


def test_a_failing_module_keeps_its_revision_and_the_others_go_on(site: Site, modules: ModuleFolder) -> None:
    broken = modules.write("alpha")
    sound = modules.write("beta")
    with running(site):
        enable_module("alpha")
        enable_module("beta")
    second = MIGRATION.replace('"0001"', '"0002"').replace("down_revision = None", 'down_revision = "0001"')
    for folder, slug in ((broken, "alpha"), (sound, "beta")):
        text = second.format(slug=slug).replace("_note", "_more")
        if slug == "alpha":
            text = text.replace("\n\ndef downgrade", '\n    raise RuntimeError("half-way")\n\n\ndef downgrade', 1)
        (folder / "migrations" / "versions" / "0002_more.py").write_text(text)
    done = migrate_site(site)
    assert done.ran["beta"] == ["0002"]
    assert "half-way" in str(done.failed["alpha"])
    with migrating(site.database_url) as connection:
        names = sa.inspect(connection).get_table_names()
        assert "beta_more" in names
        assert "alpha_more" not in names
        assert revision_of(connection, Line("alpha", broken / "migrations" / "versions")) == "0001"
        problem = connection.scalar(sa.text("SELECT problem FROM host_module WHERE slug = 'alpha'"))
        assert "half-way" in problem


def test_rows_that_lose_what_they_refer_to_stop_a_migration(tmp_path: Path) -> None:
    url = empty_database("sqlite", tmp_path)
    with pytest.raises(MigrationError, match="child"), migrating(url) as connection:
        connection.exec_driver_sql("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql("CREATE TABLE child (parent_id INTEGER REFERENCES parent (id))")
        connection.exec_driver_sql("INSERT INTO child VALUES (7)")
    engine = sa.create_engine(url)
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


def test_two_ends_are_told(tmp_path: Path) -> None:
    for number in ("0001", "0002"):
        text = MIGRATION.replace('"0001"', f'"{number}"').format(slug="alpha")
        (tmp_path / f"{number}_x.py").write_text(text)
    with pytest.raises(MigrationError, match="2 ends"):
        Line("alpha", tmp_path).head()


def test_no_module_can_be_called_like_a_table_of_the_kernel() -> None:
    slugs = set(installed_modules())
    tables = [t.name for metadata in metadatas for t in metadata.sorted_tables]
    kernel = [name for name in tables if owner_of(name, slugs) == "qiao" and not name.startswith("modules_")]
    assert {name.partition("_")[0] for name in kernel} <= RESERVED


def test_the_next_migration_is_written_from_the_models(site: Site, modules: ModuleFolder) -> None:
    folder = modules.write("alpha")
    with running(site):
        enable_module("alpha")
    changed = HOOKS.replace(
        "    name: Mapped[str] = mapped_column(String(100))\n",
        "    name: Mapped[str] = mapped_column(String(100))\n    stars: Mapped[int | None]\n"
        "    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)\n",
    ).replace("from app.api import Model", "from datetime import datetime\n\nfrom app.api import Model, UtcDateTime")
    beside = """

class Word(Model):
    __tablename__ = "{slug}_word"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(50))


for _dialect in ("sqlite", "postgresql"):
    extra_ddl(
        Word.__table__,
        _dialect,
        ["CREATE INDEX ix_{slug}_word_like ON {slug}_word (lower(text)) WHERE text LIKE '%:a'"],
        ["DROP INDEX ix_{slug}_word_like"],
    )
"""
    modules.write("alpha", hooks=changed + "\n\nfrom app.db import extra_ddl\n" + beside)
    line, slugs = Line("alpha", folder / "migrations" / "versions"), {"alpha"}
    with running(site):
        assert differences_of(site, line, slugs)
    with migrating(site.database_url) as connection:
        path = make_migration(connection, line, slugs, "more about notes")
    assert path is not None
    assert path.name == "0002_more_about_notes.py"
    written = path.read_text("utf-8")
    assert "sa.DateTime(timezone=True)" in written
    assert "app.db" not in written.replace("from app.api import execute_on", "")
    with migrating(site.database_url) as connection:
        assert upgrade(connection, line) == ["0002"]
        assert differences(connection, line, slugs) == []
        assert any("alpha_word_like" in part for row in schema(connection) for part in row)
        assert make_migration(connection, line, slugs, "nothing") is None
    with migrating(site.database_url) as connection:
        assert downgrade(connection, line, "0001") == ["0002"]
        assert "alpha_word" not in sa.inspect(connection).get_table_names()
        with pytest.raises(MigrationError, match="behind"):
            make_migration(connection, line, slugs, "too early")


def differences_of(site: Site, line: Line, slugs: set[str]) -> list[object]:
    with migrating(site.database_url) as connection:
        return differences(connection, line, slugs)
