"""APR-1: running cases move to another version by a map only, tried first; what they wait for stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from app.access.actors import acting_as
from app.approvals.models import Case, CaseEvent, Task, Visit
from app.approvals.rules.document import Branch, Deadline, Document, Kind, Step
from app.approvals.rules.moving import first_guess, loosened, mapped_steps, moved_data, obstacle, wrong_pairs
from app.approvals.rules.playing import By, Play
from app.approvals.rules.rows import rows_of
from app.approvals.rules.state import APPLICANT, Event, State
from app.approvals.services import decide, moving, read_case, verify_case
from app.approvals.services.moving import move_cases, preview_move, running_by_version
from app.db import now, session
from app.jobs.leases import JOBS
from app.testing.factories import make_customer
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, login
from app.types import Refused
from tests.kernel.approvals.flows import publish, seat_of, state_of, step, submit
from tests.kernel.approvals.test_played_at_random import WEIGHTED, Bank, Cases


def approve(*names: str) -> tuple[Step, ...]:
    return tuple(Step(name, Kind.APPROVE) for name in names)


def beside(name: str, *ways: str) -> Step:
    """A parallel step with a branch per text, whose letters are its steps."""
    return Step(name, Kind.PARALLEL, branches=tuple(Branch(steps=approve(*way)) for way in ways))


def played(*steps: Step, decided: str = "") -> Play:
    """A case of these steps where those asked (each step one person) have agreed to the steps named."""
    document = Document(steps)
    bank = Bank({each.id: [number] for number, each in enumerate(document.walk(), start=3)})
    play = Play(document, State(), bank)
    play.start(1, 1)
    for name in decided:
        seat = next(seat for seat in play.state.open_seats() if seat.step == name)
        play.decide(By(seat.employee), seat.number, "approve")
    return play


@pytest.mark.parametrize(
    ("steps", "decided", "new", "goals", "code"),
    [
        (approve("a", "b"), "a", approve("a", "b", "c"), {"a": "a", "b": "c"}, None),
        (approve("a", "b"), "a", approve("a"), {"a": "a"}, "unmapped"),
        (approve("a", "b"), "a", approve("a", "b"), {"b": "a"}, "visited"),
        ((beside("p", "a", "b"),), "", (beside("p", "a", "b"),), {"p": "p", "a": "a", "b": "b"}, None),
        ((beside("p", "a", "b"),), "", (beside("p", "a", "b"),), {"p": "p", "a": "a", "b": "a"}, "same_goal"),
        ((beside("p", "a", "b"),), "", (beside("p", "a", "b", "c"),), {"p": "p", "a": "a", "b": "b"}, "parallel"),
        ((beside("p", "a", "b"),), "", (beside("p", "a", "b"),), {"a": "a", "b": "b"}, "parallel"),
        ((beside("p", "a", "b"),), "a", (beside("p", "b", "a"),), {"p": "p", "b": "b"}, "branch"),
        ((beside("p", "a", "b"),), "a", (beside("p", "", "cd"),), {"p": "p", "b": "d"}, None),
        (approve("a", "b"), "a", (*approve("a"), beside("p", "b", "c")), {"b": "b"}, "branch"),
        ((beside("p", "a", "b"),), "a", (beside("p", "a", "b"), *approve("c")), {"p": "p", "b": "c"}, "branch"),
    ],
)  # fmt: skip
def test_what_may_move_and_why_not(
    steps: tuple[Step, ...], decided: str, new: tuple[Step, ...], goals: dict[str, str], code: str | None
) -> None:
    play = played(*steps, decided=decided)
    found = obstacle(play.document, Document(new), play.state, goals)
    assert (found and found.code) == code


def test_a_return_straight_back_still_leads_back_or_stays() -> None:
    play = played(*approve("a", "b", "c"), decided="ab")
    seat = play.state.open_seats()[0]
    play.give_back(By(seat.employee), seat.number, "a", "why", straight=True)
    same = {"a": "a", "b": "b", "c": "c"}
    for new, goals, code in (
        (approve("a", "b", "c"), {"a": "a"}, "resume"),
        (approve("c", "a"), {"a": "a", "c": "c"}, "resume"),
        ((*approve("a"), beside("p", "b", "c")), same, "resume"),
        (approve("a", "x"), {"a": "a", "c": "x"}, None),
    ):
        found = obstacle(play.document, Document(new), play.state, goals)
        assert (found and found.code) == code
    after = Document(approve("a", "x"))
    moved = Event("moved", data=moved_data(play.document, after, play.state, {"a": "a", "c": "x"}, 2))
    going = Play(after, replace(play.state), play.world)
    going._note(moved)
    seat = going.state.open_seats()[0]
    going.decide(By(seat.employee), seat.number, "approve")
    assert list(going.state.places) == ["x"]


def test_material_nobody_waits_for_and_pairs_of_two_kinds_are_told() -> None:
    play = played(*approve("a", "b"))
    play.ask_material(By(3), 1, ["book"], ["b", "a"], "")
    assert loosened(play.state, {"a": "a"}) == ["b"]
    assert moved_data(play.document, Document(approve("a")), play.state, {"a": "a"}, 2)["loosened"] == ["b"]
    new = Document((*approve("a"), beside("b", "c", "d")))
    assert first_guess(play.document, new) == {"a": "a"}
    assert wrong_pairs(play.document, new, {"a": "b", "x": "a", "b": "none"}) == ["a", "x", "b"]


def _with_one_more(steps: tuple[Step, ...], random: Random, fresh: Iterator[str]) -> tuple[Step, ...]:
    """The same steps with one more somewhere among them."""
    held = [at for at, each in enumerate(steps) if each.branches]
    if held and random.random() < 0.6:
        at = random.choice(held)
        branches = list(steps[at].branches)
        which = random.randrange(len(branches))
        branches[which] = replace(branches[which], steps=_with_one_more(branches[which].steps, random, fresh))
        return (*steps[:at], replace(steps[at], branches=tuple(branches)), *steps[at + 1 :])
    at = random.randint(0, len(steps))
    return (*steps[:at], Step(next(fresh), Kind.APPROVE), *steps[at:])


def test_cases_played_at_random_go_on_after_a_move() -> None:
    moves = refusals = 0
    for seed in range(150):
        random, cases = Random(seed), Cases()
        fresh = (f"n{number}" for number in range(99))
        cases.begin(random)
        for turn in range(24):
            if not cases.state.status.is_open:
                break
            random.choice(WEIGHTED)(cases, random)
            if turn % 4 or not cases.state.status.is_open:
                continue
            old, new = cases.document, replace(
                cases.document, steps=_with_one_more(cases.document.steps, random, fresh)
            )
            goals = first_guess(old, new)
            assert obstacle(old, new, cases.state, goals) is None, "the same steps are all there"
            if random.random() < 0.4:
                goals = {
                    one.id: random.choice([two.id for two in mapped_steps(new) if two.kind is one.kind])
                    for one in mapped_steps(old)
                }
                if obstacle(old, new, cases.state, goals) is not None:
                    refusals += 1
                    continue
            moves += 1
            waiting = {seat.number: seat.employee for seat in cases.state.open_seats()}
            play = Play(old, cases.state, cases.bank)
            play._note(Event("moved", data=moved_data(old, new, cases.state, goals, cases.state.version + 1)))
            cases.history, cases.state, cases.document = [*cases.history, *play.events], play.state, new
            assert {seat.number: seat.employee for seat in cases.state.open_seats()} == waiting
            cases.bank.found.setdefault(new.steps[0].id, [3])
            _check(cases)
        _check(cases)
    assert moves > 100
    assert refusals > 20


def _check(cases: Cases) -> None:
    cases.check()
    visits = sum(
        event.kind == "entered" or (event.kind == "returned" and event.data["to"] == APPLICANT)
        for event in cases.history
    )
    assert len(rows_of((event, now()) for event in cases.history).visits) == visits


def test_cases_are_tried_and_moved_by_a_job_and_the_rest_stay(people: People) -> None:
    flow = publish(step("one", people.head, deadline=Deadline(2)), step("two", people.colleague))
    at_one, at_two = (submit(people.manager, make_customer(name, people.manager)) for name in "甲乙")
    with acting_as(people.head.actor):
        decide(at_two.id, seat_of(at_two.id, people.head), "approve")
    publish(step("zero", people.city_manager), step("first", people.head), step("last", people.city_manager))
    goals = {"one": "first"}
    with acting_as(people.manager.actor):
        for refused in (preview_move, move_cases):
            with pytest.raises(Refused):
                refused(flow, 1, 2, goals)
    with acting_as(people.admin.actor):
        assert running_by_version(flow) == {1: 2}
        for wrong in ((flow, 2, 1, {}), (flow, 2, 2, {}), (flow, 7, 2, {}), (flow, 1, 2, {"one": "none"})):
            with pytest.raises(Refused):
                move_cases(*wrong)
        found = preview_move(flow, 1, 2, goals)
        assert (found.total, found.able, [one.case_id for one in found.stuck]) == (2, 1, [at_two.id])
        assert found.stuck[0].obstacle.code == "unmapped"
        assert running_by_version(flow) == {1: 2}, "trying changes nothing"
        assert move_cases(flow, 1, 2, goals) == move_cases(flow, 1, 2, goals)
    run_pending()
    session.expire_all()
    job = session.connection().execute(select(JOBS).where(JOBS.c.name == "approvals.move")).one()
    assert (job.status, job.result) == ("done", {"moved": 1, "left": 1})
    assert verify_case(at_one.id) == verify_case(at_two.id) == []
    assert running_by_version(flow) == {1: 1, 2: 1}
    event = session.scalars(select(CaseEvent).where(CaseEvent.case_id == at_one.id, CaseEvent.kind == "moved")).one()
    assert event.employee_id == people.admin.employee_id
    visit = session.scalars(select(Visit).where(Visit.case_id == at_one.id)).one()
    assert (visit.step, visit.due_at) == ("first", None), "the new step has no deadline"
    assert session.scalar(select(Task.due_at).where(Task.case_id == at_one.id)) is None
    with acting_as(people.head.actor):
        decide(at_one.id, seat_of(at_one.id, people.head), "approve")
    assert list(state_of(at_one.id).places) == ["last"]
    assert verify_case(at_one.id) == []
    assert session.get_one(Case, at_two.id).version == 1


def test_a_case_that_fails_on_the_way_stays_and_is_counted(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    flow = publish(step("one", people.head))
    cases = [submit(people.manager, make_customer(name, people.manager)).id for name in "甲乙丙"]
    publish(step("first", people.head))
    moved, faults = moving.moved_data, [RuntimeError("lost its way")]

    def failing(*given: Any) -> Any:
        if faults:
            raise faults.pop()
        return moved(*given)

    with acting_as(people.admin.actor):
        move_cases(flow, 1, 2, {"one": "first"})
    monkeypatch.setattr(moving, "moved_data", failing)
    run_pending()
    session.expire_all()
    job = session.connection().execute(select(JOBS).where(JOBS.c.name == "approvals.move")).one()
    assert (job.status, job.result) == ("done", {"moved": 2, "left": 1})
    assert [session.get_one(Case, number).version for number in cases] == [1, 2, 2]


def test_the_page_of_a_move(people: People, client: Browser) -> None:
    flow = publish(
        step("one", people.head), Step("way", Kind.CHOICE, name="way", branches=(Branch("大额"),)),
        step("two", people.colleague),
    )  # fmt: skip
    case = submit(people.manager, make_customer("甲", people.manager))
    with acting_as(people.head.actor):
        decide(case.id, seat_of(case.id, people.head), "approve")
    publish(step("uno", people.head), step("due", people.colleague))
    base = f"/approval-flows/{flow}/move"
    login(client, people.manager)
    assert client.get(base).status_code != 200
    assert client.post(base, data={"from": 1, "do": "go", "goal.two": "due"}).status_code != 303
    login(client, people.admin)
    assert f"{base}?from=1" in client.get(f"/approval-flows/{flow}/versions").get_data(as_text=True)
    assert 'name="goal.two"' in client.get(f"{base}?from=1").get_data(as_text=True)
    tried = client.post(base, data={"from": 1, "do": "try"}).get_data(as_text=True)
    assert f"/approvals/cases/{case.id}" in tried
    assert 'value="go"' not in tried
    assert client.post(base, data={"from": 1, "do": "try", "goal.two": "way"}).status_code == 422
    assert client.post(base, data={"from": 1, "do": "go", "goal.two": "due"}, csrf=False).status_code == 400
    assert 'value="go"' in client.post(base, data={"from": 1, "do": "try", "goal.two": "due"}).get_data(as_text=True)
    assert client.post(base, data={"from": 1, "do": "go", "goal.two": "due"}).status_code == 303
    run_pending()
    session.expire_all()
    assert verify_case(case.id) == []
    assert session.get_one(Case, case.id).version == 2
    page = client.get(f"/approvals/cases/{case.id}").get_data(as_text=True)
    assert "大额" in page, "what happened by the old version is told in its words"
    with acting_as(people.colleague.actor):
        assert read_case(case.id) is not None
        decide(case.id, seat_of(case.id, people.colleague), "approve")
    assert session.get_one(Case, case.id, populate_existing=True).status == "approved"
