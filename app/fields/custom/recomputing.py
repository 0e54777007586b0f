"""The results of formulas over all records, in the background: when a formula is new or changed, and each night.

A chunk locks its rows for as long as it takes to work them out, writes what differs, and moves on by id; a run that
is killed goes on after its last chunk, and one too many changes nothing.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields
from sqlalchemy import func, select

from app.access.scope import UNSCOPED
from app.db import session
from app.fields.custom.derived import Plan
from app.fields.custom.deriving import plan_now
from app.fields.custom.keeping import CHUNK, recompute
from app.fields.custom.stored import is_extensible
from app.host.context import context
from app.types import Entity

FORMULA_JOB = "fields.formulas"
NIGHTLY_JOB = "fields.formulas_of_today"


class Which(Schema):
    """Whose formulas."""

    entity = fields.String(required=True)


def work_out(run: Any, entity: str) -> dict[str, int]:
    """Work all formulas of an entity out; how many records were looked at and changed."""
    _pass_over(run, context().entities[entity])
    return dict(run.state.get(entity, {}))


def work_out_by_time(run: Any) -> dict[str, int]:
    """Work out those whose results may have changed by themselves; how many records were changed, by entity."""
    for entity in list(context().entities.values()):
        if is_extensible(entity) and _changes_by_itself(plan_now(session(), entity)):
            _pass_over(run, entity)
    return {slug: counted["changed"] for slug, counted in run.state.items()}


def _changes_by_itself(plan: Plan) -> bool:
    """With the day; roll-ups, too: a module may write linking records past all that keeps them."""
    return plan.by_time or bool(plan.rollups)


def _pass_over(run: Any, entity: Entity) -> None:
    model = entity.model
    top = session.scalar(select(func.max(model.id)).execution_options(**{UNSCOPED: True})) or 0
    session.rollback()
    counted = run.state.get(entity.slug, {"after": 0, "changed": 0})
    while counted["after"] is not None and counted["after"] < top:
        with run.chunk(f"{entity.slug}-{counted['after']}"):
            current = session()
            plan = plan_now(current, entity)
            last, changed = None, 0
            if plan.derives:
                last, changed = recompute(current, entity, plan, model.id > counted["after"], CHUNK)
            counted = {"after": last if last is not None else top, "changed": counted["changed"] + changed}
            run.state[entity.slug] = counted
            run.progress(min(counted["after"], top), top)
            current.expunge_all()


__all__ = ["FORMULA_JOB", "NIGHTLY_JOB", "Which", "work_out", "work_out_by_time"]
