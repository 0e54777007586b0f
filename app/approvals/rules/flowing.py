"""How a case goes on by itself: from step to step, around branches, back again, to its end.

Everything that has to be looked up (who holds a role, whether a condition holds) comes from a `World`; what it answers
is written into the events.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.approvals.rules.document import Branch, Document, Kind, Nobody, Step
from app.approvals.rules.places import Spot, spots
from app.approvals.rules.state import APPLICANT, Event, Place, Said, Seat, State, Status, apply

#: Events of one act: more means a flow that turns in a circle, which a document cannot.
LONGEST = 1_000


class World(Protocol):
    """What the engine has to ask. Employees are ids."""

    def people(self, step: Step) -> Iterable[int]:
        """Whom the step's rules find, in their order."""

    def may_act(self, employee: int) -> bool:
        """Whether somebody is there and can log in."""

    def heads_above(self, step: Step) -> Iterable[int]:
        """The heads of the units above the applicant's, from the nearest."""

    def administrators(self) -> Iterable[int]:
        """Who keeps approvals going where nobody else can."""

    def superiors(self, employee: int) -> Iterable[int]:
        """The line of those above somebody: managers, then heads of units."""

    def holds(self, branch: Branch) -> bool:
        """Whether a branch's condition holds for the record as it is now."""

    def excluded(self) -> Iterable[int]:
        """Who never decides on this case besides its applicant: who owns the record or wrote it."""


class Illegal(Exception):
    """An act that may not be. `code` names why (`app.approvals.messages`)."""

    def __init__(self, code: str, **values: Any) -> None:
        self.code, self.values = code, values
        super().__init__(code)


