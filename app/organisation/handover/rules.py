"""Pure decisions about handovers: who gets how many, when it takes effect, what may still be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

HANDOVER, LEAVING = "handover", "leaving"


class How(StrEnum):
    """To whom the records of a holding go."""

    #: One person, or evenly over several.
    PEOPLE = "people"
    #: The head of the unit each record counts for, or of the nearest unit above it.
    HEADS = "heads"
    #: Whoever looks after the record's customer by then; the rest over the people.
    FOLLOW = "follow"
    #: A pool.
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class Route:
    """Where one holding goes."""

    holding: str
    how: How = How.PEOPLE
    receivers: tuple[int, ...] = ()
    place: str = ""
    #: {field: value} the records are narrowed by.
    narrowed: Mapping[str, str] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {
            "holding": self.holding,
            "how": str(self.how),
            "receivers": list(self.receivers),
            "place": self.place,
            "narrowed": dict(self.narrowed),
        }


def read_route(kept: Mapping[str, Any]) -> Route:
    """A route from what JSON kept."""
    return Route(kept["holding"], How(kept["how"]), tuple(kept["receivers"]), kept["place"], dict(kept["narrowed"]))


def shares(count: int, receivers: Sequence[int]) -> dict[int, int]:
    """How many of `count` records each receiver gets, the first ones one more where it does not come out even.

    >>> shares(7, [4, 5, 6])
    {4: 3, 5: 2, 6: 2}
    """
    if not receivers:
        return {}
    each, rest = divmod(count, len(receivers))
    return {receiver: each + (number < rest) for number, receiver in enumerate(receivers)}


def receiver_at(place: int, receivers: Sequence[int]) -> int | None:
    """Who gets the record at a place (from 0) in the order of ids; nobody where there are no receivers.

    >>> [receiver_at(place, [4, 5]) for place in range(3)]
    [4, 5, 4]
    """
    return receivers[place % len(receivers)] if receivers else None


def nearest_head(path: str, heads: Mapping[int, int]) -> int | None:
    """The head of a unit, or of the nearest unit above that has one.

    >>> nearest_head("/1/5/9/", {1: 70, 5: 71})
    71
    """
    ids = [int(part) for part in path.strip("/").split("/") if part]
    return next((heads[number] for number in reversed(ids) if number in heads), None)


def effective_day(kind: str, asked: date | None, last_on: date | None, today: date) -> date:
    """The business date it takes effect: today, the day asked for, or the day after the last day at work.

    Whoever leaves today or has left already is handed over at once.
    """
    if kind == LEAVING and last_on is not None:
        return today if last_on <= today else last_on + timedelta(days=1)
    return max(asked or today, today)
