"""APR-4: the points every approval keeps to, one by one, on the engine alone."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import pytest

from app.approvals.rules.document import Branch, Document, Kind, Nobody, Sign, Step
from app.approvals.rules.flowing import Illegal
from app.approvals.rules.playing import By, Play
from app.approvals.rules.state import APPLICANT, Event, Said, State, Status, replay

APPLYING, OWNER, ADMIN = 1, 2, 9


class Bank:
    """Each step asks whom `found` names; 7 heads the unit, 9 keeps approvals going."""

    def __init__(self, **found: Iterable[int]) -> None:
        self.found = {name: list(people) for name, people in found.items()}
        self.gone: set[int] = set()

    def people(self, step: Step) -> Iterable[int]:
        return self.found.get(step.id, ())

    def may_act(self, employee: int) -> bool:
        return employee not in self.gone

    def heads_above(self, step: Step) -> Iterable[int]:
        return (7,)

    def administrators(self) -> Iterable[int]:
        return (ADMIN,)

    def superiors(self, employee: int) -> Iterable[int]:
        return (7,)

    def holds(self, branch: Branch) -> bool:
        return branch.when == "yes"

    def excluded(self) -> Iterable[int]:
        return (OWNER,)


class Game:
    """One case: acts by their names, each replayed from the whole history."""

    def __init__(self, bank: Bank, *steps: Step, **options: Any) -> None:
        self.bank, self.document = bank, Document(steps, **options)
        self.history: list[Event] = []
        self.act(lambda play: play.start(APPLYING, 1))

    @property
    def state(self) -> State:
        return replay(self.history)

    def act(self, do: Any) -> None:
        play = Play(self.document, self.state, self.bank)
        do(play)
        self.history += play.events
        assert self.state == play.state

    def seat(self, person: int) -> int:
        return next(seat.number for seat in self.state.open_seats() if seat.employee == person)

    def decide(self, person: int, act: str = "approve", stands_in_for: int = 0) -> None:
        seat = self.seat(stands_in_for or person)
        self.act(lambda play: play.decide(By(person, frozenset({stands_in_for} - {0})), seat, act, "why"))

    def give_back(self, person: int, to: str, *, straight: bool = False) -> None:
        seat = self.seat(person)
        self.act(lambda play: play.give_back(By(person), seat, to, "why", straight=straight))

    def waiting(self) -> dict[str, list[int]]:
        """Who is asked now, by step."""
        found: dict[str, list[int]] = {}
        for seat in self.state.open_seats():
            found.setdefault(seat.step, []).append(seat.employee)
        return found


def ask(name: str, **options: Any) -> Step:
    return Step(name, Kind.APPROVE, **options)


def beside(*lists: tuple[Step, ...]) -> Step:
    return Step("beside", Kind.PARALLEL, branches=tuple(Branch(steps=steps) for steps in lists))


def illegal(code: str) -> Any:
    return pytest.raises(Illegal, match=f"^{code}$")


def test_returning_out_of_a_joint_sign_off_voids_the_seats_beside() -> None:
    game = Game(Bank(a=[3], b=[4, 5, 6]), ask("a"), ask("b", sign=Sign.ALL))
    game.decide(3)
    game.decide(4)
    game.give_back(5, "a")
    assert game.waiting() == {"a": [3]}
    assert [seat.said for seat in game.state.seats.values() if seat.step == "b"] == [Said.APPROVED, *[Said.VOID] * 2]
    game.decide(3)
    assert game.waiting() == {"b": [4, 5, 6]}, "all of them are asked again"
    assert game.state.round == 2


def test_returning_inside_one_branch_leaves_the_other_as_it_is() -> None:
    game = Game(Bank(a=[3], b=[4], c=[5], d=[6]), beside((ask("a"), ask("b")), (ask("c"),)), ask("d"))
    game.decide(3)
    game.decide(5)
    game.give_back(4, "a")
    assert game.waiting() == {"a": [3]}
    game.decide(3)
    game.decide(4)
    assert game.waiting() == {"d": [6]}, "the branch that was through stays through"


def test_returning_into_a_branch_from_behind_leaves_the_finished_branch_finished() -> None:
    game = Game(Bank(a=[3], c=[5], d=[6]), beside((ask("a"),), (ask("c"),)), ask("d"))
    game.decide(3)
    game.decide(5)
    game.give_back(6, "a")
    assert game.waiting() == {"a": [3]}
    game.decide(3)
    assert game.waiting() == {"d": [6]}


def test_returning_out_of_a_branch_voids_the_branch_beside() -> None:
    game = Game(Bank(z=[8], a=[3], c=[5]), ask("z"), beside((ask("a"),), (ask("c"),)))
    game.decide(8)
    game.give_back(3, "z")
    assert game.waiting() == {"z": [8]}
    game.decide(8)
    assert game.waiting() == {"a": [3], "c": [5]}


@pytest.mark.parametrize(
    ("share", "count", "needed"),
    [(Fraction(67, 100), None, 3), (Fraction(2, 3), None, 2), (None, None, 3), (None, 2, 2), (None, 9, 3)],
)
@pytest.mark.parametrize("sign", [Sign.ALL, Sign.VOTE])
def test_67_percent_of_three_are_all_three_and_a_number_is_a_number(
    sign: Sign, share: Fraction | None, count: int | None, needed: int
) -> None:
    game = Game(Bank(a=[3, 4, 5]), ask("a", sign=sign, share=share, count=count))
    for person in (3, 4, 5)[:needed]:
        assert game.state.status is Status.RUNNING
        game.decide(person)
    assert game.state.status is Status.APPROVED


def test_a_straight_return_comes_straight_back() -> None:
    game = Game(Bank(a=[3], b=[4], c=[5]), ask("a"), ask("b"), ask("c"))
    for person in (3, 4):
        game.decide(person)
    game.give_back(5, "a", straight=True)
    game.decide(3)
    assert game.waiting() == {"c": [5]}, "the step between is not asked again"
    game.give_back(5, "a")
    game.decide(3)
    assert game.waiting() == {"b": [4]}


def test_whoever_approved_before_passes_but_not_after_a_return() -> None:
    game = Game(Bank(a=[3], b=[4], c=[3]), ask("a"), ask("b"), ask("c"), ask("d"), repeated_pass=True)
    game.decide(3)
    game.decide(4)
    assert game.waiting() == {"d": [7]}, "3 has approved already; nobody is found for the last step"
    game.give_back(7, "a")
    assert game.waiting() == {"a": [3]}, "asked because of the return"


@pytest.mark.parametrize(
    ("votes", "status"),
    [
        (["approve", "abstain", "approve"], Status.APPROVED),
        (["abstain", "approve", "abstain"], Status.REFUSED),
        (["refuse", "approve", "approve"], Status.APPROVED),
        (["refuse", "abstain"], Status.REFUSED),
    ],
)
def test_a_committee_of_three_that_needs_two(votes: list[str], status: Status) -> None:
    game = Game(Bank(a=[3, 4, 5]), ask("a", sign=Sign.VOTE, share=Fraction(2, 3)))
    for person, vote in zip((3, 4, 5), votes, strict=False):
        game.decide(person, vote)
    assert game.state.status is status


def test_only_a_committee_abstains() -> None:
    game = Game(Bank(a=[3]), ask("a"))
    with illegal("no_abstention"):
        game.decide(3, "abstain")


def test_missing_material_blocks_only_the_steps_that_wait_for_it() -> None:
    game = Game(Bank(a=[3], b=[4]), ask("a"), ask("b"))
    seat = game.seat(3)
    game.act(lambda play: play.ask_material(By(3), seat, ["balance sheet"], ["b"], ""))
    game.decide(3)
    with illegal("waits_for_material"):
        game.decide(4)
    game.act(lambda play: play.give_material(By(APPLYING), 1))
    game.decide(4)
    assert game.state.status is Status.APPROVED


def test_signers_before_and_after_are_asked_in_their_order_and_can_be_removed() -> None:
    game = Game(Bank(a=[3]), ask("a"))
    game.act(lambda play: play.add_signers(By(3), 1, [4], "before"))
    assert game.waiting() == {"a": [4]}
    with illegal("not_your_turn"):
        game.act(lambda play: play.decide(By(3), 1, "approve"))
    game.decide(4)
    game.act(lambda play: play.add_signers(By(3), 1, [5, 6], "after"))
    game.act(lambda play: play.remove_signer(By(3), 4))
    game.decide(3)
    assert (game.waiting(), game.state.status) == ({"a": [5]}, Status.RUNNING)
    game.decide(5)
    assert game.state.status is Status.APPROVED


@pytest.mark.parametrize(
    ("nobody", "gone", "asked", "status"),
    [
        (Nobody.HEAD_ABOVE, set(), [7], Status.RUNNING),
        (Nobody.HEAD_ABOVE, {7}, [ADMIN], Status.RUNNING),
        (Nobody.ADMINISTRATOR, set(), [ADMIN], Status.RUNNING),
        (Nobody.HEAD_ABOVE, {7, ADMIN}, [], Status.REFUSED),
        (Nobody.REFUSE, set(), [], Status.REFUSED),
    ],
)
def test_where_nobody_is_found_a_step_falls_back(
    nobody: Nobody, gone: set[int], asked: list[int], status: Status
) -> None:
    bank = Bank(a=[APPLYING, OWNER])
    bank.gone = gone
    game = Game(bank, ask("a", nobody=nobody))
    assert (game.waiting().get("a", []), game.state.status) == (asked, status)


def test_nobody_decides_their_own_case_even_by_standing_in() -> None:
    game = Game(Bank(a=[3, 4]), ask("a", sign=Sign.ALL))
    for person in (APPLYING, OWNER):
        with illegal("own_case"):
            game.decide(person, stands_in_for=3)
    with illegal("decided_once"):
        game.decide(4, stands_in_for=3)
    game.decide(8, stands_in_for=3)
    with illegal("own_case"):
        game.act(lambda play: play.transfer(By(4), game.seat(4), OWNER))


def test_a_return_keeps_the_history_and_adds_a_round() -> None:
    game = Game(Bank(a=[3]), ask("a"))
    before = list(game.history)
    game.give_back(3, APPLICANT)
    assert game.history[: len(before)] == before
    assert (game.state.status, game.state.round, game.waiting()) == (Status.RETURNED, 2, {APPLICANT: [APPLYING]})
