"""The nightly recycle as a job: a chunk per rule, so that a run that is cut off goes on where it stopped."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, fields

from app.api import Run, is_working_day
from app.types import JobSpec
from plugins.pools.services import NIGHTLY_AT, active_rules, recycle_customers


class RecycleArguments(Schema):
    """`business_date`: the day to run for; the scheduled day, else today, when it is left out."""

    business_date = fields.Date()


def recycle(run: Run, business_date: date | None = None) -> dict[str, Any]:
    """Run every active rule for a business date; {"moved": customers, "rules": {name: customers}}.

    Run again for the same date it moves nothing that has moved already.
    """
    day = business_date or run.business_date
    rules = [(rule.id, rule.name) for rule in active_rules()]
    counts: dict[str, int] = run.state.setdefault("counts", {})
    for number, (rule_id, name) in enumerate(rules, 1):
        if run.is_done(rule_id):
            continue
        with run.chunk(rule_id):
            counts[name] = recycle_customers(rule_id, day, is_working_day)
            text = _("%(rule)s: %(count)s customers moved", rule=name, count=counts[name])
            run.progress(number, len(rules), text)
        run.log(text)
    return {"business_date": day, "moved": sum(counts.values()), "rules": counts}


RECYCLE = JobSpec(
    "pools.recycle",
    _l("Recycle customers into pools"),
    recycle,
    schema=RecycleArguments,
    schedule=f"{NIGHTLY_AT.minute} {NIGHTLY_AT.hour} * * *",
)
