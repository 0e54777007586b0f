"""The way back of a run: customers still with whom they were given to are without an account manager again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Table, and_, select, update

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.scope import UNSCOPED
from app.customers.assignment.models import AssignmentItem, AssignmentRun
from app.customers.assignment.rules import BY_RULE_UNDONE
from app.customers.models import CustomerOwnership, CustomerShare
from app.customers.services.moving import Move, move_customers
from app.db import insert_rows, now, session, transaction
from app.fields.bulk import among
from app.fields.records import find_record
from app.host.context import entity
from app.jobs.models import Job
from app.jobs.rules import OPEN
from app.jobs.services import Run, enqueue
from app.types import Refused

UNDO_JOB = "customers.assign_undo"
CHUNK = 2_000
_RUN, _ITEM, _LEDGER, _SHARE = (
    cast(Table, each.__table__) for each in (AssignmentRun, AssignmentItem, CustomerOwnership, CustomerShare)
)


def undo_run(run_id: int) -> int:
    """Take back what a run gave and nobody has moved since; returns the job's id.

    Raises `LookupError` out of reach, `Refused` without the right to and for a run that is not done.
    """
    with transaction() as current:
        made: AssignmentRun | None = find_record(entity("assignment_run"), run_id, write=True)
        if made is None:
            raise LookupError(f"no run {run_id} within reach")
        if not require_actor().can("can_undo", "AssignmentRunView"):
            raise Refused(_("You may not do this"))
        current.refresh(made, with_for_update=True)
        # one that was broken off or called off half-way can be undone, too
        open_job = select(Job.id).where(Job.id == made.job_id, Job.status.in_(OPEN))
        runs = current.scalar(open_job.execution_options(**{UNSCOPED: True})) is not None
        if made.status not in ("done", "running") or runs:
            raise Refused(_("Only a finished run can be undone"))
        made.status = "undoing"
        made.undo_job_id = enqueue(
            UNDO_JOB,
            {"run_id": made.id},
            unique_key=str(made.id),
            title=_("Undo: run %(number)s of the rules", number=made.id),
        )
        current.flush()
        record_acts(current, [Act("undo", "assignment_run", str(made.id))])
        return made.undo_job_id


def run_undo(run: Run, run_id: int) -> dict[str, Any]:
    """Undo a run as a whole; {"back": customers, "kept": customers}. Goes on after the last chunk when killed."""
    made = session.get_one(AssignmentRun, run_id, execution_options={UNSCOPED: True, "populate_existing": True})
    if made.status != "undoing":
        return {"back": 0, "kept": 0}
    state = run.state
    if "cursor" not in state:
        state.update(cursor=0, back=0, kept=0)
    given = made.given
    while rows := _next(run_id, state["cursor"]):
        with run.chunk(f"after:{state['cursor']}"):
            counts = _take_back(run_id, rows)
            state["back"] += counts["back"]
            state["kept"] += counts["kept"]
            state["cursor"] = rows[-1].id
            run.progress(state["back"] + state["kept"], given)
    session.execute(update(_RUN).where(_RUN.c.id == run_id).values(status="undone"))
    return {"back": state["back"], "kept": state["kept"]}


def _next(run_id: int, after: int) -> Sequence[Any]:
    """The next items, each with whether its customer has changed hands since."""
    since = select(_LEDGER.c.id).where(_LEDGER.c.customer_id == _ITEM.c.customer_id, _LEDGER.c.at > _ITEM.c.at)
    return session.execute(
        select(_ITEM, since.exists().label("touched"))
        .where(and_(_ITEM.c.run_id == run_id, _ITEM.c.state == "given", _ITEM.c.id > after))
        .order_by(_ITEM.c.id)
        .limit(CHUNK)
    ).all()


def _take_back(run_id: int, rows: Sequence[Any]) -> Counter[str]:
    reason = _("Run %(number)s of the rules was undone", number=run_id)
    moves = [
        Move(row.customer_id, None, row.from_unit_id, reason, row.rule_id, row.to_id) for row in rows if not row.touched
    ]
    moved = move_customers(moves, cause=BY_RULE_UNDONE)
    shares = [
        {"customer_id": row.customer_id, "employee_id": row.to_id, "can_write": row.share == "w", "created_at": now()}
        for row in rows
        if row.share and row.customer_id in moved.done
    ]
    insert_rows(session(), _SHARE, shares, ("customer_id", "employee_id", "can_write", "created_at"))
    back = [row.id for row in rows if row.customer_id in moved.done]
    kept: dict[str, list[int]] = {}
    for row in rows:
        if row.customer_id not in moved.done:
            said = moved.refused.get(row.customer_id) or _("It changed hands meanwhile")
            kept.setdefault(said[:300], []).append(row.id)
    if back:
        session.execute(update(_ITEM).where(among(session(), _ITEM.c.id, back)).values(state="back"))
    for said, ids in kept.items():
        session.execute(update(_ITEM).where(among(session(), _ITEM.c.id, ids)).values(state="kept", reason=said))
    return Counter(back=len(back), kept=len(rows) - len(back))


__all__ = ["UNDO_JOB", "run_undo", "undo_run"]
