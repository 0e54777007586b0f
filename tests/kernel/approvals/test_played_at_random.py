"""APR-4: random acts of many people on random flows; what must hold holds after each (notes on approvals)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import count
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from app.approvals.rules.document import Branch, Deadline, Document, Kind, Nobody, Sign, Step, Then
from app.approvals.rules.playing import By, Illegal, Play
from app.approvals.rules.state import APPLICANT, Event, State, Status, replay

APPLYING, OWNER, ADMIN = 1, 2, 9
PEOPLE = range(1, 10)
CONDITIONS = ("c0", "c1", "c2")


@dataclass
class Bank:
    """Whom the rules find, and who is there: all of it may change between two acts."""

    found: dict[str, list[int]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    conditions: set[str] = field(default_factory=set)

    def people(self, step: Step) -> Iterable[int]:
        return self.found.get(step.id, ())

    def may_act(self, employee: int) -> bool:
        return employee not in self.gone

    def heads_above(self, step: Step) -> Iterable[int]:
        return (7, 8)

    def administrators(self) -> Iterable[int]:
        return (ADMIN,)

    def superiors(self, employee: int) -> Iterable[int]:
        return range(employee + 1, 9)

    def holds(self, branch: Branch) -> bool:
        return branch.when in self.conditions

    def excluded(self) -> Iterable[int]:
        return (OWNER,)


def _lists(random: Random, depth: int = 2) -> tuple[Step, ...]:
    return tuple(_step(random, depth) for _ in range(random.randint(1, 3)))


def _step(random: Random, depth: int) -> Step:
    nested = [Kind.CHOICE, Kind.PARALLEL, Kind.PARALLEL] if depth else []
    kind = random.choice([*[Kind.APPROVE] * 4, Kind.NOTIFY, Kind.AUTOMATIC, *nested])
    branches: tuple[Branch, ...] = ()
    if kind in (Kind.CHOICE, Kind.PARALLEL):
        ways = [_lists(random, depth - 1) if random.random() < 0.8 else () for _ in range(random.randint(2, 3))]
        branches = tuple(Branch(when=f"c{n}", steps=way) for n, way in enumerate(ways))
    return Step(
        "",
        kind,
        sign=random.choice([*Sign]),
        share=random.choice([None, Fraction(2, 3), Fraction(1, 2), Fraction(67, 100)]),
        count=random.choice([None, None, 1, 2, 5]),
        nobody=random.choice([*Nobody]),
        deadline=random.choice([None, *(Deadline(1, then=then) for then in Then)]),
        refusal_returns=random.random() < 0.5,
        branches=branches,
    )


def _named(steps: tuple[Step, ...], numbers: Iterator[int]) -> tuple[Step, ...]:
    """The same steps with ids of their own."""
    named = []
    for step in steps:
        name = f"s{next(numbers)}"
        branches = tuple(replace(branch, steps=_named(branch.steps, numbers)) for branch in step.branches)
        named.append(replace(step, id=name, branches=branches))
    return tuple(named)


class Cases(RuleBasedStateMachine):
    """Case after case, many people, legal and illegal acts."""

    def __init__(self) -> None:
        super().__init__()
        self.history: list[Event] = []
        self.state = State(status=Status.CANCELLED)

    @rule(seeds=st.lists(st.integers(0, 2**32), min_size=1, max_size=8))
    def play(self, seeds: list[int]) -> None:
        for seed in seeds:
            random = Random(seed)
            if self.state.status.is_open:
                random.choice(WEIGHTED)(self, random)
            else:
                self.begin(random)
            self.check()

    def begin(self, random: Random) -> None:
        steps = _named(_lists(random), count(1))
        self.document = Document(
            steps, withdraw=random.choice(["never", "undecided", "running"]), repeated_pass=random.random() < 0.3
        )
        self.bank = Bank({step.id: random.sample(PEOPLE, random.randint(0, 4)) for step in self.document.walk()})
        self.bank.conditions = {name for name in CONDITIONS if random.random() < 0.5}
        self.history, self.state = [], State()
        self._do(lambda play: play.start(APPLYING, 1))

    def _do(self, act: Callable[[Play], None]) -> None:
        play = Play(self.document, self.state, self.bank)
        try:
            act(play)
        except Illegal:
            return
        self.history = [*self.history, *play.events]
        self.state = play.state

    def _seat(self, random: Random) -> int:
        """Mostly one that waits for somebody, sometimes any, sometimes none there is."""
        live = [seat.number for seat in self.state.open_seats()]
        return random.choice(live) if live and random.random() < 0.85 else random.randint(0, 12)

    def _by(self, random: Random, seat: int) -> By:
        """Mostly the person asked, sometimes one who stands in, sometimes just anybody."""
        found, anybody = self.state.seats.get(seat), random.choice(PEOPLE)
        if found is None or random.random() < 0.1:
            return By(anybody)
        return By(anybody, frozenset({found.employee})) if random.random() < 0.3 else By(found.employee)

    def decide(self, random: Random) -> None:
        seat = self._seat(random)
        by, act = self._by(random, seat), random.choice(["approve"] * 5 + ["refuse", "abstain"])
        self._do(lambda play: play.decide(by, seat, act, "why"))

    def give_back(self, random: Random) -> None:
        seat = self._seat(random)
        by, straight = self._by(random, seat), random.random() < 0.4
        to = random.choice([APPLICANT, *self.state.passed, *(step.id for step in self.document.walk())])
        self._do(lambda play: play.give_back(by, seat, to, "why", straight=straight))

    def resubmit(self, random: Random) -> None:
        by = By(self.state.applicant if random.random() < 0.9 else random.choice(PEOPLE))
        self._do(lambda play: play.resubmit(by))

    def transfer(self, random: Random) -> None:
        seat = self._seat(random)
        by, to = self._by(random, seat), random.choice(PEOPLE)
        self._do(lambda play: play.transfer(by, seat, to))

    def add(self, random: Random) -> None:
        seat = self._seat(random)
        by, people = self._by(random, seat), random.sample(PEOPLE, random.randint(0, 2))
        self._do(lambda play: play.add_signers(by, seat, people, random.choice(["before", "after"])))

    def remove(self, random: Random) -> None:
        seats = [seat for seat in self.state.seats.values() if seat.added_by]
        if seats:
            seat = random.choice(seats)
            self._do(lambda play: play.remove_signer(By(self.state.seats[seat.added_by or 0].employee), seat.number))

    def ask_material(self, random: Random) -> None:
        seat = self._seat(random)
        by, step = self._by(random, seat), random.choice([step.id for step in self.document.walk()])
        self._do(lambda play: play.ask_material(by, seat, ["book"], [step], ""))

    def give_material(self, random: Random) -> None:
        self._do(lambda play: play.give_material(By(self.state.applicant), random.randint(1, 2)))

    def expire(self, random: Random) -> None:
        place = random.choice([*self.state.places.values()])
        if place.step != APPLICANT:
            self._do(lambda play: play.expire(place.step, place.visit))

    def come_and_go(self, random: Random) -> None:
        self.bank.gone = set(random.sample(range(1, 9), random.randint(0, 4)))
        self._do(lambda play: play.replace_unable())

    def succeed(self, random: Random) -> None:
        to = random.choice([employee for employee in PEOPLE if employee not in self.bank.gone])
        self._do(lambda play: play.succeed(to))

    def change_the_record(self, random: Random) -> None:
        self.bank.conditions = {name for name in CONDITIONS if random.random() < 0.5}

    def withdraw(self, random: Random) -> None:
        self._do(lambda play: play.withdraw(By(self.state.applicant)))

    def check(self) -> None:
        self.a_case_ends_or_waits_for_somebody_who_may_act()
        assert replay(self.history) == self.state
        self.nobody_decides_twice_or_on_their_own_case()

    def a_case_ends_or_waits_for_somebody_who_may_act(self) -> None:
        waiting = self.state.open_seats()
        here = {number for place in self.state.places.values() for chain in place.chains for number in chain}
        assert {seat.number for seat in self.state.seats.values() if seat.said.is_live} <= here
        if not self.state.status.is_open:
            assert not here
            return
        assert waiting
        assert set(self.state.places) == {seat.step for seat in waiting}
        play = Play(self.document, self.state, self.bank)
        for seat in waiting:
            assert self.bank.may_act(seat.employee)
            if seat.step == APPLICANT:
                assert seat.employee == self.state.applicant
            else:
                assert seat in play.seats_for(By(seat.employee))

    def nobody_decides_twice_or_on_their_own_case(self) -> None:
        told = ("approved", "refused", "abstained", "resubmitted")
        decided = Counter(event.seat for event in self.history if event.kind in told)
        assert all(times == 1 for times in decided.values())
        said = [seat for seat in self.state.seats.values() if seat.said.is_decided and seat.step != APPLICANT]
        assert all(times == 1 for times in Counter((seat.step, seat.visit, seat.by) for seat in said).values())
        applicant = None
        for event in self.history:
            if event.kind in ("started", "succeeded"):
                applicant = event.data.get("applicant", event.data.get("to"))
            if event.kind in told[:3]:
                assert event.actor not in (applicant, OWNER)


WEIGHTED = (
    *[Cases.decide] * 10, *[Cases.give_back] * 3, *[Cases.resubmit] * 4, Cases.transfer, *[Cases.add] * 2, Cases.remove,
    Cases.ask_material, *[Cases.give_material] * 2, Cases.expire, Cases.come_and_go, Cases.succeed,
    Cases.change_the_record, Cases.withdraw,
)  # fmt: skip

TestCases = Cases.TestCase
TestCases.settings = settings(
    max_examples=40,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