@dataclass(slots=True)
class Flow:
    """One act on one case: `state` moves along with each event, `events` is what is new."""

    document: Document
    state: State
    world: World
    events: list[Event] = field(default_factory=list)
    _spots: dict[str, Spot] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state = self.state.copy()
        self._spots = spots(self.document)

    def _note(self, event: Event) -> None:
        self.events.append(event)
        if len(self.events) > LONGEST:
            raise Illegal("endless")
        apply(self.state, event)

    def _enter(self, steps: tuple[Step, ...]) -> None:
        """Go on with a list of steps, as far as it goes without anybody."""
        for step in steps:
            if self.state.status is not Status.RUNNING or not self._pass(step):
                return
        if steps:
            self._after(self._spots[steps[-1].id])

    def _pass(self, step: Step) -> bool:
        """Enter a step; whether the case goes on at once."""
        if step.kind is Kind.APPROVE:
            return self._ask(step)
        if step.kind is Kind.NOTIFY:
            self._note(Event("notified", step=step.id, data={"people": list(dict.fromkeys(self.world.people(step)))}))
            return True
        if step.kind is Kind.AUTOMATIC:
            self._note(Event("automatic", step=step.id, data={"act": step.act, "values": dict(step.values)}))
            return True
        if step.kind is Kind.CHOICE:
            return self._choose(step)
        return self._fork(step)

    def _choose(self, step: Step) -> bool:
        found = next((n for n, b in enumerate(step.branches) if not b.when or self.world.holds(b)), None)
        self._note(Event("took", step=step.id, data={"branch": found}))
        if found is None or not step.branches[found].steps:
            return True
        self._enter(step.branches[found].steps)
        return False  # what follows the choice was entered from the end of its branch, or will be

    def _fork(self, step: Step) -> bool:
        self._note(Event("forked", step=step.id, data={"branches": len(step.branches)}))
        for number, branch in enumerate(step.branches):
            if branch.steps:
                self._enter(branch.steps)
            else:
                self._join(step, number)
            if self.state.status is not Status.RUNNING:
                return False
        return False

    def _after(self, spot: Spot) -> None:
        """The last step of a list is passed: go on with what the list is part of."""
        if self.state.status is not Status.RUNNING:
            return
        if spot.within is None:
            self._end("approved", None)
            return
        outer, branch = spot.within
        if outer.step.kind is Kind.PARALLEL:
            self._join(outer.step, branch)
        else:
            self._go_on(outer)

    def _join(self, step: Step, branch: int) -> None:
        self._note(Event("joined", step=step.id, data={"branch": branch}))
        if len(self.state.joins[step.id]) == len(step.branches):
            self._note(Event("closed", step=step.id))
            self._go_on(self._spots[step.id])

    def _go_on(self, spot: Spot) -> None:
        if spot.rest:
            self._enter(spot.rest)
        else:
            self._after(spot)

    def _ask(self, step: Step, *, again: bool = False) -> bool:
        """Open a step for those its rules find; nobody found falls back as it states. Whether it is passed at once.

        `again`: somebody returned the case to it, so nobody passes for having approved before.
        """
        excluded = self._excluded()
        people = [p for p in dict.fromkeys(self.world.people(step)) if p not in excluded and self.world.may_act(p)]
        if not people:
            people = self._fall_back(step)
            if not people:
                self._note(Event("fell_back", step=step.id, data={"how": "refuse"}))
                self._end("refused", None)
                return False
        data = {
            "visit": self.state.visits[step.id] + 1,
            "sign": step.sign.value,
            "needed": step.needed(len(people)),
            "people": people,
        }
        self._note(Event("entered", step=step.id, data=data))
        return not again and self._pass_repeated(step)

    def _pass_repeated(self, step: Step) -> bool:
        """Let those pass who have approved earlier on this way, where the flow says so. Whether that was all."""
        place = self.state.places[step.id]
        if self.document.repeated_pass and not step.wants and not self._waits_for_material(step.id):
            done = {s.by for s in self.state.seats.values() if s.said is Said.APPROVED and s.step in self.state.passed}
            for seat in self.state.seats_of(place):
                if seat.said is Said.OPEN and seat.employee in done and not self.state.outcome_of(place):
                    self._note(Event("approved", seat.employee, step.id, seat.number, {"why": "repeated"}))
        if self.state.outcome_of(place) != "passed":
            return False
        self._note(Event("left", step=step.id, data={"outcome": "passed"}))
        return True

    def _fall_back(self, step: Step) -> list[int]:
        """One person in place of nobody: the next head above, else an administrator; none where both are barred."""
        ways = {Nobody.HEAD_ABOVE: ("head_above", "administrator"), Nobody.ADMINISTRATOR: ("administrator",)}
        excluded = self._excluded()
        for how in ways.get(step.nobody, ()):
            asked = self.world.heads_above(step) if how == "head_above" else self.world.administrators()
            found = next((p for p in asked if p not in excluded and self.world.may_act(p)), None)
            if found is not None:
                self._note(Event("fell_back", step=step.id, data={"how": how, "to": found}))
                return [found]
        return []

    def _settle(self, place: Place) -> None:
        """Close a step that is decided and go on from there."""
        outcome = self.state.outcome_of(place)
        if outcome:
            self._leave(place, outcome)

    def _leave(self, place: Place, outcome: str) -> None:
        step = self._step(place.step)
        if outcome == "refused" and step.refusal_returns:
            seat = self.state.seats_of(place)[0]
            self._return(None, seat, APPLICANT, "", None)
            return
        self._note(Event("left", step=place.step, data={"outcome": outcome}))
        if outcome == "refused":
            self._end("refused", None)
        elif self.state.resume is not None and self.state.resume[0] == place.step:
            self._resume()
        else:
            self._go_on(self._spots[place.step])

    def _resume(self) -> None:
        """Go straight to the step a case was returned from."""
        if self.state.resume is None:
            return
        target = self._spots[self.state.resume[1]]
        self._note(Event("resumed", step=target.step.id))
        self._enter((target.step, *target.rest))

    def _return(self, actor: int | None, seat: Seat, to: str, comment: str, resume: str | None) -> None:
        spots_now = self._spots
        goal = None if to == APPLICANT else spots_now[to]
        for place in list(self.state.places.values()):
            if goal is None or not spots_now[place.step].is_beside(goal):
                self._note(Event("left", step=place.step, data={"outcome": "void"}))
        for join in [join for join in self.state.joins if goal is None or not goal.is_part_of(join)]:
            if goal is None or not spots_now[join].is_beside(goal):
                self._note(Event("closed", step=join))
        forget = [
            step
            for step in (*self.state.passed, *self.state.taken)
            if (not resume and goal is None)
            or (goal is not None and (step == to if resume else self._is_after(step, goal)))
        ]
        data = {"to": to, "forget": forget, "resume": resume}
        self._note(Event("returned", actor, seat.step, seat.number, data, comment))
        if goal is None:
            own = self.state.seats_of(self.state.places[APPLICANT])[0]
            if not self.world.may_act(own.employee):
                self._applicant_gone(own)
            return
        for parallel, branch in goal.parallels.items():
            done = self.state.joins.get(parallel, set(range(len(self._step(parallel).branches))))
            self._note(Event("forked", step=parallel, data={"done": sorted(done - {branch})}))
        self._ask(goal.step, again=True)

    def _is_after(self, step_id: str, goal: Spot) -> bool:
        spot = self._spots[step_id]
        return spot.order >= goal.order and not spot.is_beside(goal)

    def _reseat(self, seat: Seat, candidates: Iterable[int], why: str) -> bool:
        """Give a seat to the first who may take it, else to an administrator; whether somebody was found."""
        excluded = self._excluded() | self._sitting(self.state.places[seat.step])
        for employee in (*candidates, *self.world.administrators()):
            if employee not in excluded and self.world.may_act(employee):
                data = {"to": employee, "from": seat.employee, "why": why}
                self._note(Event("reseated", None, seat.step, seat.number, data))
                return True
        return False

    def _reseat_or_refuse(self, seat: Seat, why: str) -> None:
        """Give a seat whose person may not decide to those above; where nobody may, the case is refused."""
        if not self._reseat(seat, self.world.superiors(seat.employee), why):
            self._note(Event("fell_back", step=seat.step, data={"how": "refuse"}))
            self._end("refused", None)

    def _applicant_gone(self, seat: Seat) -> None:
        """A returned case whose applicant is gone: the line above goes on with it, or it is withdrawn."""
        for employee in (*self.world.superiors(seat.employee), *self.world.administrators()):
            if self.world.may_act(employee):
                self._succeed(employee)
                return
        self._end("withdrawn", None)

    def _succeed(self, to: int) -> None:
        """The case is somebody else's from now on, with the applicant's own seat."""
        was = self.state.applicant
        self._note(Event("succeeded", data={"from": was, "to": to}))
        for seat in [seat for seat in self.state.seats.values() if seat.said.is_live and seat.step == APPLICANT]:
            data = {"to": to, "from": was, "why": "handover"}
            self._note(Event("reseated", None, APPLICANT, seat.number, data))

    def _end(self, outcome: str, actor: int | None, comment: str = "") -> None:
        for step in list(self.state.places):
            self._note(Event("left", step=step, data={"outcome": "void"}))
        self._note(Event("ended", actor, data={"outcome": outcome}, comment=comment))

    def _sitting(self, place: Place) -> set[int]:
        seats = self.state.seats_of(place)
        return {seat.employee for seat in seats} | {seat.by for seat in seats if seat.by is not None}

    def _excluded(self) -> set[int]:
        return {self.state.applicant, *self.world.excluded()}

    def _waits_for_material(self, step_id: str) -> bool:
        return any(s.is_open and step_id in s.waits for s in self.state.supplements.values())

    def _step(self, step_id: str) -> Step:
        return self._spots[step_id].step


__all__ = ["Flow", "Illegal", "World"]
