"""The standings worked out anew as a job, after a rule or the site's calendar was changed."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.api import UNSCOPED, Customer, Run, session
from app.types import JobSpec
from plugins.pools.services.days import keep_days
from plugins.pools.services.ladders import read_ladders
from plugins.pools.services.reckoning import RECKON_JOB, next_span, reckon_span


def reckon_all(run: Run) -> dict[str, Any]:
    """Bring the calendar and all standings in line with what the rules say; {"changed": standings}.

    A run that is cut off goes on after the last span of customers; memory does not grow with their number.
    """
    if not run.is_done("days"):
        with run.chunk("days"):
            keep_days(session())
    last = session.scalar(select(func.max(Customer.id)).execution_options(**{UNSCOPED: True})) or 0
    while (part := next_span(session(), run.state.get("last", 0))) is not None:
        with run.chunk(part.last):
            changed = reckon_span(session(), part, *read_ladders(session()))
            run.state.update(last=part.last, changed=run.state.get("changed", 0) + changed)
            run.progress(part.last, max(last, part.last))
    return {"changed": run.state.get("changed", 0)}


RECKON = JobSpec(RECKON_JOB, _l("Work out where customers stand on the ladder"), reckon_all)

__all__ = ["RECKON"]
