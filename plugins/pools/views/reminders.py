"""The days of a rule's reminders on its form: one table, a line for each step, a column for each person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.api import setting
from plugins.pools.rules import REMINDED

#: The fields of the table.
NAMES = frozenset(f"{whom}_{step}_days" for whom, steps in REMINDED.items() for step in steps)


@dataclass(frozen=True, slots=True)
class ReminderTable:
    """`lines`: (step, (input or None, the site's days) by person); `note` says what an empty one means."""

    people: tuple[str, ...]
    lines: tuple[tuple[str, tuple[tuple[Any, int], ...]], ...]
    note: str


def reminder_table(inputs: Sequence[Any]) -> ReminderTable | None:
    """The reminders among the inputs of a section; None where it has none."""
    given = {one.name: one for one in inputs if one.name in NAMES}
    if not given:
        return None
    usual = {"owner": setting("pools.remind_days"), "head": setting("pools.remind_head_days")}
    steps = {
        "amber": _("Turning amber"), "red": _("Turning red"), "pool": _("The pool"), "city": _("The city's pool"),
    }  # fmt: skip
    lines = tuple(
        (label, tuple((given.get(f"{whom}_{step}_days"), usual[whom]) for whom in usual))
        for step, label in steps.items()
        if any(f"{whom}_{step}_days" in given for whom in usual)
    )
    note = _(
        "Calendar days. Empty: as the site's settings say (account managers %(owner)s, heads %(head)s); 0: no reminder",
        **usual,
    )
    return ReminderTable((_("Account manager"), _("Head")), lines, note)


__all__ = ["NAMES", "ReminderTable", "reminder_table"]
