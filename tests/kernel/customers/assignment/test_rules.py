"""The pure part of assignment rules: turns, loads, prefixes, places."""

from __future__ import annotations

import doctest
from collections import Counter
from datetime import date

import pytest

from app.customers.assignment import rules
from app.customers.assignment.rules import Levels, Seat, Turns, longest_prefix, new_places
from app.organisation.rules import is_at_work


def test_the_examples_hold() -> None:
    held = doctest.testmod(rules)
    assert held.failed == 0 and held.attempted > 5


def test_turns_end_when_nobody_has_room_and_begin_anew_when_the_last_is_gone() -> None:
    held: dict[int, int] = {4: 1}
    turns = Turns([Seat(4, most=2), Seat(5, most=1), Seat(4, most=9)], last=77)
    assert [turns.pick(held) for _each in range(3)] == [4, 5, None]
    assert Turns([]).pick({}) is None


def test_loads_level_whatever_was_there_before() -> None:
    held = {1: 50, 2: 0, 3: 20}
    levels = Levels([Seat(1), Seat(2), Seat(3), Seat(4, available=False)], held)
    given = Counter(levels.pick(held) for _each in range(65))
    assert held == {1: 50, 2: 43, 3: 42} and given == {2: 43, 3: 22}


def test_loads_see_what_another_rule_gave_meanwhile() -> None:
    held = {1: 0, 2: 0}
    levels = Levels([Seat(1), Seat(2)], held)
    held[1] = 5
    assert [levels.pick(held) for _each in range(3)] == [2, 2, 2]


def test_prefixes_and_places() -> None:
    assert longest_prefix(None, ["33"]) is None and longest_prefix("33", ["330"]) is None
    assert new_places([2, 1], {1: 10, 2: 20, 9: 15}) == {2: 10, 1: 20}


@pytest.mark.parametrize(
    ("joined", "left", "away", "back", "works"),
    [
        (None, None, None, None, True),
        (date(2026, 5, 8), None, None, None, False),
        (None, date(2026, 5, 7), None, None, True),
        (None, date(2026, 5, 6), None, None, False),
        (None, None, date(2026, 5, 8), None, True),
        (None, None, date(2026, 5, 7), None, False),
        (None, None, None, date(2026, 5, 7), False),
        (None, None, date(2026, 5, 1), date(2026, 5, 6), True),
    ],
)
def test_who_is_at_work(
    joined: date | None, left: date | None, away: date | None, back: date | None, works: bool
) -> None:
    assert is_at_work(joined, left, away, back, date(2026, 5, 7)) is works
