"""Modules written for one test, in a plugins folder of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.db import Model, extras
from app.host import boot
from config import settings

HOOKS = """
from flask_babel import lazy_gettext as _l
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.api import Model, hookimpl
from app.types import Entity, Field, MenuGroup, MenuItem, RoleTemplate, ScopedBy


class Note(Model):
    __tablename__ = "{slug}_note"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))


NOTE = Entity(
    slug="{slug}_note",
    model=Note,
    label="Note",
    fields=(Field("name", "Name", required=True),),
    scoped_by=ScopedBy(public=True),
    list_fields=("name",),
    module="{slug}",
)


@hookimpl
def entities():
    return (NOTE,)


@hookimpl
def menu():
    item = MenuItem("{slug}_notes", "Notes", NOTE.view_name + ".list", NOTE.view_name)
    return (MenuGroup("{slug}", "{slug}", "notes", (item,)),)


@hookimpl
def role_templates():
    return (RoleTemplate("account_manager", "", {{NOTE.view_name: ("can_list",)}}),)
"""

MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table(
        "{slug}_note",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
    )


def downgrade():
    op.drop_table("{slug}_note")
"""


class ModuleFolder:
    """The plugins folder of a test; `write` adds a module that works unless told otherwise."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(
        self,
        slug: str,
        *,
        requires: tuple[str, ...] = (),
        version: str = "1.0.0",
        kernel: str = ">=0.1,<1",
        hooks: str = HOOKS,
        migration: str = MIGRATION,
        manifest: str | None = None,
    ) -> Path:
        """Write (or overwrite) a module; in `hooks` and `migration` ``{slug}`` stands for its slug."""
        folder = self.root / slug
        (folder / "migrations" / "versions").mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").write_text("")
        (folder / "manifest.toml").write_text(
            manifest
            if manifest is not None
            else f'slug = "{slug}"\nversion = "{version}"\nkernel = "{kernel}"\n'
            f'name = {{ zh = "模块{slug}", en = "Module {slug}" }}\nrequires = {list(requires)}\n'
        )
        (folder / "hooks.py").write_text(hooks.format(slug=slug))
        if migration:
            path = folder / "migrations" / "versions" / "0001_initial.py"
            path.write_text(migration.format(slug=slug))
        self.forget(slug)
        return folder

    def forget(self, slug: str) -> None:
        """Let the module be imported afresh, as a new process would."""
        package = f"{self.root.name}.{slug}"
        for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
            del sys.modules[name]
        boot._imported.pop(package, None)
        registry: Any = Model.registry
        # Also a table that does not begin with the module's slug, which is what a test may be about.
        left = {t for t in Model.metadata.tables.values() if t.name.startswith(f"{slug}_")}
        for manager in list(registry._managers):
            if manager.class_.__module__.startswith(f"{package}."):
                left.add(manager.class_.__table__)
                registry._dispose_manager_and_mapper(manager)
                registry._managers.pop(manager, None)
        for table in left:
            Model.metadata.remove(table)
            extras.pop(table.name, None)


@contextmanager
def module_folder(parent: Path) -> Iterator[ModuleFolder]:
    """A plugins folder in place of the installation's own for the time of a block."""
    root = parent / f"modules_{uuid4().hex[:8]}"
    root.mkdir()
    before = settings().plugins
    sys.path.insert(0, str(parent))
    object.__setattr__(settings(), "plugins", root)
    folder = ModuleFolder(root)
    try:
        yield folder
    finally:
        object.__setattr__(settings(), "plugins", before)
        sys.path.remove(str(parent))
        for path in root.iterdir():
            folder.forget(path.name)
        sys.modules.pop(root.name, None)
