"""`qiao blueprint …`: export a site's settings, compare, apply, go back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask_babel import force_locale

from app.access.actors import acting_as, load_actor
from app.base.security.logins import find_login
from app.blueprint.parts import Part
from app.blueprint.rules import ADDED, CHANGED, REMOVED, Change, Leaf, Unfit
from app.blueprint.services import (
    Comparison,
    applied_documents,
    apply_document,
    begin_return,
    compare_document,
    discard,
    export_document,
    find_document,
    read_text,
    upload,
)
from app.db import reading
from app.host.console import chosen_site, in_site, site_option
from app.types import SYSTEM, Actor, Held

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
SIGNS = {ADDED: "+", CHANGED: "~", REMOVED: "-"}
login_option = click.option("--as", "login", help="Act with the rights of this login; the installation's own without.")


def register(group: click.Group) -> None:
    """Add the room's commands."""
    group.add_command(blueprint)


@click.group()
def blueprint() -> None:
    """All low-code settings of a site as one document."""


@blueprint.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@login_option
@site_option
def export(slug: str | None, file: Path | None, login: str | None) -> None:
    """Write the site's document to FILE, or to the console."""
    site = chosen_site(slug)
    with _at(slug, login), reading():
        text = export_document(site.name)
    if file is None:
        click.echo(text, nl=False)
    else:
        file.write_text(text, encoding="utf-8")


@blueprint.command("diff")
@click.argument("file", type=FILE)
@login_option
@site_option
def diff(slug: str | None, file: Path, login: str | None) -> None:
    """Show what FILE would change; ends with 1 when there is something, or when it cannot be applied."""
    with _at(slug, login), reading():
        comparison = compare_document(read_text(file.read_bytes()))
        _tell(comparison)
    if comparison.count or comparison.problems:
        raise click.exceptions.Exit(1)


@blueprint.command("apply")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Do everything, then take it back.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@login_option
@site_option
def apply(slug: str | None, file: Path, dry_run: bool, yes: bool, login: str | None) -> None:
    """Make the site what FILE says, in one transaction."""
    with _at(slug, login):
        _apply(upload(file.name, file.read_bytes()).id, dry_run=dry_run, yes=yes)


@blueprint.command("rollback")
@click.argument("number", type=int, required=False)
@click.option("--dry-run", is_flag=True, help="Do everything, then take it back.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@login_option
@site_option
def rollback(slug: str | None, number: int | None, dry_run: bool, yes: bool, login: str | None) -> None:
    """Go back to the site as it was after document NUMBER; without one, to before the last document."""
    with _at(slug, login):
        last = applied_documents()[:1]
        if number is None and not last:
            raise click.ClickException("nothing was applied yet")
        row = begin_return(number, "after") if number is not None else begin_return(last[0].id, "before")
        _apply(row.id, dry_run=dry_run, yes=yes)


@blueprint.command("history")
@site_option
def history(slug: str | None) -> None:
    """The documents applied, the newest first: number, when, who, what."""
    with _at(slug, None), reading():
        for row in applied_documents():
            counted = ", ".join(
                f"{part} {' '.join(f'{SIGNS[kind]}{count}' for kind, count in counts.items())}"
                for part, counts in row.summary.items()
            )
            click.echo(f"{row.id}\t{row.applied_at:%Y-%m-%d %H:%M}\t{row.applied_name}\t{row.name}\t{counted}")


@contextmanager
def _at(slug: str | None, login: str | None) -> Iterator[None]:
    with in_site(chosen_site(slug)), acting_as(_actor(login)), force_locale("en"):
        try:
            yield
        except Unfit as unfit:
            lines = [f"{problem.where or 'document'}: {problem.text}" for problem in unfit.problems]
            raise click.ClickException("\n".join(["nothing was changed:", *lines])) from unfit


def _actor(login: str | None) -> Actor:
    if login is None:
        return SYSTEM
    user = find_login(login)
    actor = load_actor(user.id) if user is not None else None
    if actor is None:
        raise click.ClickException(f"there is no login '{login}', or it is switched off")
    return actor


def _apply(document_id: int, *, dry_run: bool, yes: bool) -> None:
    row = find_document(document_id)
    assert row is not None  # noqa: S101 - uploaded a moment ago
    comparison = compare_document(read_text(row.text))
    _tell(comparison)
    if comparison.problems:
        raise click.exceptions.Exit(1)
    if not (dry_run or yes or not comparison.count):
        click.confirm("Apply?", abort=True)
    changes = apply_document(document_id, comparison.seen, dry_run=dry_run)
    if isinstance(changes, Held):
        click.echo(f"sent for approval: {changes.text}")
        return
    if dry_run:
        discard(document_id)
    click.echo(f"{len(changes)} changes {'tried, nothing was kept' if dry_run else 'applied'}")


def _tell(comparison: Comparison) -> None:
    """Every difference by part, with whom it reaches; then what is wrong."""
    for found in comparison.parts:
        if found.differences or found.hidden:
            click.echo(f"{found.part.label}:")
        for each in found.differences:
            change = each.change
            fate = f" ({found.part.fate(change)})" if change.kind == REMOVED else ""
            click.echo(f"  {SIGNS[change.kind]} {'.'.join(change.path)} {found.part.title(change)}{fate}")
            for impact in each.impact:
                click.echo(f"      {f'{impact.count:,} ' if impact.count is not None else ''}{impact.text}")
            for leaf in change.leaves:
                label = found.part.property(change, leaf) or "value"
                click.echo(f"      {label}: {_told(found.part, change, leaf)}")
        if found.hidden:
            click.echo(f"  {found.hidden} changes you may not see")
    if not comparison.count and not comparison.problems:
        click.echo("no differences")
    for problem in comparison.problems:
        click.echo(f"{problem.where or 'document'}: {problem.text}", err=True)


def _told(part: Part, change: Change, leaf: Leaf) -> str:
    if leaf.gone or leaf.come:
        gone = [f"-{part.said(change, leaf, each)}" for each in leaf.gone]
        return " ".join([*gone, *(f"+{part.said(change, leaf, each)}" for each in leaf.come)])
    return f"{part.said(change, leaf, leaf.before)} -> {part.said(change, leaf, leaf.after)}"
