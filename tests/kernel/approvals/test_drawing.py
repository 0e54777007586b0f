"""APR-6: the diagram of a case: boxes never overlap, every step is drawn once and says how it stands."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.approvals.rules.document import Branch, Document, Find, Kind, Rule, Step
from app.approvals.rules.drawing import draw, fitted
from app.approvals.rules.laying import END, START
from app.approvals.rules.playing import By, Play
from app.approvals.rules.standing import Stand
from app.approvals.rules.state import APPLICANT, Event, State, replay
from tests.kernel.approvals.test_played_at_random import Bank, _lists, _named

NAMES = {1: "王芳", 3: "李雷", 4: "韩梅", 5: "周洲", 9: "吴管"}


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_boxes_never_overlap_and_every_step_is_drawn_once(seed: int) -> None:
    document = Document(_named(_lists(Random(seed), depth=3), count(1)))
    drawing = draw(document, (), {})
    assert [box.step for box in drawing.boxes] == [START, *(step.id for step in document.walk()), END]
    frames = [(box.step, box.frame) for box in drawing.boxes] + [(label.text, label.frame) for label in drawing.labels]
    for (_one, frame), (_other, beside) in combinations(frames, 2):
        assert not frame.overlaps(beside)
    for _name, frame in frames:
        assert frame.x >= 0 and frame.y >= 0
        assert frame.x + frame.width <= drawing.width and frame.bottom <= drawing.height
    for line, _faded in drawing.lines:
        assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in line.points)


def _step(name: str, *people: int, **more: object) -> Step:
    rule = Rule(Find.PEOPLE, employees=people)
    return Step(name, Kind.APPROVE, name=name, assignees=(rule,), **more)  # type: ignore[arg-type]


DOCUMENT = Document(
    (
        _step("first", 3),
        Step(
            "which",
            Kind.CHOICE,
            branches=(
                Branch("large", when="large", steps=(_step("board", 4),)),
                Branch("small", steps=(_step("desk", 4),)),
            ),
        ),
        _step("last", 5),
    )
)


def _play(*acts: Callable[[Play], None]) -> list[Event]:
    bank = Bank({"first": [3], "board": [4], "desk": [4], "last": [5]}, conditions={"large"})
    state, events = State(), []
    for act in (lambda play: play.start(1, 1), *acts):
        play = Play(DOCUMENT, state, bank)
        act(play)
        state = play.state
        events += play.events
    return events


def _stands(events: list[Event]) -> dict[str, str]:
    return {box.step: box.stand.value for box in draw(DOCUMENT, events, NAMES).boxes}


def approve(employee: int, seat: int) -> Callable[[Play], None]:
    return lambda play: play.decide(By(employee), seat, "approve", "ok")


def test_each_step_says_how_it_stands() -> None:
    assert set(_stands([]).values()) == {"ahead"}
    waiting = _play(approve(3, 1))
    assert _stands(waiting) == {
        START: "done", "first": "done", "which": "done", "board": "now", "desk": "untaken", "last": "ahead",
        END: "ahead",
    }  # fmt: skip
    done = _play(approve(3, 1), approve(4, 2), approve(5, 3))
    assert _stands(done)["last"] == _stands(done)[END] == "done"
    refused = _play(approve(3, 1), lambda play: play.decide(By(4), 2, "refuse", "no"))
    assert _stands(refused)["board"] == _stands(refused)[END] == "refused"
    assert _stands(refused)["last"] == "skipped"
    asked = _play(lambda play: play.ask_material(By(3), 1, ["id card"], ["first"], ""))
    assert _stands(asked)["first"] == "material"


def test_a_return_says_who_sent_it_back_and_what_comes_again() -> None:
    events = _play(approve(3, 1), lambda play: play.give_back(By(4), 2, APPLICANT, "unclear"))
    assert _stands(events) == {
        START: "now", "first": "ahead", "which": "ahead", "board": "returned", "desk": "ahead", "last": "ahead",
        END: "ahead",
    }  # fmt: skip
    again = [*events, *_resubmitted(events)]
    boxes = {box.step: box for box in draw(DOCUMENT, again, NAMES).boxes}
    assert boxes["first"].stand is Stand.NOW
    assert boxes["first"].round == 2
    # As it stood after the first event of all.
    assert {box.step: box.stand.value for box in draw(DOCUMENT, again[:2], NAMES).boxes}["first"] == "now"


def _resubmitted(events: list[Event]) -> list[Event]:
    play = Play(DOCUMENT, replay(events), Bank({"first": [3]}))
    play.resubmit(By(1))
    return play.events


def test_people_are_named_and_who_stood_in_is_told() -> None:
    events = _play(lambda play: play.decide(By(9, frozenset({3})), 1, "approve"))
    box = next(
        box for box in draw(DOCUMENT, events, NAMES, times=list(range(len(events)))).boxes if box.step == "first"
    )
    assert [(person.name, person.said.value, person.by) for person in box.people] == [("李雷", "approved", "吴管")]
    assert box.at is not None


@pytest.mark.parametrize(
    ("text", "room", "kept"), [("风险经理审批", 10, "风险经理…"), ("Risk", 10, "Risk"), ("", 3, "")]
)
def test_names_are_cut_to_the_box(text: str, room: int, kept: str) -> None:
    assert fitted(text, room) == kept
