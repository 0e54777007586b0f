"""ACT-2: numbers as exchanges write them are one number; signatures and what a call means as a follow-up."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.activities.calls import numbers, rules
from app.activities.calls.numbers import LONGEST, read_line, spellings
from app.fields.rules import read_phone

MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
AREAS = st.sampled_from(["10", "20", "21", "28", "311", "571", "755", "898"])
SUBSCRIBERS = st.from_regex(r"[2-8][0-9]{7}", fullmatch=True)
STEADY = settings(max_examples=60, deadline=None, derandomize=True)
BLANKS = st.sampled_from(["", " ", "-", "\u3000"])


@pytest.mark.parametrize("module", [numbers, rules])
def test_the_examples_hold(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


@STEADY
@given(MOBILES, st.sampled_from(["", "0", "86", "+86", "0086", "+86 0"]), BLANKS, BLANKS, st.booleans())
def test_a_mobile_is_its_eleven_digits(mobile: str, before: str, one: str, two: str, wide: bool) -> None:
    text = f"{before}{one}{mobile[:3]}{two}{mobile[3:7]}{one}{mobile[7:]}"
    if wide:
        text = text.translate({ord("0") + digit: ord("０") + digit for digit in range(10)})
    assert read_line(text) == numbers.Line(mobile)


@STEADY
@given(AREAS, SUBSCRIBERS, st.sampled_from(["", "转8", "-801", " ext. 12", "#9", ",3"]), BLANKS, st.booleans())
def test_a_landline_begins_with_its_area_and_loses_its_extension(
    area: str, number: str, behind: str, blank: str, abroad: bool
) -> None:
    before = f"+86{blank}{area}" if abroad else f"0{area}"
    line = read_line(f"{before}-{number[:4]}{blank}{number[4:]}{behind}")
    assert line.number == f"0{area}{number}"
    assert line.extension == "".join(sign for sign in behind if sign.isdigit())


@STEADY
@given(st.text(max_size=40) | st.from_regex(r"[+0-9 ()\-]{1,20}", fullmatch=True))
def test_any_text_has_one_line_that_is_its_own(text: str) -> None:
    line = read_line(text).number
    assert len(line) <= LONGEST + 1 and read_line(line).number == line
    assert all(read_line(one).number == line for one in spellings(line))
    assert line == "" or line in spellings(line)


@STEADY
@given(MOBILES | st.builds("0{}{}".format, AREAS, SUBSCRIBERS), st.sampled_from(["", "+86", "86", "0086"]), BLANKS)
def test_what_a_form_keeps_of_a_number_is_found_by_its_line(number: str, before: str, blank: str) -> None:
    typed = f"{before}{blank}{number}"
    assert read_phone(typed.replace("\u3000", " ")) in spellings(read_line(typed).number)


@pytest.mark.parametrize("timestamp", ["", "-5", "1.", ".5", "1.0000000", "1e3", "१", "9" * 30])
def test_what_is_no_time_is_no_stamp(timestamp: str) -> None:
    assert rules.read_stamp(timestamp) is None
