"""The made-up bank's units and people: a head office, three branches, sub-branches and outlets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from sqlalchemy import column, select, table, update

from app.access.models import RoleInfo
from app.base.security.logins import create_dormant_logins
from app.db import session
from app.demo.names import person
from app.demo.numbers import mobile
from app.demo.places import BRANCHES
from app.organisation.models import Employee, Unit
from app.organisation.services import create_employee, create_post, create_unit

BANK = "桥江银行"
_user = table("ab_user", column("id"), column("active"))
#: Who sits on the loan committee besides their own work.
_MEMBERS = ("行长", "风险总监", "零售业务总监")


@dataclass(slots=True)
class Place:
    """A sub-branch or outlet with the division it lies in and the account managers who work there."""

    unit: Unit
    division: str
    managers: list[Employee] = field(default_factory=list)


@dataclass(slots=True)
class Bank:
    """What was built: places with their account managers, and everybody's role for the logins."""

    head_office: Unit
    branches: list[Unit] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    roles: dict[int, str] = field(default_factory=dict)
    staff: list[Employee] = field(default_factory=list)


def build_bank(random: Random, today: date, progress: Callable[[str], None]) -> Bank:
    """Units, employees with managers and joined dates, a second post, and a dormant login for each."""
    bank = Bank(_unit("QJ", f"{BANK}总行", "head_office", None))
    chief = _employ(bank, random, bank.head_office, "行长", "management", None, today)
    for position, role in (
        ("风险总监", "risk_officer"),
        ("财务总监", "finance"),
        ("零售业务总监", "management"),
    ):
        _employ(bank, random, bank.head_office, position, role, chief, today)
    for number, (code, city, districts) in enumerate(BRANCHES, 1):
        branch = _unit(f"QJ{number}", f"{city}分行", "branch_1", bank.head_office)
        bank.branches.append(branch)
        leader = _employ(bank, random, branch, "分行行长", "city_manager", chief, today)
        sub_branch, head = branch, leader
        for place, (division, district) in enumerate(districts[:5], 1):
            is_outlet = place in (3, 5)
            if is_outlet:  # 分理处 of the sub-branch before it
                below = _unit(f"QJ{number}0{place}", f"{city}{district}分理处", "outlet", sub_branch)
            else:
                sub_branch = below = _unit(f"QJ{number}0{place}", f"{city}{district}支行", "sub_branch", branch)
                head = _employ(bank, random, below, "支行行长", "department_head", leader, today)
                below.head_id = head.id
            spot = Place(below, division)
            for _number in range(1 if is_outlet else 2 if place == 4 else 3):
                spot.managers.append(_employ(bank, random, below, "客户经理", "account_manager", head, today))
            bank.places.append(spot)
        branch.head_id = leader.id
        progress(f"{branch.name}: {city} {code}")
    bank.head_office.head_id = chief.id
    for branch in bank.branches:  # with figures of their own: everybody else stays as they were
        leader = next(e for e in bank.staff if e.id == branch.head_id)
        _employ(bank, Random(branch.id), branch, "分行风险经理", "risk_officer", leader, today)  # noqa: S311
    _second_post(bank)
    _committee(bank)
    logins = create_dormant_logins([(e.code.lower(), e.name, bank.roles[e.id]) for e in bank.staff])
    for employee in bank.staff:
        employee.user_id = logins[employee.code.lower()]
    # Who is asked in an approval must be able to act; without a password nobody logs in all the same.
    session.execute(update(_user).where(_user.c.id.in_(logins.values())).values(active=True))
    session.flush()
    return bank


def _unit(code: str, name: str, level: str, parent: Unit | None) -> Unit:
    return create_unit(
        {
            "code": code,
            "name": name,
            "level": level,
            "parent_id": parent and parent.id,
            "active": True,
            "sort": 0,
        }
    )


def _employ(
    bank: Bank, random: Random, unit: Unit, position: str, role: str, manager: Employee | None, today: date
) -> Employee:
    """One more employee; account managers are the younger in the bank."""
    longest = 1500 if role == "account_manager" else 4500
    employee = create_employee(
        {
            "code": f"QJ{1001 + len(bank.staff)}",
            "name": person(random, female=random.random() < 0.5),
            "unit_id": unit.id,
            "manager_id": manager.id if manager else None,
            "position": position,
            "mobile": mobile(random),
            "email": f"qj{1001 + len(bank.staff)}@qiaojiang.example",
            "joined_on": today - timedelta(days=random.randrange(120, longest)),
        }
    )
    bank.staff.append(employee)
    bank.roles[employee.id] = role
    return employee


def _second_post(bank: Bank) -> None:
    """A sub-branch's head also looks after the outlet of another one (兼岗), where that role exists."""
    head = next(e for e in bank.staff if bank.roles[e.id] == "department_head")
    wanted = select(RoleInfo.role_id).where(RoleInfo.template == "department_head")
    if role_id := session.scalar(wanted.order_by(RoleInfo.role_id).limit(1)):
        outlet = bank.places[-1].unit
        create_post({"employee_id": head.id, "unit_id": outlet.id, "role_id": role_id, "title": "兼任负责人"})


def _committee(bank: Bank) -> None:
    """Three of the head office vote on large loans, where the site has that role."""
    wanted = select(RoleInfo.role_id).where(RoleInfo.template == "loans_committee")
    role_id = session.scalar(wanted.order_by(RoleInfo.role_id).limit(1))
    if role_id is None:
        return
    unit = bank.head_office.id
    for member in bank.staff:
        if member.position in _MEMBERS:
            create_post({"employee_id": member.id, "unit_id": unit, "role_id": role_id, "title": "贷审会委员"})
