"""What a flow consists of: a vertical list of steps with branches, written down as data (APR-1, APR-2, APR-3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import Any


class Kind(StrEnum):
    """What a step does. CHOICE takes the first branch whose condition holds, PARALLEL takes all and waits for all."""

    APPROVE = "approve"
    NOTIFY = "notify"
    AUTOMATIC = "automatic"
    CHOICE = "choice"
    PARALLEL = "parallel"


class Sign(StrEnum):
    """Who of those asked has to agree: all or a share of them (会签), any one (或签), one after another (依次),
    or a committee by votes with abstentions (委员会)."""

    ALL = "all"
    ANY = "any"
    IN_ORDER = "in_order"
    VOTE = "vote"


class Nobody(StrEnum):
    """Who is asked where the rules find nobody: the next head above who may, an administrator, or the case is refused.

    Each falls through to the next: a case never waits for nobody.
    """

    HEAD_ABOVE = "head_above"
    ADMINISTRATOR = "administrator"
    REFUSE = "refuse"


class Then(StrEnum):
    """What happens when a step has taken too long."""

    REMIND = "remind"
    ESCALATE = "escalate"
    APPROVE = "approve"
    REFUSE = "refuse"


class Find(StrEnum):
    """How an assignee rule finds people (审批人规则)."""

    PEOPLE = "people"
    ROLE = "role"
    UNIT_HEAD = "unit_head"
    MANAGERS = "managers"
    FIELD = "field"
    EXPRESSION = "expression"
    APPLICANT = "applicant"
    MODULE = "module"


class Within(StrEnum):
    """Where holders of a role are looked for, from the unit of the applicant or of the record."""

    UNIT = "unit"
    UNIT_AND_ABOVE = "unit_and_above"
    ANYWHERE = "anywhere"


@dataclass(frozen=True, slots=True)
class Rule:
    """One assignee rule; those a step has add up, in their order, each person once.

    PEOPLE: `employees` (ids). ROLE: `role` (a role template's slug or a role's name) `within`. UNIT_HEAD: the head
    `level` units up (1: of the unit itself), or of the unit above it whose level is `unit_level`. MANAGERS: the line
    of managers up to `level`, of which only the last one where `only_last`. FIELD: an employee or unit (its head)
    named by a field of the record. EXPRESSION: CEL that gives an employee's code. MODULE: a rule a module brings, by
    `name`.
    """

    find: Find
    employees: tuple[int, ...] = ()
    role: str = ""
    within: Within = Within.UNIT_AND_ABOVE
    level: int = 1
    unit_level: str = ""
    only_last: bool = True
    field: str = ""
    expression: str = ""
    name: str = ""
    #: Count units from the record's own instead of the applicant's.
    from_record: bool = False


@dataclass(frozen=True, slots=True)
class Deadline:
    """How long a step may take. `unit`: hours, days, working_days. Reminders go out at `remind_hours` before."""

    amount: int
    unit: str = "working_days"
    then: Then = Then.REMIND
    remind_hours: int = 0


@dataclass(frozen=True, slots=True)
class Branch:
    """One way through a CHOICE or PARALLEL step. `when` is CEL; a choice's branch without one is taken otherwise."""

    name: str = ""
    name_en: str = ""
    when: str = ""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `id` is unique in the document and what its history refers to; never shown."""

    id: str
    kind: Kind
    name: str = ""
    name_en: str = ""
    assignees: tuple[Rule, ...] = ()
    sign: Sign = Sign.ANY
    #: The share of ALL and VOTE that has to agree: a fraction, never a rounded percent. None: everybody.
    share: Fraction | None = None
    #: The same as a plain number of people; of fewer asked, all of them. Never beside a share.
    count: int | None = None
    nobody: Nobody = Nobody.HEAD_ABOVE
    deadline: Deadline | None = None
    #: What those asked may do with fields of the record while they are asked: hidden, read, write, required (write,
    #: and it has to be there before the step is approved).
    fields: Mapping[str, str] = field(default_factory=dict)
    #: Acts besides deciding: return, transfer, add_signer, supplement.
    may: frozenset[str] = frozenset({"return", "transfer", "add_signer", "supplement"})
    #: A refusal ends the case, or sends it back to the applicant.
    refusal_returns: bool = False
    #: An approval, too, needs a word of why.
    comment_needed: bool = False
    #: AUTOMATIC: fields to set, and the registered act to call.
    values: Mapping[str, Any] = field(default_factory=dict)
    act: str = ""
    branches: tuple[Branch, ...] = ()

    @property
    def wants(self) -> bool:
        """Whether an approval takes more of those asked than their word: a comment, or fields to fill in."""
        return self.comment_needed or "required" in self.fields.values()

    def opens(self, name: str) -> bool:
        """Whether those asked may fill in a field of the record."""
        return self.fields.get(name) in ("write", "required")

    def needed(self, asked: int) -> int:
        """How many of `asked` have to agree: ⅔ of 3 are 2, 67 % of 3 (67/100) are 3; a plain 2 is 2, of 1 it is 1."""
        if self.sign is Sign.ANY:
            return 1
        if self.count is not None:
            return max(1, min(asked, self.count))
        return asked if self.share is None else max(1, ceil(asked * self.share))


@dataclass(frozen=True, slots=True)
class Starts:
    """What brings a record into the flow (APR-7): a button, being made, a change of chosen fields, removal, export.

    `grant` and `apply` are of flows over what is no record: rights (roles and who holds them), the blueprint.

    `when` is CEL: only where it holds; empty: always.
    """

    button: bool = True
    create: bool = False
    change: tuple[str, ...] = ()
    delete: bool = False
    export: bool = False
    grant: bool = False
    apply: bool = False
    when: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """What is done with the record when a case ends one way: fields to set, a registered act to call."""

    values: Mapping[str, Any] = field(default_factory=dict)
    act: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole flow with its options."""

    steps: tuple[Step, ...]
    starts: Starts = Starts()
    #: Fields nobody changes while a case is open; ``*`` stands for all of them.
    locked: tuple[str, ...] = ("*",)
    #: By outcome: approved, refused, withdrawn, cancelled.
    ends: Mapping[str, End] = field(default_factory=dict)
    #: Fields of the record shown in the inbox and beside the decision.
    figures: tuple[str, ...] = ()
    #: When the applicant may withdraw: never, undecided (before the first decision), running.
    withdraw: str = "running"
    #: Whoever has approved in this round is asked again, or passes (去重).
    repeated_pass: bool = False
    #: May somebody stand in for those asked (代理)?
    delegable: bool = True
    #: The money field from which on a record is decided one by one, and the amount: no batches at or above it.
    batch_field: str = ""
    batch_below: str = ""

    def walk(self) -> Iterator[Step]:
        """Every step, in the order of the list, branches from the first to the last."""
        yield from _walk(self.steps)

    def step(self, step_id: str) -> Step:
        """The step of that id. Raises `KeyError`."""
        for step in self.walk():
            if step.id == step_id:
                return step
        raise KeyError(step_id)


def _walk(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        yield step
        for branch in step.branches:
            yield from _walk(branch.steps)


__all__ = [
    "Branch",
    "Deadline",
    "Document",
    "End",
    "Find",
    "Kind",
    "Nobody",
    "Rule",
    "Sign",
    "Starts",
    "Step",
    "Then",
    "Within",
]
