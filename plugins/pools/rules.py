"""How a customer goes up the ladder, and who may claim one: pure decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

#: A rule waits at most ten years.
LONGEST_DAYS = 3650


def last_safe_day(business_date: date, days: int, is_working_day: Callable[[date], bool] | None = None) -> date:
    """The day a follow-up must have happened on or after, for the customer to stay on `business_date`.

    A customer is recycled once `days` whole days lie between the last effective follow-up and `business_date`;
    with `is_working_day` only working days count. The night of 31 March with 30 days: followed up on
    28 February, the days 1 to 30 March have passed and the customer goes; followed up on 1 March, it stays.

    >>> last_safe_day(date(2026, 3, 31), 30)
    datetime.date(2026, 3, 1)
    >>> monday = date(2026, 3, 30)
    >>> last_safe_day(monday, 1, lambda day: day.weekday() < 5)
    datetime.date(2026, 3, 27)
    """
    if is_working_day is None:
        return business_date - timedelta(days=days)
    day, left = business_date, days
    while left > 0:
        day -= timedelta(days=1)
        if is_working_day(day):
            left -= 1
    return day


def draws_from(rule_path: str | None, pool_path: str) -> str | None:
    """The path of the units whose customers a rule moves into a pool; None when the pool must not have them.

    A pool takes customers of its own unit and below, so nobody's customers end in a strange branch. Paths look
    like ``/1/5/``.

    >>> draws_from(None, "/1/5/"), draws_from("/1/5/9/", "/1/5/"), draws_from("/1/6/", "/1/5/")
    ('/1/5/', '/1/5/9/', None)
    """
    if rule_path is None:
        return pool_path
    return rule_path if rule_path.startswith(pool_path) else None


def chain(path: str | None) -> tuple[int, ...]:
    """The ids of a unit and of the units above it, from its path.

    >>> chain("/1/5/9/")
    (1, 5, 9)
    """
    return tuple(int(part) for part in (path or "").split("/") if part)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a pool allows whoever claims from it; 0 means no limit.

    `alone`: the pool has a daily limit of its own, for which only claims from this pool count.
    """

    per_day: int
    owned: int
    cool_down_days: int
    alone: bool = False


@dataclass(slots=True)
class Holding:
    """What a person has when asking to claim: customers owned now, and claims made today from each pool.

    Claims are counted from the ledger, whether or not the customer is still held: giving back and claiming again
    evades nothing.
    """

    owned: int
    claimed: dict[int, int]

    def take(self, pool_id: int) -> None:
        """Count one more customer claimed from a pool."""
        self.owned += 1
        self.claimed[pool_id] = self.claimed.get(pool_id, 0) + 1


def binding(holding: Holding, pool_id: int, limits: Limits) -> str:
    """What keeps a person from one more customer of a pool: ``per_day``, ``owned``, or nothing.

    >>> binding(Holding(owned=3, claimed={1: 1, 2: 9}), 1, Limits(per_day=10, owned=500, cool_down_days=0))
    'per_day'
    >>> binding(Holding(owned=3, claimed={1: 1, 2: 9}), 1, Limits(10, 500, 0, alone=True))
    ''
    """
    claimed = holding.claimed.get(pool_id, 0) if limits.alone else sum(holding.claimed.values())
    if limits.per_day and claimed >= limits.per_day:
        return "per_day"
    return "owned" if limits.owned and holding.owned >= limits.owned else ""


# --- the ladder ---------------------------------------------------------------------------------------------------

#: Where an owned customer stands, from the bottom up, and what follows.
STAGES = ("green", "amber", "red")
RUNGS = ("amber", "red", "pool")
WorkingDay = Callable[[date], bool]


def add_days(day: date, days: int, is_working_day: WorkingDay | None = None) -> date:
    """The day `days` days after `day`; with `is_working_day` the working day so many working days after it.

    >>> add_days(date(2026, 3, 27), 1, lambda day: day.weekday() < 5)
    datetime.date(2026, 3, 30)
    """
    if is_working_day is None:
        return day + timedelta(days=days)
    while days > 0:
        day += timedelta(days=1)
        if is_working_day(day):
            days -= 1
    return day


def after(basis: date, days: int, is_working_day: WorkingDay | None = None) -> date:
    """The first business date on whose night `days` whole days have passed since `basis` (`last_safe_day` reversed).

    Followed up on 28 February, thirty days: the days 1 to 30 March have passed on the night of 31 March.

    >>> after(date(2026, 2, 28), 30)
    datetime.date(2026, 3, 31)
    """
    return add_days(basis, days, is_working_day) + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ladder:
    """What a rule says about dates: what its clock counts from, and how many days each rung lasts."""

    trigger: str = "follow_up"
    amber_days: int | None = None
    red_days: int | None = None
    pool_days: int | None = None
    working_days: bool = False
    protect_days: int | None = None
    extend_days: int | None = None
    hard_stop_days: int | None = None
    counts_from: date | None = None

    @property
    def rungs(self) -> dict[str, int]:
        """{rung: whole days from the basis to it}; a rung without days is left out.

        A protection clock has been ticking before its basis, so amber is the night after it ends.

        >>> Ladder(amber_days=7, pool_days=5).rungs
        {'amber': 7, 'pool': 12}
        """
        amber = 0 if self.trigger == "protection" else self.amber_days
        passed, found = 0, {}
        for rung, days in zip(RUNGS, (amber, self.red_days, self.pool_days), strict=True):
            if days is not None:
                passed += days
                found[rung] = passed
        return found

    def days_to(self, rung: str) -> int | None:
        """The whole days from the basis to a rung, None where it is left out."""
        return self.rungs.get(rung)


