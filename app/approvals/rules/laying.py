"""Where everything of a flow's diagram lies: boxes from top to bottom, branches side by side, never over each other.

All lengths are pixels at 100 %. A list of steps is as wide as its widest step; a step with branches is as wide as its
branches together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from app.approvals.rules.document import Branch, Document, Step

BOX_WIDTH, BOX_HEIGHT = 208, 68
#: The box of a step that only forks: it has nobody to name.
FORK_HEIGHT = 44
#: The round ends on top (the applicant) and below (the end).
END_WIDTH, END_HEIGHT = 208, 44
GAP, LANE_GAP, MARGIN = 28, 28, 16
#: The room of a branch's name, and of a branch without steps.
LABEL_HEIGHT, EMPTY_WIDTH = 26, 132

START, END = "start", "end"


class Frame(NamedTuple):
    """Where something is drawn."""

    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> int:
        return self.x + self.width // 2

    @property
    def bottom(self) -> int:
        return self.y + self.height

    def overlaps(self, other: Frame) -> bool:
        """Whether the two share any point inside."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.bottom
            and other.y < self.bottom
        )


class Line(NamedTuple):
    """A way from one point to another: `points` are corners; `lane` names the branch (step, number) it belongs to."""

    points: tuple[tuple[int, int], ...]
    lane: tuple[str, int] | None
    arrow: bool = True


@dataclass(slots=True)
class Layout:
    """Frames by step id (with `START` and `END`), the frames of the branches' names, and the lines."""

    width: int = 0
    height: int = 0
    frames: dict[str, Frame] = field(default_factory=dict)
    labels: dict[tuple[str, int], Frame] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)


def lay_out(document: Document) -> Layout:
    """The places of a whole flow."""
    layout = Layout()
    inner = max(_width(document.steps), END_WIDTH)
    middle = MARGIN + inner // 2
    layout.frames[START] = Frame(middle - END_WIDTH // 2, MARGIN, END_WIDTH, END_HEIGHT)
    bottom = _place(layout, document.steps, middle, MARGIN + END_HEIGHT, None)
    layout.lines.append(Line(((middle, bottom), (middle, bottom + GAP)), None))
    layout.frames[END] = Frame(middle - END_WIDTH // 2, bottom + GAP, END_WIDTH, END_HEIGHT)
    layout.width, layout.height = inner + 2 * MARGIN, bottom + GAP + END_HEIGHT + MARGIN
    return layout


def _width(steps: tuple[Step, ...]) -> int:
    return max((_step_width(step) for step in steps), default=EMPTY_WIDTH)


def _step_width(step: Step) -> int:
    if not step.branches:
        return BOX_WIDTH
    return max(BOX_WIDTH, sum(_width(branch.steps) for branch in step.branches) + LANE_GAP * (len(step.branches) - 1))


def _place(layout: Layout, steps: tuple[Step, ...], middle: int, top: int, lane: tuple[str, int] | None) -> int:
    """Lay a list of steps below a point; the height it ends at."""
    for step in steps:
        layout.lines.append(Line(((middle, top), (middle, top + GAP)), lane))
        height = FORK_HEIGHT if step.branches else BOX_HEIGHT
        frame = Frame(middle - BOX_WIDTH // 2, top + GAP, BOX_WIDTH, height)
        layout.frames[step.id] = frame
        top = _fork(layout, step, frame) if step.branches else frame.bottom
    return top


def _fork(layout: Layout, step: Step, frame: Frame) -> int:
    """Lay the branches of a step side by side under its box and let them meet again."""
    total = sum(_width(branch.steps) for branch in step.branches) + LANE_GAP * (len(step.branches) - 1)
    left, bar = frame.middle - total // 2, frame.bottom + GAP // 2
    ends: list[tuple[int, int, tuple[str, int]]] = []
    for number, branch in enumerate(step.branches):
        width, lane = _width(branch.steps), (step.id, number)
        middle = left + width // 2
        label = _label(branch, left, width, bar + GAP // 2)
        layout.labels[lane] = label
        corner = ((frame.middle, frame.bottom), (frame.middle, bar), (middle, bar), (middle, label.y))
        layout.lines.append(Line(corner, lane, arrow=False))
        ends.append((middle, _place(layout, branch.steps, middle, label.bottom, lane), lane))
        left += width + LANE_GAP
    join = max(bottom for _middle, bottom, _lane in ends) + GAP
    for middle, bottom, lane in ends:
        layout.lines.append(Line(((middle, bottom), (middle, join), (frame.middle, join)), lane, arrow=False))
    return join


def _label(branch: Branch, left: int, width: int, top: int) -> Frame:
    room = min(width, BOX_WIDTH)
    return Frame(left + (width - room) // 2, top, room, LABEL_HEIGHT)


__all__ = ["END", "START", "Frame", "Layout", "Line", "lay_out"]
