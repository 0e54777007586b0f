"""Where a step lies in its document: what comes next, what it is part of, what a return leaves untouched."""

from __future__ import annotations

from dataclasses import dataclass

from app.approvals.rules.document import Document, Kind, Step


@dataclass(frozen=True, slots=True)
class Spot:
    """A step, those that follow it in its own list, and the step and branch its list belongs to."""

    step: Step
    order: int
    rest: tuple[Step, ...]
    within: tuple[Spot, int] | None

    @property
    def parallels(self) -> dict[str, int]:
        """Every parallel step it lies in, with the branch: from the inside out."""
        found: dict[str, int] = {}
        place = self.within
        while place is not None:
            spot, branch = place
            if spot.step.kind is Kind.PARALLEL:
                found[spot.step.id] = branch
            place = spot.within
        return found

    def is_beside(self, other: Spot) -> bool:
        """Whether the two lie in different branches of one parallel step: neither comes before the other."""
        mine, theirs = self.parallels, other.parallels
        return any(theirs.get(step, branch) != branch for step, branch in mine.items())

    def is_part_of(self, step_id: str) -> bool:
        """Whether it lies in a branch of that step."""
        place = self.within
        while place is not None:
            if place[0].step.id == step_id:
                return True
            place = place[0].within
        return False


def spots(document: Document) -> dict[str, Spot]:
    """Every step's place by its id; `order` counts them as they are listed."""
    found: dict[str, Spot] = {}

    def place(steps: tuple[Step, ...], within: tuple[Spot, int] | None) -> None:
        for index, step in enumerate(steps):
            spot = found[step.id] = Spot(step, len(found), steps[index + 1 :], within)
            for number, branch in enumerate(step.branches):
                place(branch.steps, (spot, number))

    place(document.steps, None)
    return found


__all__ = ["Spot", "spots"]
