"""Demonstration cases: applications at each step of their approval, played by the made-up bank's own people."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.api import UNSCOPED, Employee, acting_as, approvals, create_record, entity, load_actor, session
from app.types import Actor
from plugins.loans.approvals import FLOW, LIMIT
from plugins.loans.models import Application
from plugins.loans.services import change_state, refill

_OPEN = {UNSCOPED: True}
#: How far each case goes: the step it waits at, or how it ends; those of a committee need a large amount.
WAYS = (
    "risk", "risk", "material", "branch", "branch", "returned", "committee", "committee", "finance", "refused",
    "granted", "voted_down",
)  # fmt: skip
_LARGE = ("committee", "voted_down")
WORDS = ("材料齐全，同意", "还款来源稳定，同意", "同意")


def play_cases() -> int:
    """Put the flow in force and play some drafts through it; how many: 0 without a flow or too few drafts."""
    drafts = list(session.scalars(_drafts()))
    if len(drafts) < len(WAYS) or not approvals.switch_flow(FLOW, True):
        return 0
    drafts.sort(key=lambda one: (one.amount > LIMIT, one.id))
    for way in sorted(WAYS, key=lambda way: way in _LARGE):
        record = drafts.pop() if way in _LARGE else drafts.pop(0)
        _play(record, way)
    return len(WAYS)


def _drafts() -> Any:
    """Drafts of people who can act, in the order they were written."""
    login = select(Employee.id).where(Employee.user_id.is_not(None), Employee.left_on.is_(None))
    wanted = select(Application).where(Application.state == "draft", Application.owner_id.in_(login))
    return wanted.order_by(Application.id).limit(40).execution_options(**_OPEN)


def _play(record: Application, way: str) -> None:
    manager = _actor(record.owner_id)
    with acting_as(manager):
        change_state(record, "submitted")
    case = approvals.open_cases("loans_application", [record.id])[record.id].id
    for step in ("risk", "branch", "committee", "finance"):
        seats = [seat for seat in _waiting(case) if seat.step == step]
        if way == step and step == "committee":
            _decide(case, seats[0], "approve", WORDS[0])
        if way == step:
            return
        if _stop(case, way, step, seats):
            break
        for place, seat in enumerate(seats):
            if any(one.number == seat.number for one in _waiting(case)):
                _decide(case, seat, "approve", WORDS[(case + place) % len(WORDS)])
    if way == "voted_down":
        with acting_as(manager):
            create_record(
                entity("loans_application"), {**refill(record), "amount": LIMIT, "remark": "追加抵押后申请复议"}
            )


def _stop(case: int, way: str, step: str, seats: list[Any]) -> bool:
    """What ends the way of a case at a step other than by agreeing; whether it does."""
    if (way, step) == ("material", "risk"):
        with acting_as(_actor(seats[0].employee)):
            approvals.ask_material(case, seats[0].number, ["近六个月银行流水", "纳税申报表"], ["committee", "finance"])
        return True
    if (way, step) == ("returned", "risk"):
        with acting_as(_actor(seats[0].employee)):
            approvals.give_back(case, seats[0].number, "applicant", "请补充担保材料后重新提交")
        return True
    if (way, step) == ("refused", "branch"):
        _decide(case, seats[0], "refuse", "负债率过高")
        return True
    if (way, step) == ("voted_down", "committee"):
        for seat in seats[:2]:
            _decide(case, seat, "refuse", "行业风险较大，担保不足")
        return True
    return False


def _decide(case: int, seat: Any, act: str, comment: str) -> None:
    with acting_as(_actor(seat.employee)):
        approvals.decide(case, seat.number, act, comment)


def _waiting(case: int) -> list[Any]:
    view = approvals.read_case(case)
    return view.state.open_seats() if view is not None else []


def _actor(employee_id: int | None) -> Actor:
    user = select(Employee.user_id).where(Employee.id == employee_id).execution_options(**_OPEN)
    found = load_actor(session.scalar(user) or 0)
    if found is None:
        raise LookupError(f"employee {employee_id} cannot act")
    return found


__all__ = ["WAYS", "play_cases"]
