"""LOAN-11: repayment schedules against figures computed elsewhere and in other ways."""

from __future__ import annotations

import gzip
import os
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.loans.rules import (
    ScheduleError,
    may_move,
    month_later,
    needs_amount,
    next_stage,
    repayment_schedule,
    totals,
)

START = date(2026, 1, 31)
BERKA = (
    Path(os.environ.get("QIAO_DATA", Path(__file__).resolve().parents[4] / "shared" / "data")) / "berka" / "loan.asc.gz"
)

AMOUNTS = st.decimals(Decimal("0.01"), Decimal("999999999.99"), places=2)
RATES = st.decimals(0, 36, places=4)


def annuity(amount: Decimal, annual_rate: Decimal, months: int) -> Fraction:
    """The exact equal payment, in fractions: the sum of discounted payments is the amount."""
    monthly = Fraction(annual_rate) / 1200
    discounted = sum(1 / (1 + monthly) ** number for number in range(1, months + 1))
    return Fraction(amount) / discounted


def test_a_published_annuity() -> None:
    """A million over 30 years at 4.9 %: 5,307.27 a month and 910,616.19 of interest, as every bank's table says."""
    lines = repayment_schedule("equal_instalment", Decimal(1_000_000), Decimal("4.9"), 360, START)
    assert {line.total for line in lines[:-1]} == {Decimal("5307.27")}
    assert lines[0].interest == Decimal("4083.33")
    principal, interest = totals(lines)
    assert principal == 1_000_000
    assert abs(interest - Decimal("910616.19")) < Decimal("0.01") * 360
    by_principal = repayment_schedule("equal_principal", Decimal(1_000_000), Decimal("4.9"), 360, START)
    assert by_principal[0].total == Decimal("6861.11")
    assert abs(totals(by_principal)[1] - Decimal("737041.67")) < Decimal("0.01") * 360


@pytest.mark.parametrize(
    ("amount", "rate", "months"),
    [
        ("100000", "4.35", 12),
        ("1000000", "4.9", 360),
        ("200000", "18.25", 36),
        ("35000.55", "3.4567", 60),
        ("1", "12", 2),
    ],
)
def test_the_equal_payment_agrees_with_exact_fractions(amount: str, rate: str, months: int) -> None:
    lines = repayment_schedule("equal_instalment", Decimal(amount), Decimal(rate), months, START)
    exact = annuity(Decimal(amount), Decimal(rate), months)
    assert abs(Fraction(lines[0].total) - exact) <= Fraction(1, 200)
    assert len({line.total for line in lines[:-1]}) == 1


def test_equal_principal_by_hand() -> None:
    """120,000 over 12 months at 6 %: 10,000 a month and interest falling by 50."""
    lines = repayment_schedule("equal_principal", Decimal(120_000), Decimal(6), 12, START)
    assert [line.total for line in lines[:3]] == [Decimal(10_600), Decimal(10_550), Decimal(10_500)]
    assert lines[-1].total == 10_050
    assert totals(lines) == (Decimal(120_000), Decimal(3_900))


def test_the_last_instalment_takes_the_remainder() -> None:
    lines = repayment_schedule("equal_principal", Decimal(100), Decimal(0), 3, START)
    assert [line.principal for line in lines] == [Decimal("33.33"), Decimal("33.33"), Decimal("33.34")]
    lines = repayment_schedule("equal_instalment", Decimal(200), Decimal(0), 3, START)
    assert [line.principal for line in lines] == [Decimal("66.67"), Decimal("66.67"), Decimal("66.66")]


def test_month_ends_do_not_drift() -> None:
    lines = repayment_schedule("equal_instalment", Decimal(100), Decimal(5), 14, START)
    assert [line.due_on.isoformat() for line in lines[:4]] == ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]
    assert lines[-1].due_on == date(2027, 3, 31)
    assert month_later(date(2023, 12, 31), 2) == date(2024, 2, 29)


@settings(deadline=None)
@given(AMOUNTS, RATES, st.integers(1, 120), st.sampled_from(("equal_instalment", "equal_principal")))
def test_every_schedule_pays_back_exactly_what_was_lent(
    amount: Decimal, rate: Decimal, months: int, method: str
) -> None:
    lines = repayment_schedule(method, amount, rate, months, START)
    assert len(lines) == months
    assert totals(lines)[0] == amount
    owed = amount
    for line in lines:
        assert line.principal >= 0
        assert line.interest >= 0
        owed -= line.principal
        assert line.balance == owed >= 0
    assert lines[-1].balance == 0
    assert all(line.principal == line.principal.quantize(Decimal("0.01")) for line in lines)
    assert [line.number for line in lines] == list(range(1, months + 1))
    assert all(earlier.due_on < later.due_on for earlier, later in pairwise(lines))