def basis_of(ladder: Ladder, start: date, last: date | None, is_working_day: WorkingDay | None = None) -> date:
    """The day a customer's clock counts from.

    `start`: the owner's first day; `last`: the last effective follow-up, or the last fact of the rule's metric.
    Nothing before `counts_from` counts against anybody. A protection clock counts from its end: so many days from the
    start, extended by a follow-up to at least so many days after it, never past its hard stop.

    >>> clock = Ladder("protection", protect_days=10, extend_days=3, hard_stop_days=20)
    >>> basis_of(clock, date(2026, 3, 25), date(2026, 4, 2))
    datetime.date(2026, 4, 5)
    """
    start = max(start, ladder.counts_from or start)
    if ladder.trigger == "owned":
        return start
    if ladder.trigger != "protection":
        return max(start, last or start)
    counted = is_working_day if ladder.working_days else None
    end = add_days(start, ladder.protect_days or 0, counted)
    if last is not None and last >= start and ladder.extend_days is not None:
        end = max(end, add_days(last, ladder.extend_days, counted))
    return end if ladder.hard_stop_days is None else min(end, add_days(start, ladder.hard_stop_days, counted))


@dataclass(frozen=True, slots=True)
class Steps:
    """The business dates whose nights take the steps; None where the rule has no such rung."""

    amber: date | None = None
    red: date | None = None
    pool: date | None = None

    def due(self, day: date) -> str:
        """The furthest rung whose date has come by `day`: a night that was missed gives nobody days.

        >>> Steps(amber=date(2026, 3, 8), red=date(2026, 3, 11)).due(date(2026, 3, 20))
        'red'
        """
        found = ""
        for rung in RUNGS:
            on = getattr(self, rung)
            if on is not None and on <= day:
                found = rung
        return found

    def lowered(self, stage: str, day: date) -> str:
        """The stage somebody who stands at `stage` keeps on `day`: reckoning lowers it, and never raises it."""
        allowed = max(
            (STAGES.index(rung) for rung in STAGES[1:] if (getattr(self, rung) or date.max) <= day), default=0
        )
        return STAGES[min(STAGES.index(stage), allowed)]

    def next(self, stage: str) -> date | None:
        """The night of the next step for somebody who stands at `stage`; None: nothing is left.

        >>> Steps(red=date(2026, 3, 11), pool=date(2026, 3, 16)).next("green")
        datetime.date(2026, 3, 11)
        """
        left = (getattr(self, rung) for rung in RUNGS[STAGES.index(stage) :])
        return next((on for on in left if on is not None), None)


def steps_of(
    ladder: Ladder, basis: date, is_working_day: WorkingDay | None = None, kept_until: date | None = None
) -> Steps:
    """When a customer whose clock counts from `basis` takes each step; not into the pool while it is kept.

    >>> steps_of(Ladder(amber_days=7, red_days=3, pool_days=5), date(2026, 3, 1))
    Steps(amber=datetime.date(2026, 3, 9), red=datetime.date(2026, 3, 12), pool=datetime.date(2026, 3, 17))
    """
    counted = is_working_day if ladder.working_days else None
    dates = {rung: after(basis, days, counted) for rung, days in ladder.rungs.items()}
    if kept_until is not None and "pool" in dates:
        dates["pool"] = max(dates["pool"], kept_until + timedelta(days=1))
    return Steps(**dates)


#: Nobody is reminded earlier than so many days before a step.
MOST_DAYS_AHEAD = 60
#: Who is reminded of which steps, so many days before each (`PoolRule.owner_red_days`, the site's where it is empty).
REMINDED = {"owner": ("amber", "red", "pool"), "head": ("amber", "red", "pool", "city")}


def days_ahead(said: Mapping[str, Any], whom: str, step: str, usual: int) -> int:
    """How many days before a step somebody is reminded of it; 0: not at all.

    `said`: what a rule says by column; `usual`: the site's days for them.

    >>> days_ahead({"head_red_days": 7}, "head", "red", 1), days_ahead({}, "owner", "red", 3)
    (7, 3)
    """
    days = said.get(f"{whom}_{step}_days")
    return usual if days is None else int(days)


def missing_steps(said: Mapping[str, Any]) -> list[str]:
    """The reminders, by column, of steps the rule does not take.

    >>> missing_steps({"trigger": "follow_up", "pool_days": 5, "owner_pool_days": 3, "head_city_days": 2})
    ['head_city_days']
    """
    protects = said.get("trigger") == "protection"
    taken = {step for step in REMINDED["head"] if said.get(f"{step}_days")} | ({"amber"} if protects else set())
    names = [f"{whom}_{step}_days" for whom, steps in REMINDED.items() for step in steps if step not in taken]
    return [name for name in names if said.get(name)]


def days_left(next_on: date, today: date) -> int:
    """The countdown: days until the night that takes the next step, 0 once it has come.

    >>> days_left(date(2026, 4, 1), date(2026, 3, 31)), days_left(date(2026, 4, 4), date(2026, 3, 31))
    (1, 4)
    """
    return max((next_on - today).days, 0)
