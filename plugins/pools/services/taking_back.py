"""Taking back a whole night: asked for once, done by one durable job, chunk by chunk."""

from __future__ import annotations

from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from app.api import UNSCOPED, Act, acting_as, enqueue, find_job, record_acts, require_actor, transaction
from app.types import SYSTEM, Refused
from plugins.pools.models import PoolMovement, PoolRun
from plugins.pools.services.nights import Stayed, note_stayed
from plugins.pools.services.reversing import take_back

REVERSE_JOB = "pools.reverse_run"
#: The permission name of the screens of runs.
VIEW = "PoolsRunView"
#: Movements taken back by one chunk.
CHUNK = 2_000
_OPEN = {UNSCOPED: True, "populate_existing": True}
_MOVEMENT = cast(Table, PoolMovement.__table__)


def start_reversal(run_id: int) -> int:
    """Take back all a night moved, as far as nothing has happened since; returns the job's id.

    Raises `LookupError` for no such run, `Refused` without the right to, while the run or its reversal is under way,
    and for one taken back already.
    """
    if not require_actor().can("can_reverse", VIEW):
        raise Refused(_("You may not do this"))
    with transaction() as current:
        made = current.scalar(select(PoolRun).where(PoolRun.id == run_id).with_for_update().execution_options(**_OPEN))
        if made is None:
            raise LookupError(f"no run {run_id}")
        if made.state == "reversed":
            raise Refused(_("This run was taken back already"))
        if _is_under_way(made.job_id) or _is_under_way(made.reverse_job_id):
            raise Refused(_("This run is still under way"))
        made.state = "reversing"
        made.notes = {name: note for name, note in made.notes.items() if not name.startswith("kept")}
        title = _("Take back the night of %(day)s", day=made.business_date)
        made.reverse_job_id = enqueue(REVERSE_JOB, {"run_id": made.id}, unique_key=str(made.id), title=title)
        current.flush()
        record_acts(current, [Act("reverse", "pools_run", str(made.id), str(made.business_date))])
        return made.reverse_job_id


def count_reversible(current: Session, run_id: int) -> int:
    """How many movements of a run have not been taken back."""
    return int(current.scalar(select(func.count()).select_from(_open_movements(run_id).subquery())) or 0)


def reverse_next(current: Session, run_id: int, before: int | None) -> tuple[int | None, int, int]:
    """Take back the next movements of a run, the latest first: (the last one looked at, taken back, left)."""
    part = _open_movements(run_id)
    if before is not None:
        part = part.where(_MOVEMENT.c.id < before)
    ids = list(current.scalars(part.order_by(_MOVEMENT.c.id.desc()).limit(CHUNK)))
    if not ids:
        return None, 0, 0
    made = current.scalars(select(PoolRun).where(PoolRun.id == run_id).execution_options(**_OPEN)).one()
    taken = take_back(current, ids, _("The night of %(day)s was taken back", day=made.business_date))
    stayed = [Stayed(taken.customers[number], None, "reverse", reason) for number, reason in taken.refused.items()]
    note_stayed(current, run_id, stayed, "kept")
    return ids[-1], len(taken.done), len(stayed)


def _open_movements(run_id: int) -> Any:
    m, taken = _MOVEMENT.c, _MOVEMENT.alias("taken")
    gone = select(taken.c.id).where(taken.c.reverses_id == m.id)
    return select(m.id).where(m.run_id == run_id, m.act != "reverse", ~gone.exists())


def _is_under_way(job_id: int | None) -> bool:
    with acting_as(SYSTEM):
        job = find_job(job_id) if job_id is not None else None
    return job is not None and job.status in ("queued", "running")


__all__ = ["REVERSE_JOB", "VIEW", "count_reversible", "reverse_next", "start_reversal"]