@settings(deadline=None)
@given(AMOUNTS, RATES, st.integers(2, 120))
def test_equal_principal_declines(amount: Decimal, rate: Decimal, months: int) -> None:
    lines = repayment_schedule("equal_principal", amount, rate, months, START)
    interests = [line.interest for line in lines]
    assert interests == sorted(interests, reverse=True)
    before_last = [line.total for line in lines[:-1]]
    assert before_last == sorted(before_last, reverse=True)


@settings(deadline=None)
@given(AMOUNTS.filter(lambda amount: amount > 100), st.decimals(1, 36, places=2), st.integers(2, 60))
def test_equal_principal_costs_less_interest(amount: Decimal, rate: Decimal, months: int) -> None:
    by_instalment = totals(repayment_schedule("equal_instalment", amount, rate, months, START))[1]
    by_principal = totals(repayment_schedule("equal_principal", amount, rate, months, START))[1]
    assert by_principal <= by_instalment + Decimal("0.05") * months


@pytest.mark.parametrize(
    ("code", "terms"),
    [
        ("amount", ("equal_instalment", Decimal(0), Decimal(5), 12, START)),
        ("amount", ("equal_instalment", Decimal("-1"), Decimal(5), 12, START)),
        ("amount", ("equal_instalment", Decimal("1.005"), Decimal(5), 12, START)),
        ("amount", ("equal_instalment", Decimal("NaN"), Decimal(5), 12, START)),
        ("rate", ("equal_instalment", Decimal(1), Decimal("100.01"), 12, START)),
        ("rate", ("equal_instalment", Decimal(1), Decimal("-0.01"), 12, START)),
        ("rate", ("equal_instalment", Decimal(1), Decimal("4.35001"), 12, START)),
        ("months", ("equal_instalment", Decimal(1), Decimal(5), 0, START)),
        ("months", ("equal_instalment", Decimal(1), Decimal(5), 601, START)),
        ("method", ("balloon", Decimal(1), Decimal(5), 12, START)),
        ("start", ("equal_instalment", Decimal(1), Decimal(5), 12, date(9999, 12, 1))),
    ],
)
def test_terms_that_give_no_schedule(code: str, terms: tuple) -> None:
    with pytest.raises(ScheduleError) as wrong:
        repayment_schedule(*terms)
    assert wrong.value.code == code


def test_the_longest_loan_at_the_highest_rate_still_adds_up() -> None:
    lines = repayment_schedule("equal_instalment", Decimal("999999999999.99"), Decimal(100), 600, START)
    assert totals(lines)[0] == Decimal("999999999999.99")
    assert min(line.principal for line in lines) >= 0


def test_stages_move_one_step_forward_or_out() -> None:
    assert may_move("contact", "need")
    assert not may_move("contact", "proposal")
    assert not may_move("proposal", "need")
    assert not may_move("contact", "contact")
    assert may_move("negotiation", "won")
    assert may_move("negotiation", "lost")
    assert not may_move("won", "lost")
    assert not may_move("lost", "contact")
    assert not may_move("made up", "lost")
    assert (next_stage("won"), next_stage("lost"), next_stage("need")) == (None, None, "proposal")
    assert [stage for stage in ("contact", "need", "proposal", "won", "lost") if needs_amount(stage)] == [
        "proposal",
        "won",
    ]


def test_berkas_loans_have_the_payments_of_an_interest_free_schedule() -> None:
    """682 real loans whose payment is amount / duration; without the data, the sample's first rows stand for them."""
    loans = SAMPLE
    if BERKA.is_file():
        with gzip.open(BERKA, "rt", encoding="ascii") as file:
            rows = [line.strip().replace('"', "").split(";") for line in file][1:]
        loans = [(row[3], int(row[4]), row[5]) for row in rows]
        assert len(loans) == 682
    checked = 0
    for amount, months, payment in loans:
        lines = repayment_schedule("equal_instalment", Decimal(amount), Decimal(0), months, START)
        assert totals(lines)[0] == Decimal(amount)
        if Decimal(amount) % months == 0:
            checked += 1
            assert {line.total for line in lines} == {Decimal(payment)}
        else:
            assert abs(lines[0].total - Decimal(payment)) <= Decimal("0.5")
    assert checked >= len(loans) // 2


#: (amount, months, payment) of the first loans of the set.
SAMPLE = [("96396", 12, "8033.00"), ("165960", 36, "4610.00"), ("127080", 60, "2118.00"), ("105804", 36, "2939.00")]
