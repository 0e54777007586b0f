"""Everybody a loan's approval needs, and short ways through it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update

from app.api import Unit, acting_as, session, transaction
from app.approvals.models import Case, Task
from app.approvals.services import decide, flow_of, switch_flow
from app.approvals.services.shipping import synchronise_flows
from app.testing.people import People, Person, add_person
from app.types import SYSTEM
from plugins.loans.approvals import FLOW


@dataclass(frozen=True, slots=True)
class Deciders:
    """Who decides on loans of the branch."""

    risk: Person
    head: Person
    committee: tuple[Person, Person, Person]
    finance: Person


def appoint(people: People) -> Deciders:
    """Deciders for the cast: risk officer and head in the branch, committee and finance in the head office."""
    head = people.city_manager
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(Unit).where(Unit.id == people.branch.id).values(head_id=head.employee_id))
    top = people.head_office
    return Deciders(
        add_person("feng", "冯风控", people.branch, "risk_officer"),
        head,
        (
            add_person("chen", "陈委员", top, "loans_committee"),
            add_person("chu", "褚委员", top, "loans_committee"),
            add_person("wei", "卫委员", top, "loans_committee"),
        ),
        add_person("cai", "蔡财务", top, "finance"),
    )


def switch_on() -> None:
    """The module's flow, as `qiao sync` publishes it, put in force."""
    with acting_as(SYSTEM):
        with transaction() as current:
            synchronise_flows(current)
        assert flow_of("loans_application") is None, "it waits for an administrator"
        assert switch_flow(FLOW, True)
    assert flow_of("loans_application") == FLOW


def waits_for(person: Person) -> list[tuple[int, int]]:
    """The (case, seat) that wait for somebody, the oldest first."""
    wanted = select(Task.case_id, Task.seat).where(Task.employee_id == person.employee_id, Task.said == "open")
    with acting_as(SYSTEM):
        return [(row.case_id, row.seat) for row in session.execute(wanted.order_by(Task.id))]


def say(person: Person, act: str, comment: str = "") -> None:
    """Decide on the one case that waits for somebody."""
    ((case_id, seat),) = waits_for(person)
    with acting_as(person.actor):
        decide(case_id, seat, act, comment)


def case_of(record_id: int) -> Case:
    """The newest case of an application."""
    with acting_as(SYSTEM):
        found = select(Case).where(Case.entity == "loans_application", Case.record_id == record_id)
        return session.scalars(found.order_by(Case.id.desc()).execution_options(populate_existing=True)).first()
