"""Pure decisions about follow-ups: what may be recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

#: The result that closes a deal; only it carries an amount.
DEAL = "deal"
#: A clock somewhat ahead of ours is no lie; a follow-up of tomorrow is.
TOLERANCE = timedelta(minutes=10)


def faults(values: Mapping[str, Any], moment: datetime) -> dict[str, str]:
    """What is wrong with a follow-up, by field: `future`, `amount_without_deal`, `negative`.

    A follow-up in the future would keep a customer out of every recycle until then.
    """
    wrong: dict[str, str] = {}
    if values.get("at") is not None and values["at"] > moment + TOLERANCE:
        wrong["at"] = "future"
    if values.get("amount") is not None and values.get("result") != DEAL:
        wrong["amount"] = "amount_without_deal"
    wrong.update({name: "negative" for name in ("amount", "duration_seconds") if (values.get(name) or 0) < 0})
    return wrong
