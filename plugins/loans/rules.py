"""Repayment schedules and stage moves: pure arithmetic in `Decimal`, rounded half up to 0.01.

Interest of a period is principal outstanding × annual rate / 12 (a month counts as 30 of 360 days); the last
instalment takes the remainder, so that principal sums exactly to the amount lent.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext

CENT = Decimal("0.01")
#: Rates are kept with four decimals of a percent.
RATE_STEP = Decimal("0.0001")
#: Years a loan may start in.
FIRST_YEAR, LAST_YEAR = 1950, 2200
#: A loan runs at most this many months: 50 years.
LONGEST_TERM_MONTHS = 600

#: The stages of a business development in order; a stage moves one step forward, or out to lost.
STAGES = ("contact", "need", "proposal", "negotiation", "won")
LOST = "lost"
#: From this stage on, the expected amount must be known.
NEEDS_AMOUNT_FROM = "proposal"

#: What an application's state may become, and by which act.
MOVES: dict[tuple[str, str], str] = {
    ("draft", "submitted"): "submit",
    ("draft", "withdrawn"): "withdraw",
    ("submitted", "draft"): "take_back",
    ("submitted", "withdrawn"): "withdraw",
    ("submitted", "granted"): "decide",
    ("submitted", "refused"): "decide",
}


class ScheduleError(ValueError):
    """Terms that give no schedule; `code` is ``amount``, ``rate``, ``months``, ``method`` or ``start``."""

    def __init__(self, code: str):
        self.code = code
        super().__init__(code)


METHODS = ("equal_instalment", "equal_principal")


@dataclass(frozen=True, slots=True)
class Instalment:
    """One line of a schedule; amounts in the site's currency unit."""

    number: int
    due_on: date
    principal: Decimal
    interest: Decimal
    #: Principal still owed after this instalment.
    balance: Decimal

    @property
    def total(self) -> Decimal:
        return self.principal + self.interest


def repayment_schedule(
    method: str, amount: Decimal, annual_rate: Decimal, months: int, start: date
) -> tuple[Instalment, ...]:
    """The schedule of a loan paid out on `start`, first instalment a month later.

    `method` is ``equal_instalment`` (等额本息) or ``equal_principal`` (等额本金); `annual_rate` in percent.
    Raises `ScheduleError`.

    >>> [str(i.total) for i in repayment_schedule("equal_principal", Decimal(1200), Decimal(12), 3, date(2026, 1, 31))]
    ['412.00', '408.00', '404.00']
    """
    _check_terms(method, amount, annual_rate, months, start)
    with localcontext() as exact:
        exact.prec = 60
        monthly = annual_rate / 1200
        payment = _annuity(amount, monthly, months) if method == "equal_instalment" else None
        share = cents(amount / months)
        lines: list[Instalment] = []
        balance = amount
        for number in range(1, months + 1):
            interest = cents(balance * monthly)
            principal = share if payment is None else payment - interest
            if number == months or principal > balance:
                principal = balance
            balance -= principal
            lines.append(Instalment(number, month_later(start, number), principal, interest, balance))
    return tuple(lines)


def _check_terms(method: str, amount: Decimal, annual_rate: Decimal, months: int, start: date) -> None:
    if not amount.is_finite() or amount < CENT or amount != amount.quantize(CENT):
        raise ScheduleError("amount")
    if not annual_rate.is_finite() or not 0 <= annual_rate <= 100 or annual_rate != annual_rate.quantize(RATE_STEP):
        raise ScheduleError("rate")
    if not 1 <= months <= LONGEST_TERM_MONTHS:
        raise ScheduleError("months")
    if not FIRST_YEAR <= start.year <= LAST_YEAR:
        raise ScheduleError("start")
    if method not in METHODS:
        raise ScheduleError("method")


def _annuity(amount: Decimal, monthly: Decimal, months: int) -> Decimal:
    """The equal payment: amount × r / (1 − (1 + r)^−n); amount / n without interest."""
    if monthly == 0:
        return cents(amount / months)
    return cents(amount * monthly / (1 - (1 + monthly) ** -months))


def cents(value: Decimal) -> Decimal:
    """Rounded half up to 0.01."""
    return value.quantize(CENT, ROUND_HALF_UP)


def month_later(start: date, months: int) -> date:
    """The same day `months` later, the month's last day where it is shorter; month ends do not drift.

    >>> [month_later(date(2026, 1, 31), n).isoformat() for n in (1, 2)]
    ['2026-02-28', '2026-03-31']
    """
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def totals(lines: Sequence[Instalment]) -> tuple[Decimal, Decimal]:
    """(principal, interest) over a schedule."""
    return sum((i.principal for i in lines), Decimal(0)), sum((i.interest for i in lines), Decimal(0))


def may_move(stage: str, to: str) -> bool:
    """Whether a business development may go from one stage to another: one step on, or lost before it is won.

    >>> may_move("need", "proposal"), may_move("need", "negotiation"), may_move("won", "lost")
    (True, False, False)
    """
    if is_closed(stage):
        return False
    return to == LOST or next_stage(stage) == to


def next_stage(stage: str) -> str | None:
    """The stage after this one; None at the end."""
    if stage not in STAGES or stage == STAGES[-1]:
        return None
    return STAGES[STAGES.index(stage) + 1]


def is_closed(stage: str) -> bool:
    """Whether a development at this stage is over: won or lost."""
    return stage not in STAGES or stage == STAGES[-1]


def needs_amount(stage: str) -> bool:
    """Whether the expected amount must be known at this stage."""
    return stage in STAGES and STAGES.index(stage) >= STAGES.index(NEEDS_AMOUNT_FROM)


def is_open(state: str) -> bool:
    """Whether an application in this state is still on its way."""
    return state in ("draft", "submitted")
