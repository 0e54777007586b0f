"""Pure decisions of assignment: whose turn it is, who has least, which prefix is the longest."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

#: What the ownership ledger says: given by a rule, taken back with a run.
BY_RULE, BY_RULE_UNDONE = "rule", "rule_undone"


class Method(StrEnum):
    """How a rule chooses a person."""

    REGION = "region"
    ROUND_ROBIN = "round_robin"
    LOAD = "load"
    PRODUCT = "product"
    ATTRIBUTE = "attribute"


class Fallback(StrEnum):
    """What happens when a rule finds nobody."""

    LEAVE = "leave"
    HEAD = "head"
    PERSON = "person"


class Way(StrEnum):
    """What a line of a rule names."""

    PERSON = "person"
    UNIT = "unit"
    HEAD = "head"


#: Methods whose lines carry a key: a region prefix or the value of a field.
KEYED = frozenset({Method.REGION, Method.PRODUCT, Method.ATTRIBUTE})
#: The fields that say what a customer is interested in, or came by.
PRODUCT_FIELDS = ("kind", "source")


@dataclass(frozen=True, slots=True)
class Seat:
    """One person in a rule's order. `weight` is the capacity, `most` how many customers they hold at most."""

    employee_id: int
    available: bool = True
    weight: int = 1
    most: int | None = None

    def has_room(self, held: int) -> bool:
        """Whether one more customer may go there."""
        return self.available and (self.most is None or held < self.most)


class Dealing(Protocol):
    """Gives one customer after the other to somebody."""

    def pick(self, held: dict[int, int]) -> int | None:
        """Who gets the next one, counted in `held`; None for nobody."""


class Turns:
    """Seats in turn (轮流), going on after the last one served; who has no room is passed over.

    >>> turns, held = Turns([Seat(4), Seat(5, available=False), Seat(6)], last=4), {}
    >>> [turns.pick(held) for _ in range(3)], turns.last, held
    ([6, 4, 6], 6, {6: 2, 4: 1})
    """

    def __init__(self, seats: Sequence[Seat], last: int | None = None) -> None:
        self._seats = unique(seats)
        places = {seat.employee_id: number for number, seat in enumerate(self._seats)}
        self._next = places.get(last, -1) + 1 if last is not None else 0
        self.last = last

    def pick(self, held: dict[int, int]) -> int | None:
        """Who is next; None when nobody has room."""
        for step in range(len(self._seats)):
            place = (self._next + step) % len(self._seats)
            seat = self._seats[place]
            if seat.has_room(held.get(seat.employee_id, 0)):
                self._next = place + 1
                self.last = seat.employee_id
                held[seat.employee_id] = held.get(seat.employee_id, 0) + 1
                return seat.employee_id
        return None


class Levels:
    """Whoever has least for their capacity first (均衡), so that the loads level.

    >>> held = {4: 3, 5: 0}
    >>> levels = Levels([Seat(4), Seat(5), Seat(6, weight=2)], held)
    >>> [levels.pick(held) for _ in range(5)], held
    ([5, 6, 6, 5, 6], {4: 3, 5: 2, 6: 3})
    """

    def __init__(self, seats: Sequence[Seat], held: dict[int, int]) -> None:
        self._seats = unique(seats)
        self._heap = [self._entry(number, held) for number in range(len(self._seats))]
        heapq.heapify(self._heap)

    def _entry(self, number: int, held: dict[int, int]) -> tuple[float, int]:
        seat = self._seats[number]
        return held.get(seat.employee_id, 0) / seat.weight, number

    def pick(self, held: dict[int, int]) -> int | None:
        """Who has least now; None when nobody has room."""
        while self._heap:
            known, number = self._heap[0]
            seat = self._seats[number]
            count = held.get(seat.employee_id, 0)
            if not seat.has_room(count):
                heapq.heappop(self._heap)
            elif known != count / seat.weight:  # another rule gave them something meanwhile
                heapq.heapreplace(self._heap, self._entry(number, held))
            else:
                held[seat.employee_id] = count + 1
                heapq.heapreplace(self._heap, self._entry(number, held))
                return seat.employee_id
        return None


def unique(seats: Iterable[Seat]) -> list[Seat]:
    """The seats in order, each person once: the first line about them counts.

    >>> unique([Seat(4, weight=2), Seat(5), Seat(4)])[0].weight
    2
    """
    first: dict[int, Seat] = {}
    for seat in seats:
        first.setdefault(seat.employee_id, seat)
    return list(first.values())


def longest_prefix(code: str | None, prefixes: Iterable[str]) -> str | None:
    """The longest of the prefixes a region code begins with.

    >>> longest_prefix("330204", ["33", "3302", "31"])
    '3302'
    """
    fitting = [prefix for prefix in prefixes if code and code.startswith(prefix)]
    return max(fitting, key=len, default=None)


def is_region_prefix(text: str) -> bool:
    """Whether a text is the beginning of an administrative code: two to twelve digits.

    >>> [is_region_prefix(text) for text in ("33", "3302", "3", "33a")]
    [True, True, False, False]
    """
    return text.isascii() and text.isdecimal() and 2 <= len(text) <= 12


def lies_below(path: str | None, top: str | None) -> bool:
    """Whether a unit is `top` or lies below it; without a top every place does.

    >>> lies_below("/1/5/9/", "/1/5/"), lies_below("/1/51/", "/1/5/"), lies_below(None, None)
    (True, False, True)
    """
    return top is None or (path is not None and path.startswith(top))


def new_places(wanted: Sequence[int], places: dict[int, int]) -> dict[int, int]:
    """{rule: place} after some rules were put in another order; they share the places they had among themselves.

    >>> new_places([7, 3], {3: 10, 5: 20, 7: 30})
    {7: 10, 3: 30}
    """
    free = sorted(places[number] for number in wanted)
    return dict(zip(wanted, free, strict=True))
