"""APR-4: random acts of many people on random flows; what must hold holds after each (notes on approvals)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.approvals.rules.document import Branch, Deadline, Document, Kind, Nobody, Sign, Step, Then
from app.approvals.rules.playing import By, Illegal, Play
from app.approvals.rules.state import APPLICANT, Event, Said, State, replay

APPLYING, OWNER, ADMIN = 1, 2, 9
PEOPLE = range(1, 10)


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


@st.composite
def _lists(draw: st.DrawFn, depth: int = 2) -> tuple[Step, ...]:
    steps = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from([Kind.APPROVE] * 4 + [Kind.NOTIFY, Kind.AUTOMATIC, Kind.CHOICE, Kind.PARALLEL]))
        if kind in (Kind.CHOICE, Kind.PARALLEL) and depth == 0:
            kind = Kind.APPROVE
        branches: tuple[Branch, ...] = ()
        if kind in (Kind.CHOICE, Kind.PARALLEL):
            ways = draw(st.lists(st.one_of(st.just(()), _lists(depth - 1)), min_size=2, max_size=3))
            branches = tuple(Branch(when=f"c{n}", steps=way) for n, way in enumerate(ways))
        share = draw(st.sampled_from([None, Fraction(2, 3), Fraction(1, 2), Fraction(67, 100)]))
        limit = draw(st.sampled_from([None, *(Deadline(1, then=then) for then in Then)]))
        steps.append(
            Step(
                "", kind, sign=draw(st.sampled_from(Sign)), share=share, nobody=draw(st.sampled_from(Nobody)),
                deadline=limit, refusal_returns=draw(st.booleans()), branches=branches,
            )
        )  # fmt: skip
    return tuple(steps)


def _named(steps: tuple[Step, ...], start: list[int]) -> tuple[Step, ...]:
    """The same steps with ids of their own."""
    named = []
    for step in steps:
        start[0] += 1
        name = f"s{start[0]}"
        branches = tuple(replace(branch, steps=_named(branch.steps, start)) for branch in step.branches)
        named.append(replace(step, id=name, branches=branches))
    return tuple(named)


class Cases(RuleBasedStateMachine):
    """One case, many people, legal and illegal acts."""

    @initialize(steps=_lists(), data=st.data(), repeated=st.booleans(), withdraw=st.sampled_from(["never", "running"]))
    def begin(self, steps: tuple[Step, ...], data: st.DataObject, repeated: bool, withdraw: str) -> None:
        self.document = Document(_named(steps, [0]), withdraw=withdraw, repeated_pass=repeated)
        people = st.lists(st.sampled_from(PEOPLE), unique=True, max_size=4)
        self.bank = Bank({step.id: data.draw(people) for step in self.document.walk()})
        self.bank.conditions = set(data.draw(st.lists(st.sampled_from(["c0", "c1", "c2"]), unique=True)))
        self.history: list[Event] = []
        self.state = State()
        self._do(lambda play: play.start(APPLYING, 1))

    def _do(self, act: object) -> None:
        play = Play(self.document, self.state, self.bank)
        before = len(self.history)
        try:
            act(play)  # type: ignore[operator]
        except Illegal:
            return
        self.history += play.events
        self.state = play.state
        assert len(self.history) >= before

    def _seat(self, data: st.DataObject) -> int:
        live = [seat.number for seat in self.state.seats.values() if seat.said.is_live]
        return data.draw(st.sampled_from(live or [1])) if data.draw(st.integers(0, 9)) else data.draw(st.integers(0, 9))

    def _by(self, data: st.DataObject, seat: int) -> By:
        """Mostly the person asked, sometimes one who stands in, sometimes just anybody."""
        found = self.state.seats.get(seat)
        how = data.draw(st.integers(0, 5))
        anybody = data.draw(st.sampled_from(PEOPLE))
        if found is None or how == 0:
            return By(anybody)
        return By(anybody, frozenset({found.employee})) if how == 1 else By(found.employee)

    @rule(data=st.data(), act=st.sampled_from(["approve", "approve", "approve", "refuse", "abstain"]))
    def decide(self, data: st.DataObject, act: str) -> None:
        seat = self._seat(data)
        by = self._by(data, seat)
        self._do(lambda play: play.decide(by, seat, act, "why"))

    @rule(data=st.data(), straight=st.booleans())
    def give_back(self, data: st.DataObject, straight: bool) -> None:
        seat = self._seat(data)
        by, steps = self._by(data, seat), [APPLICANT, *(step.id for step in self.document.walk())]
        to = data.draw(st.sampled_from(steps))
        self._do(lambda play: play.give_back(by, seat, to, "why", straight=straight))

    @rule(employee=st.sampled_from([APPLYING, APPLYING, 5]))
    def resubmit(self, employee: int) -> None:
        self._do(lambda play: play.resubmit(By(self.state.applicant if employee == APPLYING else employee)))

    @rule(data=st.data(), to=st.sampled_from(PEOPLE))
    def transfer(self, data: st.DataObject, to: int) -> None:
        seat = self._seat(data)
        by = self._by(data, seat)
        self._do(lambda play: play.transfer(by, seat, to))

    @rule(data=st.data(), people=st.lists(st.sampled_from(PEOPLE), max_size=2), where=st.sampled_from(["before", "after"]))
    def add(self, data: st.DataObject, people: list[int], where: str) -> None:
        seat = self._seat(data)
        by = self._by(data, seat)
        self._do(lambda play: play.add_signers(by, seat, people, where))

    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        seat = self._seat(data)
        adder = self.state.seats.get(getattr(self.state.seats.get(seat), "added_by", 0) or 0)
        by = By(adder.employee if adder else 3)
        self._do(lambda play: play.remove_signer(by, seat))

    @rule(data=st.data())
    def ask_material(self, data: st.DataObject) -> None:
        seat = self._seat(data)
        by = self._by(data, seat)
        step = data.draw(st.sampled_from([step.id for step in self.document.walk()]))
        self._do(lambda play: play.ask_material(by, seat, ["book"], [step], ""))

    @rule(number=st.integers(1, 3))
    def give_material(self, number: int) -> None:
        self._do(lambda play: play.give_material(By(self.state.applicant), number))

    @rule(data=st.data())
    def expire(self, data: st.DataObject) -> None:
        if self.state.places:
            place = self.state.places[data.draw(st.sampled_from(sorted(self.state.places)))]
            if place.step != APPLICANT:
                self._do(lambda play: play.expire(place.step, place.visit))

    @rule(gone=st.sets(st.sampled_from(range(1, 9)), max_size=4))
    def come_and_go(self, gone: set[int]) -> None:
        self.bank.gone = gone
        if self.state.status.is_open:
            self._do(lambda play: play.replace_unable())

    @rule(to=st.sampled_from(PEOPLE))
    def succeed(self, to: int) -> None:
        if to not in self.bank.gone:
            self._do(lambda play: play.succeed(to))

    @rule(held=st.sets(st.sampled_from(["c0", "c1", "c2"])))
    def record_changes(self, held: set[str]) -> None:
        self.bank.conditions = held

    @rule(rarely=st.integers(0, 9))
    def withdraw(self, rarely: int) -> None:
        if rarely == 0:
            self._do(lambda play: play.withdraw(By(self.state.applicant)))

    @invariant()
    def a_case_ends_or_waits_for_somebody_who_may_act(self) -> None:
        waiting = self.state.open_seats()
        if not self.state.status.is_open:
            assert not self.state.places
            assert not self.state.joins or self.state.status.value != "approved"
            assert not any(seat.said.is_live for seat in self.state.seats.values())
            return
        assert waiting
        assert set(self.state.places) == {seat.step for seat in waiting}
        play = Play(self.document, self.state, self.bank)
        for seat in waiting:
            if seat.step == APPLICANT:
                assert seat.employee == self.state.applicant
                assert self.bank.may_act(seat.employee) or self.bank.gone
            else:
                assert self.bank.may_act(seat.employee)
                assert seat in play.seats_for(By(seat.employee))

    @invariant()
    def what_is_stored_is_what_happened(self) -> None:
        assert replay(self.history) == self.state

    @invariant()
    def nobody_decides_twice_or_on_their_own_case(self) -> None:
        decided = Counter(
            event.seat for event in self.history if event.kind in ("approved", "refused", "abstained", "resubmitted")
        )
        assert all(count == 1 for count in decided.values())
        said = [seat for seat in self.state.seats.values() if seat.said.is_decided and seat.step != APPLICANT]
        spoken = Counter((seat.step, seat.visit, seat.by) for seat in said)
        assert all(count == 1 for count in spoken.values())
        applicant = None
        for event in self.history:
            if event.kind in ("started", "succeeded"):
                applicant = event.data.get("applicant", event.data.get("to"))
            if event.kind in ("approved", "refused", "abstained"):
                assert event.actor not in (applicant, OWNER)

    @invariant()
    def whoever_was_overtaken_is_asked_no_more(self) -> None:
        here = {number for place in self.state.places.values() for chain in place.chains for number in chain}
        assert {seat.number for seat in self.state.seats.values() if seat.said in (Said.OPEN, Said.WAITING)} <= here


TestCases = Cases.TestCase
TestCases.settings = settings(
    max_examples=150, stateful_step_count=25, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
