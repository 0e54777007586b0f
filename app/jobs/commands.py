"""`qiao worker`, `qiao scheduler` and `qiao jobs`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from sqlalchemy import select

from app.host.console import chosen_site, in_site, site_option
from app.host.logs import configure_logging
from app.jobs.leases import JOBS
from app.jobs.rules import Status
from app.jobs.scheduler import run_scheduler
from app.jobs.services import cancel_job, retry_job
from app.jobs.worker import run_worker
from config import settings


def register(group: click.Group) -> None:
    """Add the commands of this room."""
    for command in (worker, scheduler, jobs):
        group.add_command(command)


@click.command()
@click.option("--queue", "queues", multiple=True, help="Only jobs of this queue; may be given several times.")
def worker(queues: tuple[str, ...]) -> None:
    """Run background jobs of all sites until Ctrl-C."""
    _log()
    run_worker(_instance(), queues=queues)


@click.command()
def scheduler() -> None:
    """Make the jobs of the schedules when they are due, until Ctrl-C."""
    _log()
    run_scheduler(_instance())


@click.group()
def jobs() -> None:
    """Look at background jobs, try them again, cancel them."""


@jobs.command("list")
@site_option
@click.option(
    "--status", type=click.Choice([status.value for status in Status]), help="Only jobs in this state."
)
@click.option("--limit", default=30, show_default=True, help="How many, the latest first.")
def list_jobs(slug: str | None, status: str | None, limit: int) -> None:
    """List jobs, the latest first."""
    with in_site(chosen_site(slug)) as app:
        statement = select(JOBS).order_by(JOBS.c.id.desc()).limit(limit)
        if status:
            statement = statement.where(JOBS.c.status == status)
        from_app = app.extensions["sqlalchemy"].engine
        with from_app.connect() as connection:
            rows = connection.execute(statement).all()
    for row in rows:
        total = f"/{row.progress_total}" if row.progress_total is not None else ""
        asked = f"{row.created_at:%Y-%m-%d %H:%M}Z"
        line = f"{row.id:>8}  {row.status:<9}  {asked}  {row.name}  {row.progress_done}{total}"
        click.echo(f"{line}  {row.error.splitlines()[0]}" if row.error else line)
    if not rows:
        click.echo("no jobs")


@jobs.command("retry")
@site_option
@click.argument("job_id", type=int)
def retry(slug: str | None, job_id: int) -> None:
    """Try a failed or cancelled job again."""
    _act(slug, retry_job, job_id)
    click.echo(f"job {job_id} waits for a worker")


@jobs.command("cancel")
@site_option
@click.argument("job_id", type=int)
def cancel(slug: str | None, job_id: int) -> None:
    """Cancel a job; a running one ends at its next chunk."""
    _act(slug, cancel_job, job_id)
    click.echo(f"job {job_id} is cancelled")


def _act(slug: str | None, act: Callable[[int], object], job_id: int) -> None:
    with in_site(chosen_site(slug)):
        act(job_id)


def _instance() -> Path:
    return settings().instance


def _log() -> None:
    """Workers say what they do in the log, whatever the console says otherwise."""
    configure_logging(settings().log_level, as_json=settings().production)
