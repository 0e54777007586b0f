"""What became of each customer of an act, and what every act asks first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask_babel import gettext as _

from app.types import Refused

#: The most customers one act is about, and the longest reason.
MOST, LONGEST_REASON = 500, 300


@dataclass(slots=True)
class Outcome:
    """What became of each customer: those it was done with, and why each of the others stayed as it was."""

    done: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    #: What whoever acted ought to know all the same.
    warnings: list[str] = field(default_factory=list)


def each_once(numbers: Sequence[int], most: int = MOST) -> list[int]:
    """The ids an act is about, each once and in the order given. Raises `Refused` for none or too many."""
    wanted = list(dict.fromkeys(numbers))
    if not wanted:
        raise Refused(_("Choose at least one customer"))
    if len(wanted) > most:
        raise Refused(_("At most %(count)s customers at once", count=most))
    return wanted


def check_reason(reason: str, *, needed: bool = False) -> str:
    """The reason as it is kept. Raises `Refused` for one that is too long, or missing where one is needed."""
    text = reason.strip()
    if needed and not text:
        raise Refused(_("Give a reason"), field="reason")
    if len(text) > LONGEST_REASON:
        raise Refused(_("At most 300 characters"), field="reason")
    return text


__all__ = ["LONGEST_REASON", "MOST", "Outcome", "check_reason", "each_once"]
