"""How a case stands: what its history adds up to, event by event. Nothing else is ever believed.

A seat is one person asked in one visit of a step. Seats of a step form chains: one person by the rules, with the
signers that person added before and after. A step is decided by its chains (`outcome_of`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from app.approvals.rules.document import Sign
from app.approvals.rules.renaming import rename_steps


class Status(StrEnum):
    """RETURNED waits for the applicant; the others after RUNNING are ends."""

    RUNNING = "running"
    RETURNED = "returned"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        return self in (Status.RUNNING, Status.RETURNED)


class Said(StrEnum):
    """How far a seat is. WAITING comes later in its chain or step; VOID was overtaken by others."""

    WAITING = "waiting"
    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    ABSTAINED = "abstained"
    VOID = "void"

    @property
    def is_decided(self) -> bool:
        return self in (Said.APPROVED, Said.REFUSED, Said.ABSTAINED)

    @property
    def is_live(self) -> bool:
        return self in (Said.WAITING, Said.OPEN)


#: The step of the applicant's own seat while a case is returned.
APPLICANT = "applicant"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a case's history. `actor` is an employee, None the product itself.

    What was found out when it happened (who was asked, which branch held) stands in `data`: nothing is worked out
    again when the history is read.
    """

    kind: str
    actor: int | None = None
    step: str = ""
    seat: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    comment: str = ""


@dataclass(slots=True)
class Seat:
    """One person asked. `by` is who decided it: the person, one who stands in, or None (the product)."""

    number: int
    step: str
    visit: int
    chain: int
    employee: int
    #: own · before · after (added signers)
    role: str = "own"
    added_by: int | None = None
    said: Said = Said.WAITING
    by: int | None = None


@dataclass(slots=True)
class Place:
    """An open visit of a step: its chains of seat numbers."""

    step: str
    visit: int
    sign: Sign
    needed: int
    chains: list[list[int]]


@dataclass(slots=True)
class Supplement:
    """Material asked for while the case goes on; the steps in `waits` approve nothing before it is there."""

    number: int
    asked_by: int
    employee: int
    items: tuple[str, ...]
    waits: tuple[str, ...]
    is_open: bool = True


@dataclass(slots=True)
class State:
    """Where a case is."""

    status: Status = Status.RUNNING
    applicant: int = 0
    version: int = 0
    round: int = 1
    seats: dict[int, Seat] = field(default_factory=dict)
    #: Open visits by step.
    places: dict[str, Place] = field(default_factory=dict)
    visits: Counter[str] = field(default_factory=Counter)
    #: Open parallel steps: the branches that are through.
    joins: dict[str, set[int]] = field(default_factory=dict)
    #: Choices taken on the way: the branch, or None where none held.
    taken: dict[str, int | None] = field(default_factory=dict)
    #: Steps passed on the way that leads to where the case is.
    passed: list[str] = field(default_factory=list)
    supplements: dict[int, Supplement] = field(default_factory=dict)
    #: (step returned to, step to go on with once that is passed): a return “straight back to me”.
    resume: tuple[str, str] | None = None

    def copy(self) -> State:
        """The same state, which stays as it is: nothing that changes is shared."""
        return replace(
            self,
            seats={number: replace(seat) for number, seat in self.seats.items()},
            places={s: replace(it, chains=[list(chain) for chain in it.chains]) for s, it in self.places.items()},
            visits=Counter(self.visits),
            joins={step: set(done) for step, done in self.joins.items()},
            taken=dict(self.taken),
            passed=list(self.passed),
            supplements={number: replace(asked) for number, asked in self.supplements.items()},
        )

    def open_seats(self) -> list[Seat]:
        """The seats that wait for somebody now."""
        return [seat for seat in self.seats.values() if seat.said is Said.OPEN]

    def seats_of(self, place: Place) -> list[Seat]:
        """The seats of an open visit, chain by chain."""
        return [self.seats[number] for chain in place.chains for number in chain]

    def chain_said(self, chain: Iterable[int]) -> Said:
        """REFUSED by any of a chain; APPROVED or ABSTAINED (by its own seat) once all have spoken; else OPEN."""
        seats = [self.seats[number] for number in chain]
        if any(seat.said is Said.REFUSED for seat in seats):
            return Said.REFUSED
        if any(seat.said.is_live for seat in seats):
            return Said.OPEN
        if any(seat.said is Said.ABSTAINED and seat.role == "own" for seat in seats):
            return Said.ABSTAINED
        return Said.APPROVED

    def outcome_of(self, place: Place) -> str:
        """``passed`` or ``refused`` as soon as nothing can change it, else the empty text.

        An abstention is no agreement, but no refusal by itself: a committee of three that needs two refuses once two
        have not agreed.
        """
        said = Counter(self.chain_said(chain) for chain in place.chains)
        yes, no = said[Said.APPROVED], said[Said.REFUSED] + said[Said.ABSTAINED]
        if place.sign is Sign.ANY:
            return "passed" if yes else "refused" if no else ""
        if yes >= place.needed:
            return "passed"
        return "refused" if no > len(place.chains) - place.needed else ""


