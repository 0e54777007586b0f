"""What is wrong with a flow before it is published: errors stop it, warnings only tell.

Conditions are looked at by `covering`: a branch that cannot be reached is found where its condition
compares single fields with fixed values; comparisons of two fields, functions and today are not analysed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from app.approvals.checking.covering import ANYTHING, Boxes, any_left, both, holding, otherwise, steady
from app.approvals.rules.document import Branch, Document, Find, Kind, Rule, Sign, Step, Then
from app.approvals.rules.state import APPLICANT
from app.fields.expressions.checking import OF_KIND, Type
from app.fields.expressions.compiling import BadExpression, Expression, compile_condition, compile_expression
from app.types import Field
from app.types import Kind as FieldKind

NUMBERS = (FieldKind.INTEGER, FieldKind.DECIMAL, FieldKind.MONEY, FieldKind.PERCENT)
#: The open steps of a case are kept in one column, joined by blanks.
LONGEST_IDS = 400
_PEOPLE = ("employee", "unit")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `path` is its place in the document, `step` the id of the step it lies in.

    `code` is a key of `app.approvals.checking.messages.TEXTS`, `values` fill its text; `stops`: it cannot be published.
    """

    path: str
    code: str
    values: Mapping[str, Any] = field(default_factory=dict)
    stops: bool = True
    step: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What there is on this site: the fields of the entity, and which of the things named exist."""

    fields: Mapping[str, Field]
    employees: frozenset[int] = frozenset()
    roles: frozenset[str] = frozenset()
    unit_levels: frozenset[str] = frozenset()
    #: Acts and assignee rules modules bring; None: not looked at.
    acts: frozenset[str] | None = None
    rules: frozenset[str] | None = None
    #: The one act a flow over no record begins with (`rules.document.Starts`); empty: one of those of records.
    starts: str = ""


def validate(document: Document, known: Known) -> list[Finding]:
    """Everything that is wrong with a flow, in the order of its steps. Nothing with `stops` in it may be published."""
    checker = _Checker(document, known)
    return [*checker.whole(), *checker.steps(document.steps, "steps", ANYTHING), *checker.options()]


@dataclass(slots=True)
class _Checker:
    document: Document
    known: Known

    # -- the whole -------------------------------------------------------------------------------------------------

    def whole(self) -> Iterator[Finding]:
        steps = list(self.document.walk())
        if not steps:
            yield Finding("steps", "no_steps")
            return
        asked = [step for step in steps if step.kind is Kind.APPROVE]
        if not asked:
            yield Finding("steps", "nobody_decides", stops=bool(self.known.starts))
        if sum(len(step.id) + 1 for step in asked) > LONGEST_IDS:
            yield Finding("steps", "ids_too_long")
        for name, times in Counter(step.id for step in steps).items():
            if not name:
                yield Finding("steps", "no_id")
            elif times > 1:
                yield Finding("steps", "id_twice", {"id": name}, step=name)
            elif name == APPLICANT or " " in name:
                yield Finding("steps", "bad_id", {"id": name}, step=name)

    # -- steps -----------------------------------------------------------------------------------------------------

    def steps(self, steps: tuple[Step, ...], path: str, around: Boxes) -> Iterator[Finding]:
        for number, step in enumerate(steps):
            yield from self.step(step, f"{path}.{number}", around)

    def step(self, step: Step, path: str, around: Boxes) -> Iterator[Finding]:
        for finding in self.own(step, path):
            yield Finding(finding.path, finding.code, finding.values, finding.stops, step.id)
        if step.kind is Kind.CHOICE:
            yield from self.choice(step, path, around)
        elif step.kind is Kind.PARALLEL:
            yield from self.parallel(step, path, around)

    def own(self, step: Step, path: str) -> Iterator[Finding]:
        if not (step.name or step.name_en) and step.kind in (Kind.APPROVE, Kind.NOTIFY):
            yield Finding(f"{path}.name", "no_name", stops=False)
        if step.kind in (Kind.APPROVE, Kind.NOTIFY):
            if not step.assignees:
                yield Finding(f"{path}.assignees", "nobody_named")
            for number, rule in enumerate(step.assignees):
                yield from self.rule(rule, f"{path}.assignees.{number}")
        if step.kind is Kind.APPROVE:
            yield from self.approving(step, path)
        if step.kind is Kind.AUTOMATIC:
            if not step.values and not step.act:
                yield Finding(f"{path}.values", "does_nothing")
            yield from self.writes(step.values, step.act, path)

    def approving(self, step: Step, path: str) -> Iterator[Finding]:
        if step.share is not None:
            if not 0 < step.share <= 1:
                yield Finding(f"{path}.share", "impossible_share", {"share": str(step.share)})
            elif step.sign in (Sign.ANY, Sign.IN_ORDER) and step.share != 1:
                yield Finding(f"{path}.share", "share_unused", stops=step.sign is Sign.IN_ORDER)
        yield from self.counted(step, path)
        deadline = step.deadline
        if deadline is not None:
            if not deadline.amount:
                yield Finding(f"{path}.deadline.amount", "no_amount")
            elif deadline.unit == "hours" and deadline.remind_hours >= deadline.amount:
                yield Finding(f"{path}.deadline.remind_hours", "reminds_too_early", stops=False)
            if deadline.then is Then.APPROVE:
                yield Finding(f"{path}.deadline.then", "approves_itself", stops=bool(self.known.starts))
        for name, level in step.fields.items():
            described = self.known.fields.get(name)
            if described is None:
                yield Finding(f"{path}.fields.{name}", "no_field", {"field": name})
            elif step.opens(name) and (described.computed or described.create_only):
                yield Finding(f"{path}.fields.{name}", "computed_field", {"field": described.label})
            elif level == "hidden" and name in self.document.figures:
                yield Finding(f"{path}.fields.{name}", "hidden_figure", {"field": described.label})
        if step.refusal_returns and self.document.withdraw == "never":
            yield Finding(f"{path}.refusal_returns", "returns_for_good", stops=False)

    def counted(self, step: Step, path: str) -> Iterator[Finding]:
        if step.count is None:
            return
        if step.share is not None:
            yield Finding(f"{path}.count", "two_shares")
        elif step.sign in (Sign.ANY, Sign.IN_ORDER):
            yield Finding(f"{path}.count", "share_unused", stops=step.sign is Sign.IN_ORDER)
        elif step.assignees and all(rule.find is Find.PEOPLE for rule in step.assignees):
            named = len({person for rule in step.assignees for person in rule.employees})
            if named < step.count:
                yield Finding(f"{path}.count", "more_than_named", {"count": step.count, "named": named}, stops=False)

    def rule(self, rule: Rule, path: str) -> Iterator[Finding]:
        if rule.find is Find.PEOPLE:
            if not rule.employees:
                yield Finding(f"{path}.employees", "rule_incomplete")
            elif gone := [one for one in rule.employees if one not in self.known.employees]:
                yield Finding(f"{path}.employees", "no_employee", {"count": len(gone)})
        elif rule.find is Find.ROLE:
            if not rule.role:
                yield Finding(f"{path}.role", "rule_incomplete")
            elif rule.role not in self.known.roles:
                yield Finding(f"{path}.role", "no_role", {"role": rule.role})
        elif rule.find is Find.UNIT_HEAD:
            if rule.unit_level and rule.unit_level not in self.known.unit_levels:
                yield Finding(f"{path}.unit_level", "no_unit_level", {"level": rule.unit_level})
            elif not rule.unit_level and rule.level < 1:
                yield Finding(f"{path}.level", "rule_incomplete")
        elif rule.find is Find.MANAGERS and rule.level < 1:
            yield Finding(f"{path}.level", "rule_incomplete")
        elif rule.find is Find.FIELD:
            yield from self.named_by_field(rule, path)
        elif rule.find is Find.EXPRESSION:
            yield from self.named_by_expression(rule, path)
        elif rule.find is Find.MODULE:
            if not rule.name:
                yield Finding(f"{path}.name", "rule_incomplete")
            elif self.known.rules is not None and rule.name not in self.known.rules:
                yield Finding(f"{path}.name", "no_rule", {"rule": rule.name})

    def named_by_field(self, rule: Rule, path: str) -> Iterator[Finding]:
        described = self.known.fields.get(rule.field)
        if not rule.field:
            yield Finding(f"{path}.field", "rule_incomplete")
        elif described is None:
            yield Finding(f"{path}.field", "no_field", {"field": rule.field})
        elif described.kind is not FieldKind.LINK or described.target not in _PEOPLE:
            yield Finding(f"{path}.field", "names_nobody", {"field": described.label})

    def named_by_expression(self, rule: Rule, path: str) -> Iterator[Finding]:
        if not rule.expression.strip():
            yield Finding(f"{path}.expression", "rule_incomplete")
            return
        try:
            made = compile_expression(rule.expression, self.known.fields)
        except BadExpression as bad:
            yield Finding(f"{path}.expression", "bad_expression", {"bad": bad, "text": rule.expression})
            return
        if made.type not in (Type.TEXT, Type.NULL):
            yield Finding(f"{path}.expression", "no_code")

    # -- branches --------------------------------------------------------------------------------------------------

    def choice(self, step: Step, path: str, around: Boxes) -> Iterator[Finding]:
        if not step.branches:
            yield Finding(f"{path}.branches", "no_branches", step=step.id)
        elif not any(branch.steps for branch in step.branches):
            yield Finding(f"{path}.branches", "nothing_in_branches", stops=False, step=step.id)
        if step.branches and all(branch.when for branch in step.branches):
            yield Finding(f"{path}.branches", "no_otherwise", stops=False, step=step.id)
        left, after_otherwise = around, False
        for number, branch in enumerate(step.branches):
            here = f"{path}.branches.{number}"
            inside: Boxes = left
            if after_otherwise:
                yield self.about(step, here, "after_otherwise", branch)
            elif not branch.when:
                after_otherwise = True
                if not left:
                    yield self.about(step, here, "covered", branch, stops=False)
            else:
                made = yield from self.condition(branch.when, f"{here}.when", step.id)
                if made is not None:
                    holds = holding(made.tree)
                    inside = both(left, holds)
                    yield from self.reached(step, here, branch, (around, left, holds))
                    left = both(left, otherwise(holds))
            yield from self.steps(branch.steps, f"{here}.steps", steady(inside, self.stays) or ANYTHING)

    def reached(self, step: Step, path: str, branch: Branch, boxes: tuple[Boxes, Boxes, Boxes]) -> Iterator[Finding]:
        around, left, holds = boxes
        if holds == ANYTHING and branch is not step.branches[-1]:
            yield self.about(step, f"{path}.when", "always_holds", branch)
        elif not holds:
            yield self.about(step, f"{path}.when", "never_holds", branch)
        elif not any_left((around, holds)):
            yield self.about(step, f"{path}.when", "contradicts", branch)
        elif not any_left((left, holds)):
            yield self.about(step, f"{path}.when", "covered", branch)

    def parallel(self, step: Step, path: str, around: Boxes) -> Iterator[Finding]:
        if len(step.branches) < 2:
            yield Finding(f"{path}.branches", "too_few_branches", step=step.id)
        for number, branch in enumerate(step.branches):
            here = f"{path}.branches.{number}"
            if not branch.steps:
                yield self.about(step, here, "empty_branch", branch)
            if branch.when:
                yield self.about(step, f"{here}.when", "condition_unused", branch, stops=False)
            yield from self.steps(branch.steps, f"{here}.steps", around)

    def about(self, step: Step, path: str, code: str, branch: Branch, *, stops: bool = True) -> Finding:
        number = step.branches.index(branch) + 1
        return Finding(path, code, {"branch": branch.name or branch.name_en or str(number)}, stops, step.id)

    def condition(self, text: str, path: str, step: str) -> Any:
        """The compiled condition, or None and a finding."""
        try:
            made: Expression = compile_condition(text, self.known.fields)
        except BadExpression as bad:
            yield Finding(path, "bad_condition", {"bad": bad, "text": text}, step=step)
            return None
        return made

    def stays(self, name: str) -> bool:
        """Whether a field keeps its value on the way through the flow."""
        locked = "*" in self.document.locked or name in self.document.locked
        steps = self.document.walk()
        return locked and not any(name in step.values or step.opens(name) for step in steps)

    # -- options ---------------------------------------------------------------------------------------------------

    def options(self) -> Iterator[Finding]:
        starts = self.document.starts
        of_records = ("button", "create", "change", "delete", "export")
        if not any(getattr(starts, act) for act in ((self.known.starts,) if self.known.starts else of_records)):
            yield Finding("starts", "never_starts", stops=False)
        if starts.when:
            made = yield from self.condition(starts.when, "starts.when", "")
            if made is not None and not holding(made.tree):
                yield Finding("starts.when", "never_holds", {"branch": "–"})
        named = (("starts.change", starts.change), ("locked", self.document.locked), ("figures", self.document.figures))
        for path, names in named:
            for number, name in enumerate(names):
                if name not in self.known.fields and not (path == "locked" and name == "*"):
                    yield Finding(f"{path}.{number}", "no_field", {"field": name})
        for outcome, end in self.document.ends.items():
            yield from self.writes(end.values, end.act, f"ends.{outcome}")
        yield from self.batches()

    def batches(self) -> Iterator[Finding]:
        name, below = self.document.batch_field, self.document.batch_below
        if bool(name) != bool(below):
            yield Finding("batch_below" if name else "batch_field", "batch_incomplete")
        if name:
            described = self.known.fields.get(name)
            if described is None:
                yield Finding("batch_field", "no_field", {"field": name})
            elif described.kind not in NUMBERS:
                yield Finding("batch_field", "no_number", {"field": described.label})
        if below:
            try:
                good = Decimal(below).is_finite() and Decimal(below) > 0
            except InvalidOperation:
                good = False
            if not good:
                yield Finding("batch_below", "no_figure")

    def writes(self, values: Mapping[str, Any], act: str, path: str) -> Iterator[Finding]:
        for name, value in values.items():
            described = self.known.fields.get(name)
            if described is None:
                yield Finding(f"{path}.values.{name}", "no_field", {"field": name})
            elif described.computed or described.kind not in (*OF_KIND,):
                yield Finding(f"{path}.values.{name}", "computed_field", {"field": described.label})
            elif described.kind is FieldKind.CHOICE and value not in (None, "", *(c.value for c in described.choices)):
                yield Finding(f"{path}.values.{name}", "no_choice", {"field": described.label, "value": str(value)})
        if act and self.known.acts is not None and act not in self.known.acts:
            yield Finding(f"{path}.act", "no_act", {"act": act})


__all__ = ["Finding", "Known", "validate"]
