"""How each step of a flow stands for a case, read from its history (APR-6): what the diagram and its table show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from app.approvals.rules.document import Document
from app.approvals.rules.places import Spot, spots
from app.approvals.rules.state import APPLICANT, Event, Said, Seat, State, apply


class Stand(StrEnum):
    """DONE passed, NOW waits for somebody, MATERIAL waits for the applicant's material as well, RETURNED sent the case
    back, REFUSED ended it, SKIPPED was left without a decision or never reached, UNTAKEN lies in a branch the case did
    not take, AHEAD is still to come."""

    DONE = "done"
    NOW = "now"
    MATERIAL = "material"
    RETURNED = "returned"
    REFUSED = "refused"
    SKIPPED = "skipped"
    UNTAKEN = "untaken"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asked at a step and what they said; `by` is who decided where that is somebody else."""

    employee: int
    said: Said
    by: int | None = None


@dataclass(slots=True)
class Standing:
    """One step: `last` is the index of the event that brought it where it is, -1: none has."""

    stand: Stand = Stand.AHEAD
    last: int = -1
    round: int = 0
    people: tuple[Asked, ...] = ()


@dataclass(slots=True)
class Reading:
    """A case read to an event: its state, and how each step stands."""

    state: State
    steps: dict[str, Standing] = field(default_factory=dict)
    #: The index of the last event that ended or returned the case to its applicant; -1: none.
    ended: int = -1


_PASSES = {"notified": Stand.DONE, "automatic": Stand.DONE, "took": Stand.DONE, "closed": Stand.DONE}


def read_standing(document: Document, events: Sequence[Event]) -> Reading:
    """How every step stands after these events; a prefix of the history gives an earlier moment."""
    known = spots(document)
    reading = Reading(State())
    for index, event in enumerate(events):
        _follow(reading, known, event, index)
        apply(reading.state, event)
    found = {step: reading.steps.get(step, Standing()) for step in known}
    for step, standing in found.items():
        _settle(reading.state, known[step], standing)
    _fade(reading.state, known, found)
    reading.steps = found
    return reading


def _follow(reading: Reading, known: dict[str, Spot], event: Event, index: int) -> None:
    """Note what one event does to its step, before the state moves."""
    kind, steps = event.kind, reading.steps
    if kind == "moved":
        names = event.data["steps"]
        reading.steps = {names.get(step) or step: standing for step, standing in steps.items()}
    elif kind == "returned":
        _go_back(reading, known, event, index)
    elif kind == "ended":
        reading.ended = index
    elif event.step and event.step != APPLICANT:
        now = steps.setdefault(event.step, Standing())
        if kind in _PASSES:
            now.stand, now.last, now.round = _PASSES[kind], index, reading.state.round
            now.people = tuple(Asked(person, Said.VOID) for person in event.data.get("people", ()))
        elif kind in ("entered", "forked"):
            now.stand, now.last, now.round, now.people = Stand.NOW, index, reading.state.round, ()
        elif kind == "left":
            outcome = {"passed": Stand.DONE, "refused": Stand.REFUSED}
            now.stand, now.last = outcome.get(event.data["outcome"], Stand.SKIPPED), index
            now.people = _people(reading.state, event.step)


def _go_back(reading: Reading, known: dict[str, Spot], event: Event, index: int) -> None:
    """Forget what has to be done again; the step the case was sent back from says so."""
    goal_id = event.data["to"]
    goal = known.get(goal_id)
    for step, spot in known.items():
        after = goal is None or (spot.order >= goal.order and not spot.is_beside(goal))
        kept = event.data.get("resume") and reading.steps.get(step, Standing()).stand is Stand.DONE and step != goal_id
        if after and not kept:
            reading.steps.pop(step, None)
    here = reading.steps.setdefault(event.step, Standing())
    here.stand, here.last, here.round = Stand.RETURNED, index, reading.state.round
    if event.seat in reading.state.seats:
        seat = reading.state.seats[event.seat]
        here.people = (Asked(seat.employee, seat.said, event.actor if event.actor != seat.employee else None),)
    if goal is None:
        reading.ended = index


def _people(state: State, step: str) -> tuple[Asked, ...]:
    place = state.places.get(step)
    return tuple(_asked(seat) for seat in state.seats_of(place)) if place is not None else ()


def _asked(seat: Seat) -> Asked:
    return Asked(seat.employee, seat.said, seat.by if seat.by not in (None, seat.employee) else None)


def _settle(state: State, spot: Spot, standing: Standing) -> None:
    """What follows from where the case is at the end."""
    step = spot.step
    if step.id in state.places:
        standing.people = _people(state, step.id)
        waits = any(each.is_open and step.id in each.waits for each in state.supplements.values())
        standing.stand = Stand.MATERIAL if waits else Stand.NOW
    elif standing.stand is Stand.NOW and step.id not in state.joins:
        standing.stand = Stand.SKIPPED
    if standing.stand in (Stand.NOW, Stand.AHEAD) and not state.status.is_open:
        standing.stand = Stand.SKIPPED


def _fade(state: State, known: dict[str, Spot], found: dict[str, Standing]) -> None:
    """Steps in branches that a choice did not take."""
    for step, spot in known.items():
        place = spot.within
        while place is not None:
            outer, branch = place
            if outer.step.id in state.taken and state.taken[outer.step.id] != branch:
                found[step].stand = Stand.UNTAKEN
            place = outer.within


__all__ = ["Asked", "Reading", "Stand", "Standing", "read_standing"]