def replay(events: Iterable[Event]) -> State:
    """How a case stands after its whole history."""
    state = State()
    for event in events:
        apply(state, event)
    return state


def apply(state: State, event: Event) -> None:
    """Let one event have happened. Kinds that change nothing here (a comment, a reminder) are only remembered."""
    change = _CHANGES.get(event.kind)
    if change is not None:
        change(state, event)


def open_what_is_next(state: State, place: Place) -> None:
    """Open the first live seat of every chain, or of the first undecided chain where they go one after another."""
    for chain in place.chains:
        live = [state.seats[number] for number in chain if state.seats[number].said.is_live]
        for seat in live:
            seat.said = Said.WAITING
        if live:
            live[0].said = Said.OPEN
            if place.sign is Sign.IN_ORDER:
                break


def _started(state: State, event: Event) -> None:
    state.applicant, state.version = event.data["applicant"], event.data["version"]


def _entered(state: State, event: Event) -> None:
    """data: visit, sign, needed, people: [employee, …]."""
    visit = state.visits[event.step] = event.data["visit"]
    place = Place(event.step, visit, Sign(event.data["sign"]), event.data["needed"], [])
    for chain, employee in enumerate(event.data["people"]):
        number = len(state.seats) + 1
        state.seats[number] = Seat(number, event.step, visit, chain, employee)
        place.chains.append([number])
    state.places[event.step] = place
    if place.sign is Sign.IN_ORDER:
        for chain_numbers in place.chains[1:]:
            state.seats[chain_numbers[0]].said = Said.WAITING
    open_what_is_next(state, place)


def _decided(said: Said) -> Callable[[State, Event], None]:
    def decide(state: State, event: Event) -> None:
        seat = state.seats[event.seat or 0]
        seat.said, seat.by = said, event.actor
        open_what_is_next(state, state.places[seat.step])

    return decide


def _left(state: State, event: Event) -> None:
    """data: outcome: passed, refused, void."""
    place = state.places.pop(event.step)
    for seat in state.seats_of(place):
        if seat.said.is_live:
            seat.said = Said.VOID
    if event.data["outcome"] == "passed":
        state.passed.append(event.step)


def _took(state: State, event: Event) -> None:
    state.taken[event.step] = event.data["branch"]


def _forked(state: State, event: Event) -> None:
    state.joins[event.step] = set(event.data.get("done", ()))


def _joined(state: State, event: Event) -> None:
    state.joins[event.step].add(event.data["branch"])


def _closed(state: State, event: Event) -> None:
    state.joins.pop(event.step, None)


