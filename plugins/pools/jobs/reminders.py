"""The morning's reminders as a job: after the nightly run, before people begin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import Schema, fields

from app.api import Run, setting
from app.types import JobSpec
from plugins.pools.services.reminding import mornings, portions, tell_heads, tell_owners, unit_mornings

#: People told in one transaction.
PORTION = 200


class RemindArguments(Schema):
    """`business_date`: the day to speak of; the scheduled day, else today, when it is left out."""

    business_date = fields.Date()


def remind(run: Run, business_date: date | None = None) -> dict[str, Any]:
    """Tell account managers and heads about their ladder; {"owners": people told, "heads": people told}.

    A run that is cut off goes on with the people not told yet; nobody is told twice.
    """
    day, days = business_date or run.business_date, setting("pools.remind_days")
    return {
        "owners": _tell(run, "owners", mornings(day, days), tell_owners),
        "heads": _tell(run, "heads", unit_mornings(day, days), tell_heads),
    }


def _tell(run: Run, whom: str, told: Mapping[int, Any], tell: Callable[[Any], None]) -> int:
    for portion in portions(told, PORTION):
        # known by the first of its people: who they are may change between two attempts, not who was told
        fresh = [(person, words) for person, words in portion if person > run.state.get(whom, 0)]
        if fresh:
            with run.chunk(f"{whom}.{fresh[0][0]}"):
                tell(fresh)
                run.state[whom] = fresh[-1][0]
    return len(told)


REMIND = JobSpec(
    "pools.remind",
    _l("Remind people of their ladder"),
    remind,
    schema=RemindArguments,
    schedule="0 8 * * *",
)

__all__ = ["REMIND", "remind"]
