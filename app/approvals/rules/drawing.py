"""The diagram of a flow with a case in it (APR-6): places, texts and states, from the same document and history the
engine runs by. A template only writes it down as SVG; the table beside it is made of the same boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

from app.approvals.rules.document import Document, Step
from app.approvals.rules.laying import END, START, Frame, Line, lay_out
from app.approvals.rules.standing import Asked, Reading, Stand, read_standing
from app.approvals.rules.state import APPLICANT, Event, Said, Status

#: Half-width signs that fit a box beside its icon, and the name of a branch.
NAME_ROOM, WHO_ROOM, LABEL_ROOM = 22, 26, 27


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody asked at a step, by name."""

    name: str
    said: Said
    #: Who decided in their place; empty: they themselves, or nobody yet.
    by: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """One step (or the start or end): where it lies and what it says. `kind` is a `Kind`, ``start`` or ``end``."""

    step: str
    kind: str
    name: str
    stand: Stand
    frame: Frame
    people: tuple[Person, ...] = ()
    at: Any = None
    round: int = 0
    #: The end of a case, where it has one.
    status: str = ""

    @property
    def short_name(self) -> str:
        """Its name, cut to the box."""
        return fitted(self.name, NAME_ROOM)

    @property
    def who(self) -> str:
        """The people asked, cut to the box."""
        return fitted("、".join(person.name for person in self.people), WHO_ROOM)


@dataclass(frozen=True, slots=True)
class Label:
    """The name of a branch."""

    text: str
    short: str
    frame: Frame
    faded: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole diagram: boxes in the order of the document (start first, end last), names of branches, lines."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    labels: tuple[Label, ...]
    #: Each line with whether it lies in a branch that was not taken.
    lines: tuple[tuple[Line, bool], ...]


def draw(
    document: Document,
    events: Sequence[Event],
    names: Mapping[int, str],
    *,
    times: Sequence[Any] = (),
    english: bool = False,
) -> Drawing:
    """A document with a case after these events in it; without events the flow alone.

    `names` are the names of employees by id, `times` the moments of the events, one each.
    """
    reading, layout = read_standing(document, events), lay_out(document)
    boxes = [_start(reading, events, names, times, layout.frames[START])]
    for step in document.walk():
        standing = reading.steps[step.id]
        people = tuple(_person(asked, names) for asked in standing.people)
        at = times[standing.last] if 0 <= standing.last < len(times) else None
        frame = layout.frames[step.id]
        name = named(step, english)
        boxes.append(Box(step.id, step.kind.value, name, standing.stand, frame, people, at, standing.round))
    boxes.append(_end(reading, events, times, layout.frames[END]))
    by_id = {step.id: step for step in document.walk()}
    labels = []
    for (step_id, number), frame in layout.labels.items():
        branch = by_id[step_id].branches[number]
        text = (english and branch.name_en) or branch.name or str(number + 1)
        labels.append(Label(text, fitted(text, LABEL_ROOM), frame, _is_faded(reading, (step_id, number))))
    lines = tuple((line, line.lane is not None and _is_faded(reading, line.lane)) for line in layout.lines)
    return Drawing(layout.width, layout.height, tuple(boxes), tuple(labels), lines)


def named(step: Step, english: bool) -> str:
    """A step's name in a language; its id where it has none."""
    return (english and step.name_en) or step.name or step.id


def fitted(text: str, room: int) -> str:
    """A text cut to so many half-width signs; Chinese ones take two.

    >>> fitted("风险经理审批", 10), fitted("Risk", 10)
    ('风险经理…', 'Risk')
    """
    if _breadth(text) <= room:
        return text
    kept = ""
    for sign in text:
        if _breadth(kept + sign) > room - 2:
            break
        kept += sign
    return kept + "…"


def _breadth(text: str) -> int:
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def _person(asked: Asked, names: Mapping[int, str]) -> Person:
    by = "" if asked.by is None else names.get(asked.by, f"#{asked.by}")
    return Person(names.get(asked.employee, f"#{asked.employee}"), asked.said, by)


def _start(
    reading: Reading, events: Sequence[Event], names: Mapping[int, str], times: Sequence[Any], frame: Frame
) -> Box:
    """The applicant: done once submitted, waiting while the case is returned."""
    state = reading.state
    last = max((n for n, event in enumerate(events) if event.kind in ("started", "resubmitted")), default=-1)
    stand = Stand.NOW if APPLICANT in state.places else Stand.DONE if events else Stand.AHEAD
    people = (Person(names.get(state.applicant, f"#{state.applicant}"), Said.WAITING),) if events else ()
    at = times[last] if 0 <= last < len(times) else None
    return Box(START, START, "", stand, frame, people, at, state.round if events else 0)


def _end(reading: Reading, events: Sequence[Event], times: Sequence[Any], frame: Frame) -> Box:
    state = reading.state
    stands = {Status.APPROVED: Stand.DONE, Status.REFUSED: Stand.REFUSED}
    over = bool(events) and not state.status.is_open
    stand = stands.get(state.status, Stand.SKIPPED) if over else Stand.AHEAD
    at = times[reading.ended] if over and 0 <= reading.ended < len(times) else None
    return Box(END, END, "", stand, frame, (), at, state.round if over else 0, state.status.value if over else "")


def _is_faded(reading: Reading, lane: tuple[str, int]) -> bool:
    step, branch = lane
    if reading.steps[step].stand is Stand.UNTAKEN:
        return True
    return step in reading.state.taken and reading.state.taken[step] != branch


__all__ = ["Box", "Drawing", "Label", "Person", "draw", "fitted", "named"]
