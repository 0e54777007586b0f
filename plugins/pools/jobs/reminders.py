"""The morning's reminders as a job: after the nightly run, before people begin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import Schema, fields

from app.api import Run, setting
from app.types import JobSpec
from plugins.pools.services.days import business_today
from plugins.pools.services.reminding import mornings, portions, tell_heads, tell_owners, unit_mornings

#: People told in one transaction.
PORTION = 200


class RemindArguments(Schema):
    """`business_date`: the day to speak of; the scheduled day, else today, when it is left out."""

    business_date = fields.Date()


def remind(run: Run, business_date: date | None = None) -> dict[str, Any]:
    """Tell account managers and heads about their ladder; {"owners": people told, "heads": people told}.

    A run that is cut off, or asked for again on the same day, goes on with the people not told yet. A morning that
    has passed tells nobody: today's says where customers stand.
    """
    day = business_date or run.business_date
    if day < business_today():
        return {"owners": 0, "heads": 0}
    return {
        "owners": _tell(run, "owners", day, mornings(day, setting("pools.remind_days")), tell_owners),
        "heads": _tell(run, "heads", day, unit_mornings(day, setting("pools.remind_head_days")), tell_heads),
    }


def _tell(run: Run, whom: str, day: date, told: Mapping[int, Any], tell: Callable[[date, Any], int]) -> int:
    for portion in portions(told, PORTION):
        # who has been told is kept by person: who there is to tell may change between two attempts
        number = run.state.get("portions", 0)
        with run.chunk(number):
            count = tell(day, portion)
            run.state.update({"portions": number + 1, whom: run.state.get(whom, 0) + count})
    return int(run.state.get(whom, 0))


REMIND = JobSpec(
    "pools.remind",
    _l("Remind people of their ladder"),
    remind,
    schema=RemindArguments,
    schedule="0 8 * * *",
)

__all__ = ["REMIND", "remind"]
