"""What an employee holds that another can take over, and what is asked of a module to move it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.types.people import Text


@dataclass(frozen=True, slots=True)
class Handing:
    """One chunk of records on their way, all from one giver to one receiver.

    `records` maps their ids to what is remembered of each: empty on the way there, on the way back what
    `move` answered. `receiver_id` is None for a `Place`.
    """

    records: Mapping[int, str]
    giver_id: int
    receiver_id: int | None
    #: ``handover`` or ``leaving``; what ledgers say.
    cause: str
    reason: str = ""
    #: On the way back: when they were handed over. What has changed hands since stays where it is.
    at: datetime | None = None


#: Moves what is still the giver's; {id: what `back` is told of it, at most 40 characters}, without what stayed.
Move = Callable[[Handing], Mapping[int, str]]
#: Gives back what is still as `move` left it; the ids that went back.
Back = Callable[[Handing], Collection[int]]


@dataclass(frozen=True, slots=True)
class Holding:
    """Something an employee holds: how much there is, and how it changes hands, set-based.

    `rows` is a SELECT over tables (not ORM classes) of three labelled columns, one row per record: `id`, `unit_id`
    (the unit it counts for, or null) and `with_id` (the account manager of the customer it is about, or null).
    """

    name: str
    label: Text
    #: Slug of the entity the ids belong to; a receiver must be able to see its list. Empty: they belong to none.
    entity: str
    rows: Any
    move: Move
    back: Back
    #: Whether the receiver needs a login that is switched on.
    needs_login: bool = True
    #: Choice fields of the entity a handover can be narrowed by.
    filters: tuple[str, ...] = ()
    #: Whether a record may go to whoever looks after its customer by then (`with_id`).
    follows: bool = False
    order: int = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere records of one holding can go that is no person: a pool."""

    name: str
    label: Text
    holding: str
    move: Move
    back: Back
