"""Trying a flow on a record that is there: who would be asked and why, if everybody approves. Nothing is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask_babel import gettext as _
from sqlalchemy import select

from app.access.actors import require_actor
from app.access.scope import UNSCOPED, scope_condition
from app.approvals.models import Definition
from app.approvals.rules.document import Branch, Document, Kind, Step
from app.approvals.rules.flowing import Illegal
from app.approvals.rules.playing import By, Play
from app.approvals.rules.state import Event, State
from app.approvals.services.asking import About, Asking
from app.approvals.services.people import names_of
from app.db import session
from app.host.context import context
from app.types import Refused

#: Decisions of one trial; a flow has at most 60 steps.
MOST = 2_000


@dataclass(slots=True)
class Person:
    """Somebody the rules found: by which of them (from 1), and why they are not asked after all."""

    employee: int
    name: str = ""
    rules: list[int] = field(default_factory=list)
    #: empty: is asked; own_case, cannot_act
    left_out: str = ""


@dataclass(slots=True)
class Tried:
    """What became of one step: `state` is taken or untaken; `fallback` how somebody was found in place of nobody."""

    step: Step
    depth: int
    state: str = "untaken"
    people: list[Person] = field(default_factory=list)
    fallback: str = ""
    fallback_to: str = ""
    branch: int | None = None
    #: How many of those asked have to agree.
    needed: int = 0
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """A flow played to its end, step by step in the order of the document. `failed`: conditions without an answer."""

    steps: list[Tried]
    outcome: str
    failed: Mapping[str, str]


class _Instead(Asking):
    """The same as in earnest, but with other answers of the conditions where the admin wishes."""

    chosen: frozenset[int] = frozenset()
    refused: frozenset[int] = frozenset()

    def holds(self, branch: Branch) -> bool:
        if id(branch) in self.chosen:
            return True
        return id(branch) not in self.refused and super().holds(branch)


def dry_run(
    definition: Definition, document: Document, record_id: int, applicant: int, instead: Mapping[str, int] | None = None
) -> Trial:
    """Play a flow on a record the actor sees. `instead`: {choice step: number of the branch to take}. Raises `Refused`.

    Everybody asked approves. Nothing is written: neither the events nor what automatic steps would do.
    """
    record = _record(definition.entity, record_id)
    world = _Instead(session(), About(definition.entity, record, applicant))
    _answer_instead(world, document, instead or {})
    if not world.may_act(applicant):
        raise Refused(_("This person has left or cannot log in"))
    play = Play(document, State(), world)
    try:
        play.start(applicant, 0)
        _approve_all(play)
    except Illegal as illegal:
        raise Refused(_("The trial stopped (%(code)s)", code=illegal.code)) from illegal
    steps = _told(document, play.events, world, {applicant, *world.excluded()})
    _name(steps)
    return Trial(steps, play.state.status.value, dict(world.failed))


def _record(slug: str, record_id: int) -> object:
    entity = context().entities.get(slug)
    actor = require_actor()
    if entity is None or not actor.can("can_list", entity.view_name):
        raise Refused(_("Choose a record"))
    statement = select(entity.model).where(entity.model.id == record_id, scope_condition(entity, actor))
    record: object = session.scalar(statement.execution_options(**{UNSCOPED: True}))
    if record is None:
        raise Refused(_("Choose a record"))
    return record


def _answer_instead(world: _Instead, document: Document, instead: Mapping[str, int]) -> None:
    chosen: set[int] = set()
    refused: set[int] = set()
    for step in document.walk():
        if step.kind is Kind.CHOICE and instead.get(step.id, -1) in range(len(step.branches)):
            for number, branch in enumerate(step.branches):
                (chosen if number == instead[step.id] else refused).add(id(branch))
    world.chosen, world.refused = frozenset(chosen), frozenset(refused)


def _approve_all(play: Play) -> None:
    for _turn in range(MOST):
        waiting = play.state.open_seats()
        if not play.state.status.is_open or not waiting:
            return
        play.decide(By(waiting[0].employee), waiting[0].number, "approve", "–")


def _told(document: Document, events: list[Event], world: Asking, excluded: set[int]) -> list[Tried]:
    found: dict[str, Tried] = {}
    _list(document.steps, 0, found)
    for event in events:
        told = found.get(event.step)
        if told is None:
            continue
        told.state = "taken"
        if event.kind in ("entered", "notified"):
            told.people = _people(told.step, event, world, excluded)
            told.needed, told.asked = event.data.get("needed", 0), len(event.data["people"])
        elif event.kind == "fell_back":
            told.fallback, told.fallback_to = event.data["how"], str(event.data.get("to", ""))
            told.people = told.people or _people(told.step, event, world, excluded)
        elif event.kind == "took":
            told.branch = event.data["branch"]
    return list(found.values())


def _list(steps: tuple[Step, ...], depth: int, found: dict[str, Tried]) -> None:
    for step in steps:
        found[step.id] = Tried(step, depth)
        for branch in step.branches:
            _list(branch.steps, depth + 1, found)


def _people(step: Step, event: Event, world: Asking, excluded: set[int]) -> list[Person]:
    people: dict[int, Person] = {}
    for number, rule in enumerate(step.assignees, 1):
        for employee in world.by_rule(rule):
            people.setdefault(employee, Person(employee)).rules.append(number)
    for person in people.values():
        if step.kind is Kind.APPROVE and person.employee in excluded:
            person.left_out = "own_case"
        elif not world.may_act(person.employee):
            person.left_out = "cannot_act"
    for employee in event.data.get("people", ()):
        people.setdefault(employee, Person(employee))
    return list(people.values())


def _name(steps: list[Tried]) -> None:
    """Write in who they are; one statement."""
    named = {person.employee for step in steps for person in step.people}
    named |= {int(step.fallback_to) for step in steps if step.fallback_to}
    names = names_of(session(), named)
    for step in steps:
        for person in step.people:
            person.name = names.get(person.employee, "")
        step.fallback_to = names.get(int(step.fallback_to), "") if step.fallback_to else ""


__all__ = ["Person", "Trial", "Tried", "dry_run"]