def _returned(state: State, event: Event) -> None:
    """data: to (a step, or ``applicant``), forget: steps no longer passed, resume: step or None."""
    state.round += 1
    forget = set(event.data.get("forget", ()))
    state.passed = [step for step in state.passed if step not in forget]
    for step in forget:
        state.taken.pop(step, None)
    to, back = event.data["to"], event.data.get("resume")
    state.resume = (to, back) if back else None
    if to == APPLICANT:
        state.status = Status.RETURNED
        number = len(state.seats) + 1
        visit = state.visits[APPLICANT] = state.visits[APPLICANT] + 1
        state.seats[number] = Seat(number, APPLICANT, visit, 0, state.applicant, said=Said.OPEN)
        state.places[APPLICANT] = Place(APPLICANT, visit, Sign.ANY, 1, [[number]])


def _resubmitted(state: State, event: Event) -> None:
    seat = state.seats[event.seat or 0]
    seat.said, seat.by = Said.APPROVED, event.actor
    state.places.pop(APPLICANT)
    state.status = Status.RUNNING


def _resumed(state: State, event: Event) -> None:
    state.resume = None


def _reseated(state: State, event: Event) -> None:
    """A seat's person changed: by transfer, escalation, or because nobody of that name can act any more."""
    state.seats[event.seat or 0].employee = event.data["to"]


def _added(state: State, event: Event) -> None:
    """data: people, where: before or after. The new seats stand beside the one that added them."""
    asking = state.seats[event.seat or 0]
    place = state.places[asking.step]
    chain = next(chain for chain in place.chains if asking.number in chain)
    at = chain.index(asking.number) + (event.data["where"] == "after")
    for employee in event.data["people"]:
        number = len(state.seats) + 1
        state.seats[number] = Seat(
            number, asking.step, asking.visit, asking.chain, employee, event.data["where"], asking.number
        )
        chain.insert(at, number)
        at += 1
    open_what_is_next(state, place)


def _removed(state: State, event: Event) -> None:
    seat = state.seats[event.seat or 0]
    seat.said = Said.VOID
    place = state.places[seat.step]
    for chain in place.chains:
        if seat.number in chain:
            chain.remove(seat.number)
    open_what_is_next(state, place)


def _asked(state: State, event: Event) -> None:
    """data: number, employee, items, waits."""
    number, data = event.data["number"], event.data
    state.supplements[number] = Supplement(
        number, event.actor or 0, data["employee"], tuple(data["items"]), tuple(data["waits"])
    )


def _given(state: State, event: Event) -> None:
    state.supplements[event.data["number"]].is_open = False


def _succeeded(state: State, event: Event) -> None:
    """The applicant's case went to somebody else (handover)."""
    state.applicant = event.data["to"]


def _moved(state: State, event: Event) -> None:
    """data: version, steps: {old id: new id, or empty: none}. What is live has a new name (`rules.moving`)."""
    state.version = event.data["version"]
    rename_steps(state, event.data["steps"])


def _ended(state: State, event: Event) -> None:
    state.status = Status(event.data["outcome"])


_CHANGES: dict[str, Callable[[State, Event], None]] = {
    "started": _started,
    "entered": _entered,
    "approved": _decided(Said.APPROVED),
    "refused": _decided(Said.REFUSED),
    "abstained": _decided(Said.ABSTAINED),
    "left": _left,
    "took": _took,
    "forked": _forked,
    "joined": _joined,
    "closed": _closed,
    "returned": _returned,
    "resubmitted": _resubmitted,
    "resumed": _resumed,
    "reseated": _reseated,
    "added": _added,
    "removed": _removed,
    "asked": _asked,
    "given": _given,
    "succeeded": _succeeded,
    "moved": _moved,
    "ended": _ended,
}
#: Remembered and shown, but changing nothing: comment, urged, copied, notified, automatic, reminded, fell_back,
#: expired, attached.
REMEMBERED = (
    "attached", "automatic", "commented", "copied", "expired", "fell_back", "notified", "reminded", "urged",
)  # fmt: skip

__all__ = [
    "APPLICANT",
    "REMEMBERED",
    "Event",
    "Place",
    "Said",
    "Seat",
    "State",
    "Status",
    "Supplement",
    "apply",
    "open_what_is_next",
    "replay",
]
