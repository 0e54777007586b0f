"""A case's state after it went on by another version: its steps have the names they have there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.approvals.rules.state import State


def rename_steps(state: State, names: Mapping[str, str]) -> None:
    """Give what is live the new names: {old id: new id, or empty: it has none}."""
    state.places = {names.get(step, step): place for step, place in state.places.items()}
    for step, place in state.places.items():
        place.step = step
        for seat in state.seats_of(place):
            seat.step = step
    # What was counted stays counted under its old name, too: no visit ever gets the number of another.
    counts = dict(state.visits)
    for step, count in counts.items():
        goal = names.get(step) or step
        state.visits[goal] = max(state.visits[goal], count)
    state.joins = {names.get(step, step): done for step, done in state.joins.items()}
    state.taken = {names.get(step, step): branch for step, branch in state.taken.items() if names.get(step, step)}
    state.passed = [names[step] for step in state.passed if names.get(step)]
    if state.resume is not None:
        state.resume = (names.get(state.resume[0], state.resume[0]), names[state.resume[1]])
    for supplement in state.supplements.values():
        supplement.waits = tuple(names[step] for step in supplement.waits if names.get(step))


__all__ = ["rename_steps"]
