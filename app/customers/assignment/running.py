"""Runs of the rules over many customers: every night, or when somebody asks; chunk by chunk, undone as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Table, func, select, update

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.scope import UNSCOPED, held_condition, scope_condition
from app.customers.assignment.applying import CHUNK, EVERY, NIGHTLY, ON_DEMAND, assign_by_rules
from app.customers.assignment.conditions import assignable
from app.customers.assignment.models import AssignmentItem, AssignmentRun
from app.customers.assignment.schemas import RunArguments
from app.customers.assignment.undoing import UNDO_JOB, run_undo
from app.customers.models import Customer
from app.db import insert_rows, now, session, transaction
from app.fields.bulk import among
from app.host.context import entity
from app.jobs.services import Run, enqueue
from app.types import JobSpec, Refused, Scope

VIEW = "AssignmentRunView"
JOB, NIGHTLY_JOB = "customers.assign", "customers.assign_nightly"
#: Customers left without anybody that a run keeps with their reason; the rest is only counted.
KEPT_LEFT = 1_000
LONGEST = timedelta(hours=6)
_RUN, _ITEM = cast(Table, AssignmentRun.__table__), cast(Table, AssignmentItem.__table__)
_COLUMNS = ("run_id", "rule_id", "customer_id", "state", "to_id", "from_unit_id", "share", "reason", "at")


def start_run(customer_ids: Sequence[int] | None = None) -> AssignmentRun:
    """Ask the rules about these customers, or about all within the actor's reach that nobody looks after.

    One durable job, acting as who asked. Raises `Refused` without the right to, and where there is none among them.
    """
    actor = require_actor()
    if not actor.can("can_run", VIEW):
        raise Refused(_("You may not do this"))
    with transaction() as current:
        if customer_ids is not None and not _any_of(customer_ids):
            raise Refused(_("None of these customers is within your reach and without an account manager"))
        everywhere = actor.is_system or actor.widest("assignment_rule") is Scope.ALL
        made = AssignmentRun(
            kind="demand",
            unit_id=None if everywhere else actor.unit_id,
            asked={} if customer_ids is None else {"ids": list(customer_ids)},
            created_by=actor.user_id,
        )
        current.add(made)
        current.flush()
        made.job_id = enqueue(JOB, {"run_id": made.id}, title=_("Assign customers by rules"))
        current.flush()
        record_acts(current, [Act("start", "assignment_run", str(made.id))])
    return made


def _any_of(ids: Sequence[int]) -> bool:
    """Whether the actor may let the rules take any of these customers."""
    found = select(Customer.id).where(_held(ids), assignable()).limit(1)
    return session.scalar(found.execution_options(**{UNSCOPED: True})) is not None


def _held(ids: Sequence[int]) -> ColumnElement[bool]:
    """Those of some customers the actor may give away."""
    return among(session(), Customer.id, ids) & held_condition(entity("customer"), require_actor())


def reach() -> ColumnElement[bool]:
    """Customers without an account manager the actor may let the rules take: by the units of their reach."""
    return scope_condition(entity("assignment_rule"), require_actor(), target=Customer.__table__)


def run_demand(run: Run, run_id: int) -> dict[str, Any]:
    """Do what was asked; {"given": customers, "left": customers}. Raises `Refused` when the right is gone by now."""
    if not require_actor().can("can_run", VIEW):
        raise Refused(_("You may not do this"))
    made = session.get_one(AssignmentRun, run_id, execution_options={UNSCOPED: True, "populate_existing": True})
    if made.status not in ("waiting", "running"):
        return {"given": made.given, "left": made.left}
    ids = made.asked.get("ids")
    return _work(run, run_id, ON_DEMAND, reach() if ids is None else _held(ids))


def run_nightly(run: Run) -> dict[str, Any]:
    """Ask the rules that run every night about everybody; {"given": customers, "left": customers}."""
    if not run.is_done("begin"):
        with run.chunk("begin"):
            made = AssignmentRun(kind="nightly", asked={}, job_id=run.job_id)
            session.add(made)
            session.flush()
            run.state["run_id"] = made.id
    return _work(run, run.state["run_id"], NIGHTLY, EVERY)


def _work(run: Run, run_id: int, trigger: str, which: ColumnElement[bool]) -> dict[str, Any]:
    """Chunk by chunk: owners, ledger, items and cursor commit together; killed half-way it goes on after the last."""
    state = run.state
    if "total" not in state:
        counted = select(func.count(Customer.id)).where(assignable(), which)
        state.update(total=int(session.scalar(counted.execution_options(**{UNSCOPED: True})) or 0))
        state.update(cursor=0, given=0, left=0, over=False)
    while not state["over"]:
        with run.chunk(f"after:{state['cursor']}"):
            applied = assign_by_rules(which, trigger=trigger, after=state["cursor"], limit=CHUNK)
            _keep(run, run_id, applied.items)
            state.update(cursor=applied.last_id, over=not applied.more)
            values = {"status": "running", "given": state["given"], "left": state["left"]}
            if state["over"]:
                values.update(status="done", finished_at=now())
            session.execute(update(_RUN).where(_RUN.c.id == run_id).values(**values))
            done = state["given"] + state["left"]
            text = _("%(given)s assigned, %(left)s left", given=f"{state['given']:,}", left=f"{state['left']:,}")
            run.progress(done, max(done, state["total"]), text)
        for name in applied.broken:
            run.log(_("The condition of “%(rule)s” is not understood any more; it was left out", rule=name))
    return {"given": state["given"], "left": state["left"]}


def _keep(run: Run, run_id: int, items: Sequence[dict[str, Any]]) -> None:
    """Everything that was given, and the first ones that were left."""
    state = run.state
    given = [item for item in items if item["state"] == "given"]
    left = [item for item in items if item["state"] == "left"]
    room = max(KEPT_LEFT - state["left"], 0)
    state["given"] += len(given)
    state["left"] += len(left)
    insert_rows(session(), _ITEM, ({**item, "run_id": run_id} for item in [*given, *left[:room]]), _COLUMNS)


JOBS = (
    JobSpec(JOB, _l("Assign customers by rules"), run_demand, schema=RunArguments, timeout=LONGEST),
    JobSpec(NIGHTLY_JOB, _l("Assign customers by rules every night"), run_nightly, schedule="45 1 * * *",
            timeout=LONGEST),
    JobSpec(UNDO_JOB, _l("Undo of a run of the rules"), run_undo, schema=RunArguments, timeout=LONGEST),
)  # fmt: skip

__all__ = ["JOBS", "VIEW", "reach", "start_run"]
