"""Whether a running case may go on by another version of its flow, by a map of the steps that admins give (APR-1).

A map names for a step of the old document the step of the new one that takes its place. Seats, decisions and history
stay as they are; only what the case goes on with is the new document's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.approvals.rules.document import Document, Kind, Step
from app.approvals.rules.places import Spot, spots
from app.approvals.rules.state import APPLICANT, State

#: Steps a case can stand at, have passed or be inside of; the others leave nothing behind.
MAPPED = (Kind.APPROVE, Kind.CHOICE, Kind.PARALLEL)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a case cannot move. `step` is the old one it is about. `code`: unmapped, same_goal, visited (the case has
    been at that step before), parallel, branch, resume."""

    code: str
    step: str


def mapped_steps(document: Document) -> list[Step]:
    """The steps a map speaks of, in the order of the document."""
    return [step for step in document.walk() if step.kind in MAPPED]


def first_guess(old: Document, new: Document) -> dict[str, str]:
    """The map of steps that are there in both: the same id and kind."""
    kinds = {step.id: step.kind for step in mapped_steps(new)}
    return {step.id: step.id for step in mapped_steps(old) if kinds.get(step.id) is step.kind}


def wrong_pairs(old: Document, new: Document, goals: Mapping[str, str]) -> list[str]:
    """The old steps of a map that are not there, or whose goal is not there or of another kind."""
    before, after = ({step.id: step.kind for step in mapped_steps(one)} for one in (old, new))
    return [step for step, goal in goals.items() if step not in before or after.get(goal) is not before[step]]


def obstacle(old: Document, new: Document, state: State, goals: Mapping[str, str]) -> Obstacle | None:
    """What keeps an open case from moving by a map without `wrong_pairs`; None: it may."""
    before, after = spots(old), spots(new)
    open_steps = [step for step in state.places if step != APPLICANT]
    taken: set[str] = set()
    for step in open_steps:
        goal = goals.get(step)
        if goal is None:
            return Obstacle("unmapped", step)
        if goal in taken:
            return Obstacle("same_goal", step)
        taken.add(goal)
        # The visits of a step are counted: one that comes later cannot take the number of one that was.
        if goal != step and state.visits[goal] >= state.places[step].visit:
            return Obstacle("visited", step)
    return _inside(before, after, state, goals, open_steps) or _straight_back(after, state, goals)


def _inside(
    before: Mapping[str, Spot], after: Mapping[str, Spot], state: State, goals: Mapping[str, str],
    open_steps: list[str],
) -> Obstacle | None:  # fmt: skip
    """Parallel steps that are open stay open, with the same branches through and the same ones under way."""
    taken: set[str] = set()
    for step in state.joins:
        goal = goals.get(step)
        if goal is None or goal in taken or len(after[goal].step.branches) != len(before[step].step.branches):
            return Obstacle("parallel", step)
        taken.add(goal)
    for step in open_steps:
        wanted = [(goals.get(outer), branch) for outer, branch in before[step].parallels.items()]
        if wanted != list(after[goals[step]].parallels.items()):
            return Obstacle("branch", step)
    return None


def _straight_back(after: Mapping[str, Spot], state: State, goals: Mapping[str, str]) -> Obstacle | None:
    """A return “straight back to me” still leads there: both steps in one list, the second after the first."""
    if state.resume is None:
        return None
    to, back = state.resume[0], after.get(goals.get(state.resume[1], ""))
    if back is None:
        return Obstacle("resume", state.resume[1])
    if to == APPLICANT:
        leads = not back.parallels
    else:
        goal = after.get(goals.get(to, ""))
        leads = goal is not None and goal.within == back.within and goal.order < back.order
    return None if leads else Obstacle("resume", state.resume[1])


def loosened(state: State, goals: Mapping[str, str]) -> list[str]:
    """The old steps that wait for material but have no goal: after the move nothing waits there."""
    waits = [step for supplement in state.supplements.values() if supplement.is_open for step in supplement.waits]
    return [step for step in dict.fromkeys(waits) if step not in goals]


def moved_data(
    old: Document, new: Document, state: State, goals: Mapping[str, str], version: int
) -> dict[str, Any]:
    """The data of the event ``moved`` of a case without an `obstacle`.

    steps: {old id: new id, or the empty text where it has none}; loosened: `loosened`; undated: goals whose step has
    no deadline, so that the open visit has none any more.
    """
    after = spots(new)
    names = {step.id: goals.get(step.id, "") for step in mapped_steps(old)}
    now_at = [after[goals[step]] for step in state.places if step != APPLICANT]
    for choice, branch in state.taken.items():
        goal = names.get(choice, "")
        if goal and not _still_taken(old.step(choice), after[goal], branch, now_at):
            names[choice] = ""
    return {
        "version": version,
        "steps": names,
        "loosened": loosened(state, goals),
        "undated": [spot.step.id for spot in now_at if spot.step.deadline is None],
    }


def _still_taken(was: Step, choice: Spot, branch: int | None, now_at: list[Spot]) -> bool:
    """Whether “this branch was taken” is still true of where the case goes on."""
    if len(was.branches) != len(choice.step.branches):
        return False
    return all(_way(spot, choice.step.id) in (None, branch) for spot in now_at)


def _way(spot: Spot, outer: str) -> int | None:
    """The branch of a step another lies in, None: in none."""
    place = spot.within
    while place is not None:
        if place[0].step.id == outer:
            return place[1]
        place = place[0].within
    return None


__all__ = ["MAPPED", "Obstacle", "first_guess", "loosened", "mapped_steps", "moved_data", "obstacle", "wrong_pairs"]
