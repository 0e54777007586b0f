"""What an act leads to: the events it adds to a case's history, or why it may not be.

The points that must hold whatever is done are kept here and in `flowing`: nobody decides on their own case, also by
standing in; nobody decides twice in one step; a case ends or waits for somebody who can act.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.approvals.rules.document import Kind, Then
from app.approvals.rules.flowing import Flow, Illegal
from app.approvals.rules.state import APPLICANT, REMEMBERED, Event, Said, Seat, Status

DECISIONS = {"approve": "approved", "refuse": "refused", "abstain": "abstained"}


@dataclass(frozen=True, slots=True)
class By:
    """Who acts, and for whom they stand in today (代理): employee ids."""

    employee: int
    stands_in_for: frozenset[int] = frozenset()


@dataclass(slots=True)
class Play(Flow):
    """The acts of people and of the product on one case."""

    # -- what people do --------------------------------------------------------------------------------------------

    def start(self, applicant: int, version: int) -> None:
        """Submit a record: the case begins at the first step."""
        self._note(Event("started", applicant, data={"applicant": applicant, "version": version}))
        self._enter(self.document.steps)

    def decide(self, by: By, seat_number: int, act: str, comment: str = "") -> None:
        """Approve, refuse or abstain on a seat. Raises `Illegal`."""
        seat = self._my_seat(by, seat_number)
        place, step = self.state.places[seat.step], self._step(seat.step)
        if act == "abstain" and place.sign.value != "vote":
            raise Illegal("no_abstention")
        if not comment.strip() and (act == "refuse" or (act == "approve" and step.comment_needed)):
            raise Illegal("comment_needed")
        if act == "approve" and self._waits_for_material(seat.step):
            raise Illegal("waits_for_material")
        self._note(Event(DECISIONS[act], by.employee, seat.step, seat.number, _standing_in(by, seat), comment))
        self._settle(place)

    def give_back(self, by: By, seat_number: int, to: str, comment: str, *, straight: bool = False) -> None:
        """Return a case to an earlier step or to the applicant. Raises `Illegal`.

        Siblings: open seats in the step itself are void, so are other branches unless step and target lie in the same
        branch; a branch beside the target that was through stays through. `straight`: once that is passed, the case
        comes straight back to this step.
        """
        seat = self._my_seat(by, seat_number)
        self._permitted(seat, "return")
        if not comment.strip():
            raise Illegal("comment_needed")
        if to not in self.targets(seat.step):
            raise Illegal("no_such_target")
        if straight and not self._leads_straight(to, seat.step):
            raise Illegal("not_straight")
        self._return(by.employee, seat, to, comment, seat.step if straight else None)

    def resubmit(self, by: By, comment: str = "") -> None:
        """The applicant submits a returned case again. Raises `Illegal`."""
        place = self.state.places.get(APPLICANT)
        if self.state.status is not Status.RETURNED or place is None:
            raise Illegal("not_returned")
        seat = self.state.seats_of(place)[0]
        if by.employee != seat.employee:
            raise Illegal("not_yours")
        self._note(Event("resubmitted", by.employee, APPLICANT, seat.number, comment=comment))
        if self.state.resume is not None:
            self._resume()
        else:
            self._enter(self.document.steps)

    def withdraw(self, by: By, comment: str = "") -> None:
        """The applicant takes the case back. Raises `Illegal`."""
        self._open_case()
        if by.employee != self.state.applicant:
            raise Illegal("not_yours")
        if not self.may_withdraw(by.employee):
            raise Illegal("no_withdrawal")
        self._end("withdrawn", by.employee, comment)

    def transfer(self, by: By, seat_number: int, to: int, comment: str = "") -> None:
        """Let somebody else decide in one's place (转办). Raises `Illegal`."""
        seat = self._my_seat(by, seat_number)
        self._permitted(seat, "transfer")
        self._may_sit(to, seat)
        data = {"to": to, "from": seat.employee, "why": "transfer", **_standing_in(by, seat)}
        self._note(Event("reseated", by.employee, seat.step, seat.number, data, comment))

    def add_signers(self, by: By, seat_number: int, people: Iterable[int], where: str, comment: str = "") -> None:
        """Ask others to sign before or after oneself (加签). Raises `Illegal`."""
        seat = self._my_seat(by, seat_number)
        self._permitted(seat, "add_signer")
        chosen = list(dict.fromkeys(people))
        if not chosen or where not in ("before", "after"):
            raise Illegal("nobody_named")
        for employee in chosen:
            self._may_sit(employee, seat)
        data = {"people": chosen, "where": where, **_standing_in(by, seat)}
        self._note(Event("added", by.employee, seat.step, seat.number, data, comment))

    def remove_signer(self, by: By, seat_number: int, comment: str = "") -> None:
        """Take back a signer one has added, while that one has not decided (减签). Raises `Illegal`."""
        seat = self._live_seat(seat_number)
        adder = self.state.seats.get(seat.added_by or 0)
        if adder is None or by.employee not in (adder.employee, adder.by):
            raise Illegal("not_yours")
        if any(other.added_by == seat.number and other.said.is_live for other in self.state.seats.values()):
            raise Illegal("has_signers")
        place = self.state.places[seat.step]
        self._note(Event("removed", by.employee, seat.step, seat.number, {"employee": seat.employee}, comment))
        self._settle(place)

    def ask_material(self, by: By, seat_number: int, items: Iterable[str], waits: Iterable[str], comment: str) -> None:
        """Ask the applicant for material; only the steps in `waits` wait for it (补充材料). Raises `Illegal`."""
        seat = self._my_seat(by, seat_number)
        self._permitted(seat, "supplement")
        wanted = [item.strip() for item in items if item.strip()]
        steps = list(dict.fromkeys(waits))
        if not wanted:
            raise Illegal("nothing_asked")
        if any(step not in self._spots or self._step(step).kind is not Kind.APPROVE for step in steps):
            raise Illegal("no_such_target")
        number = len(self.state.supplements) + 1
        data = {"number": number, "employee": self.state.applicant, "items": wanted, "waits": steps}
        self._note(Event("asked", by.employee, seat.step, seat.number, {**data, **_standing_in(by, seat)}, comment))

    def give_material(self, by: By, number: int, comment: str = "") -> None:
        """The applicant says that the material is there; or who asked does without. Raises `Illegal`."""
        self._open_case()
        supplement = self.state.supplements.get(number)
        if supplement is None or not supplement.is_open:
            raise Illegal("not_asked")
        if by.employee not in (self.state.applicant, supplement.asked_by):
            raise Illegal("not_yours")
        self._note(Event("given", by.employee, data={"number": number}, comment=comment))

    def remember(self, kind: str, by: int | None, step: str = "", comment: str = "", **data: Any) -> None:
        """Write down what changes nothing by itself: a comment, a copy, a reminder. Raises `Illegal`."""
        if kind not in REMEMBERED:
            raise ValueError(f"'{kind}' changes a case")
        if kind != "commented" and kind != "copied":
            self._open_case()
        self._note(Event(kind, by, step, data=data, comment=comment))

    # -- what the product does -------------------------------------------------------------------------------------

    def expire(self, step_id: str, visit: int) -> None:
        """A step has taken too long; does what its deadline says. Too late by then: nothing."""
        place = self.state.places.get(step_id)
        step = None if place is None or place.visit != visit else self._step(step_id)
        if place is None or step is None or step.deadline is None:
            return
        then = step.deadline.then
        if then is Then.APPROVE and self._waits_for_material(step_id):
            then = Then.REMIND
        self._note(Event("expired", step=step_id, data={"visit": visit, "then": then.value}))
        if then is Then.ESCALATE:
            for seat in [seat for seat in self.state.seats_of(place) if seat.said is Said.OPEN]:
                self._reseat(seat, self.world.superiors(seat.employee), "escalated")
        elif then in (Then.APPROVE, Then.REFUSE):
            self._leave(place, "passed" if then is Then.APPROVE else "refused")

    def replace_unable(self) -> None:
        """Give seats of people who can decide no more (gone, or the case became their own) to those who can."""
        for number in [seat.number for seat in self.state.seats.values() if seat.said.is_live]:
            seat = self.state.seats[number]
            if not seat.said.is_live:
                continue
            if seat.step == APPLICANT:
                if not self.world.may_act(seat.employee):
                    self._applicant_gone(seat)
            elif not self.world.may_act(seat.employee):
                self._reseat_or_refuse(seat, "gone")
            elif seat.employee in self._excluded():
                self._reseat_or_refuse(seat, "own_case")

    def succeed(self, to: int) -> None:
        """The applicant's case goes to a successor (handover), who then never decides on it. Raises `Illegal`."""
        self._open_case()
        self._succeed(to)
        self.replace_unable()

    def hand_over(self, seat_number: int, to: int) -> None:
        """A seat goes to a colleague because its person leaves or is away for long. Raises `Illegal`."""
        seat = self._live_seat(seat_number)
        if seat.step == APPLICANT:
            raise Illegal("not_permitted")
        self._may_sit(to, seat)
        self._note(
            Event("reseated", None, seat.step, seat.number, {"to": to, "from": seat.employee, "why": "handover"})
        )

    def cancel(self, by: int | None, comment: str) -> None:
        """An administrator, or the product itself (None), ends a case. Raises `Illegal`."""
        self._open_case()
        if not comment.strip():
            raise Illegal("comment_needed")
        self._end("cancelled", by, comment)

    # -- what may be -----------------------------------------------------------------------------------------------

    def may_withdraw(self, employee: int) -> bool:
        """Whether somebody may take the case back now: its applicant, as the document permits."""
        if employee != self.state.applicant or not self.state.status.is_open:
            return False
        when = self.document.withdraw
        decided = any(seat.said.is_decided and seat.step != APPLICANT for seat in self.state.seats.values())
        return self.state.status is Status.RETURNED or not (when == "never" or (when == "undecided" and decided))

    def targets(self, step_id: str) -> list[str]:
        """Where a case may be returned to from a step: the applicant, and steps passed before it on its way."""
        here = self._spots[step_id]
        before = [
            step
            for step in self.state.passed
            if step in self._spots
            and self._spots[step].step.kind is Kind.APPROVE
            and self._spots[step].order < here.order
            and not self._spots[step].is_beside(here)
        ]
        return [APPLICANT, *dict.fromkeys(before)]

    def seats_for(self, by: By) -> list[Seat]:
        """The open seats somebody may decide now."""
        found = []
        for seat in self.state.open_seats():
            try:
                self._my_seat(by, seat.number)
            except Illegal:
                continue
            found.append(seat)
        return found

    def _open_case(self) -> None:
        if not self.state.status.is_open:
            raise Illegal("ended")

    def _live_seat(self, number: int) -> Seat:
        self._open_case()
        seat = self.state.seats.get(number)
        if seat is None or not seat.said.is_live:
            raise Illegal("already_decided" if seat is not None and seat.said.is_decided else "overtaken")
        return seat

    def _my_seat(self, by: By, number: int) -> Seat:
        """An open seat of whoever acts, or of one they stand in for; nobody decides on their own case (point 8)."""
        seat = self._live_seat(number)
        if seat.step == APPLICANT:
            raise Illegal("not_yours")
        mine = seat.employee == by.employee
        stands_in = self.document.delegable and seat.employee in by.stands_in_for
        if not (mine or stands_in):
            raise Illegal("not_yours")
        if seat.said is not Said.OPEN:
            raise Illegal("not_your_turn")
        if by.employee in self._excluded():
            raise Illegal("own_case")
        if not mine and by.employee in self._sitting(self.state.places[seat.step]):
            raise Illegal("decided_once")
        return seat

    def _permitted(self, seat: Seat, act: str) -> None:
        if act not in self._step(seat.step).may:
            raise Illegal("not_permitted")

    def _may_sit(self, employee: int, beside: Seat) -> None:
        """Whoever is asked instead or besides has to be able to act, and has no seat there already."""
        if employee in self._excluded():
            raise Illegal("own_case")
        if not self.world.may_act(employee):
            raise Illegal("cannot_act")
        if employee in self._sitting(self.state.places[beside.step]):
            raise Illegal("sits_already")

    def _leads_straight(self, to: str, step_id: str) -> bool:
        if to == APPLICANT:
            return not self._spots[step_id].parallels
        return self._spots[to].within == self._spots[step_id].within


def _standing_in(by: By, seat: Seat) -> Mapping[str, Any]:
    return {} if seat.employee == by.employee else {"for": seat.employee}


__all__ = ["DECISIONS", "By", "Illegal", "Play"]
