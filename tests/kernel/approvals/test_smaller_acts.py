"""APR-4: many seats at once, copies, comments, cancelling, material: who may, when, whose, and how much."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.access.actors import acting_as
from app.approvals.messages import told
from app.approvals.models import CaseEvent, Copy
from app.approvals.services import (
    ask_material,
    cancel_case,
    comment_case,
    copy_to,
    decide,
    decide_many,
    give_material,
    read_case,
    verify_case,
    withdraw,
)
from app.approvals.views.acts import LONGEST, MOST_ITEMS, MOST_PEOPLE
from app.approvals.views.inbox import local_today
from app.db import session
from app.testing.factories import make_customer, make_employee
from app.testing.people import Browser, People, login
from app.types import Refused
from tests.kernel.approvals.flows import publish, seat_of, state_of, step, submit


def events() -> int:
    return int(session.scalar(select(func.count()).select_from(CaseEvent.__table__)) or 0)


def test_many_decisions_each_with_its_answer(people: People) -> None:
    publish(step("one", people.head))
    publish(step("one", people.head), code="large", batch_field="registered_capital", batch_below="100")
    publish(step("one", people.head, comment_needed=True), code="why")
    publish(step("one", people.stranger), code="theirs")
    mine, over, large, why, theirs = (
        submit(people.manager, make_customer(code, people.manager), code).id
        for code in ("flow", "flow", "large", "why", "theirs")
    )
    far = submit(people.stranger, make_customer("外", people.stranger)).id
    with acting_as(people.manager.actor):
        withdraw(over)
    chosen = [(number, 1) for number in (mine, over, large, why, theirs, far, 99_999_999)] + [(mine, 1), (far, 7)]
    with acting_as(people.head.actor):
        found = decide_many(chosen, "approve")
        assert [(one.case_id, one.seat) for one in found] == chosen
        said = [one.problem for one in found]
        codes = ["", "ended", "no_batch", "comment_needed", "not_yours", "", "no_case", "ended", "ended"]
        assert said == [told(code) if code else "" for code in codes]
        assert [one.problem for one in decide_many([(large, 1)], "refuse")] == [told("no_batch")]
    for number in (mine, over, large, why, theirs, far):
        assert verify_case(number) == []
    assert [state_of(number).status.value for number in (mine, large, why, theirs)] == [
        "approved", "running", "running", "running",
    ]  # fmt: skip
    before = events()
    with acting_as(people.colleague.actor):
        assert [one.problem for one in decide_many([(large, 1), (theirs, 1)], "approve")] == [told("no_case")] * 2
    assert events() == before


def test_who_may_do_the_smaller_acts_and_when(people: People) -> None:
    """Each refused act leaves no event; who knows nothing of a case is told that there is none, whatever they try."""
    publish(step("one", people.head), step("two", people.city_manager, may=frozenset({"return"})))
    case = submit(people.manager, make_customer("甲", people.manager)).id
    gone = make_employee(people.north, "离职", code="GONE")
    yesterday = local_today() - timedelta(days=1)
    to = people.stranger.employee_id

    def refused(who: Any, code: str, act: Callable[[], object]) -> None:
        before = events()
        with acting_as(who.actor):
            with pytest.raises(Refused) as caught:
                act()
            assert told(code) in f"{caught.value} {caught.value.errors}", code
        assert events() == before

    for act in (
        lambda: comment_case(case, "看看"), lambda: copy_to(case, [to]), lambda: cancel_case(case, "算了"),
        lambda: ask_material(case, 1, ["流水"]), lambda: give_material(case, 1), lambda: decide(case, 9, "approve"),
    ):  # fmt: skip
        refused(people.stranger, "no_case", act)
    refused(people.manager, "comment_needed", lambda: comment_case(case, "  "))
    refused(people.manager, "nobody_named", lambda: copy_to(case, []))
    refused(people.manager, "cannot_act", lambda: copy_to(case, [to, gone.id]))
    refused(people.manager, "not_administrator", lambda: cancel_case(case, "算了"))
    refused(people.admin, "comment_needed", lambda: cancel_case(case, " "))
    refused(people.manager, "not_yours", lambda: ask_material(case, 1, ["流水"]))
    refused(people.head, "nothing_asked", lambda: ask_material(case, 1, [" "]))
    refused(people.head, "no_such_target", lambda: ask_material(case, 1, ["流水"], ["three"]))
    refused(people.head, "material_due", lambda: ask_material(case, 1, ["流水"], (), yesterday))
    refused(people.manager, "not_asked", lambda: give_material(case, 1))
    with acting_as(people.head.actor):
        ask_material(case, 1, ["流水"], ["two"], local_today())
    refused(people.city_manager, "not_yours", lambda: give_material(case, 1))
    with acting_as(people.manager.actor):
        give_material(case, 1, "已上传")
        copy_to(case, [to, to])
        copy_to(case, [to])
    refused(people.manager, "not_asked", lambda: give_material(case, 1))
    assert session.scalars(select(Copy.employee_id)).all() == [to], "told twice, kept once"
    with acting_as(people.stranger.actor):
        assert read_case(case) is not None
        comment_case(case, "已阅")
    with acting_as(people.head.actor):
        decide(case, 1, "approve")
    seat = seat_of(case, people.city_manager)
    refused(people.city_manager, "not_permitted", lambda: ask_material(case, seat, ["流水"]))
    with acting_as(people.admin.actor):
        cancel_case(case, "重复")
    for who, act in (
        (people.admin, lambda: cancel_case(case, "再来")), (people.head, lambda: ask_material(case, 1, ["流水"])),
        (people.manager, lambda: give_material(case, 1)),
    ):  # fmt: skip
        refused(who, "ended", act)
    with acting_as(people.manager.actor):
        comment_case(case, "取消后也可留言")
        copy_to(case, [people.colleague.employee_id])
    assert state_of(case).status.value == "cancelled" and verify_case(case) == []


def test_what_is_typed_has_its_limits(people: People, client: Browser) -> None:
    publish(step("one", people.head))
    case = submit(people.manager, make_customer("甲", people.manager)).id
    base, before = f"/approvals/cases/{case}", events()
    login(client, people.head)
    many = [str(number) for number in range(1, MOST_PEOPLE + 2)]
    for name, given in (
        ("comment", {"comment": "长" * (LONGEST + 1)}), ("copy", {"people": many}), ("copy", {"people": "1 or 1"}),
        ("transfer", {"people": many[:2]}), ("ask_material", {"items": "流水\n" * (MOST_ITEMS + 1)}),
        ("ask_material", {"items": "流水", "due_on": "明天"}),
    ):  # fmt: skip
        answer = client.post(f"{base}/{name}", data={**given, "seat": 1})
        assert answer.status_code == 422 and "invalid-feedback" in answer.get_data(as_text=True), name
    assert events() == before
