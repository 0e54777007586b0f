"""`qiao import`: the same import as on screen, from the console."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from app.access.actors import acting_as, load_actor
from app.base.security.logins import find_login
from app.db import transaction
from app.host.console import chosen_site, in_site, site_option
from app.host.context import context
from app.transfer.messages import problems_text
from app.transfer.models import Import
from app.transfer.services import imports, storage
from app.transfer.services.engine import POLICIES
from app.transfer.services.mappings import load_mapping
from app.transfer.services.running import run_import
from app.types import SYSTEM, Actor


class ConsoleRun:
    """Chunks and progress of an import that runs in the console and not in a worker."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet

    @contextmanager
    def chunk(self, key: object) -> Iterator[None]:
        """One transaction."""
        with transaction():
            yield

    def progress(self, done: int, total: int | None = None, message: object = None) -> None:
        """A line that is written over."""
        if not self.quiet:
            click.echo(f"\r{done:,} / {total or 0:,}", nl=False, err=True)

    def check_cancelled(self) -> None:
        """Ctrl-C ends the process; what its chunks have committed stays."""


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--entity", required=True, help="What the rows are: customer, activity, unit …")
@click.option("--mapping", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A mapping (YAML).")
@click.option("--dry-run", is_flag=True, help="Tell what would be done, and keep nothing.")
@click.option("--duplicates", type=click.Choice(POLICIES), help="What to do with records that exist already.")
@click.option("--as", "login", help="Import with the rights of this login; the installation's own when left out.")
@click.option("--errors", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the failed rows.")
@site_option
def import_file(
    slug: str | None,
    file: Path,
    entity: str,
    mapping: Path | None,
    dry_run: bool,
    duplicates: str | None,
    login: str | None,
    errors: Path | None,
) -> None:
    """Import the rows of FILE (CSV, XLSX, or one of them in a .gz or .zip)."""
    with in_site(chosen_site(slug)), acting_as(_actor(login)):
        made = _upload(file, entity, mapping, duplicates)
        click.echo(f"{made.file_name}: {made.row_count} rows, {len(made.header)} columns")
        if dry_run:
            _report_check(made)
            imports.cancel_unstarted(made.id)
            return
        imports.begin(made.id)
        run_import(ConsoleRun(), made.id)
        _report(imports.find_import(made.id), errors)


def _actor(login: str | None) -> Actor:
    if login is None:
        return SYSTEM
    user = find_login(login)
    actor = load_actor(user.id) if user is not None else None
    if actor is None:
        raise click.ClickException(f"there is no login '{login}', or it is switched off")
    return actor


def _upload(file: Path, entity: str, mapping: Path | None, duplicates: str | None) -> Import:
    given = load_mapping(mapping) if mapping else None
    if given is not None and duplicates:
        given = replace(given, duplicates=duplicates)
    with file.open("rb") as source:
        made = imports.upload(source, file.name, entity, mapping=given)
    if given is None:
        with transaction():
            made.duplicates = duplicates or made.duplicates
    return made


def _report_check(made: Import) -> None:
    answer = imports.check(made.id, run=ConsoleRun())
    names = {
        "created": "new",
        "updated": "changed",
        "skipped": "skipped",
        "failed": "wrong",
        "asked": "to decide",
    }
    click.echo("\n" + ", ".join(f"{names[key]} {count}" for key, count in answer["counts"].items()))
    described = context().entities[made.entity]
    for row in answer["failed"][:20]:
        click.echo(f"row {row['number']}: {problems_text(described, row['problems'])}")


def _report(made: Import, errors: Path | None) -> None:
    click.echo(
        f"\nnew {made.created_count}, changed {made.updated_count}, skipped {made.skipped_count}, "
        f"wrong {made.failed_count}"
    )
    if made.status == "review":
        click.echo("some rows seem to be there already: decide about them on screen")
    if made.error_file and errors is not None:
        shutil.copyfile(storage.path_of("imports", made.error_file), errors)
        click.echo(f"the rows that failed, with reasons: {errors}")


def register(group: click.Group) -> None:
    """Add the room's commands."""
    group.add_command(import_file)
