"""What the designer is told about its flow: the document, the fields and choices of the record, words of the screen."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import column, select, table

from app.access.scope import UNSCOPED
from app.approvals.models import Definition
from app.approvals.rules.differing import compare
from app.approvals.rules.document import Document, Find, Kind, Nobody, Sign, Step, Then, Within
from app.approvals.rules.writing import write_document
from app.approvals.services.known import rules_for
from app.approvals.subjects import SUBJECTS
from app.base.security.roles.grants import role_labels
from app.db import session
from app.fields.expressions.checking import OF_KIND
from app.host.context import context
from app.organisation.models import Employee
from app.types import Field
from app.types import Kind as FieldKind

# FAB's own table, read as a plain table: only app.base knows FAB's classes.
_role = table("ab_role", column("id"), column("name"))
ICONS = {
    "approve": "rubber-stamp",
    "notify": "send",
    "choice": "git-branch",
    "parallel": "git-merge",
    "automatic": "robot",
}
KINDS: dict[str, Any] = {
    Kind.APPROVE: _l("Approval"),
    Kind.NOTIFY: _l("Copy to"),
    Kind.CHOICE: _l("Condition"),
    Kind.PARALLEL: _l("Parallel branches"),
    Kind.AUTOMATIC: _l("Automatic"),
}
SIGNS: dict[str, Any] = {
    Sign.ANY: _l("Any one of them"),
    Sign.ALL: _l("All of them together"),
    Sign.IN_ORDER: _l("One after another"),
    Sign.VOTE: _l("Committee vote"),
}
FINDS: dict[str, Any] = {
    Find.UNIT_HEAD: _l("Head of a unit"),
    Find.ROLE: _l("Holders of a role"),
    Find.PEOPLE: _l("Named employees"),
    Find.MANAGERS: _l("Line managers"),
    Find.FIELD: _l("A field of the record"),
    Find.EXPRESSION: _l("An expression"),
    Find.APPLICANT: _l("The applicant"),
    Find.MODULE: _l("A rule of a module"),
}
WITHIN: dict[str, Any] = {
    Within.UNIT_AND_ABOVE: _l("In the unit, else the nearest above it"),
    Within.UNIT: _l("In the unit only"),
    Within.ANYWHERE: _l("Anywhere"),
}
NOBODY: dict[str, Any] = {
    Nobody.HEAD_ABOVE: _l("The next head above"),
    Nobody.ADMINISTRATOR: _l("An administrator"),
    Nobody.REFUSE: _l("It is refused"),
}
THEN: dict[str, Any] = {
    Then.REMIND: _l("Remind"),
    Then.ESCALATE: _l("Pass on to those above"),
    Then.APPROVE: _l("Approve by itself"),
    Then.REFUSE: _l("Refuse by itself"),
}
UNITS: dict[str, Any] = {"working_days": _l("working days"), "days": _l("days"), "hours": _l("hours")}
ACTS: dict[str, Any] = {
    "return": _l("Send back"),
    "transfer": _l("Transfer"),
    "add_signer": _l("Add signers"),
    "supplement": _l("Ask for material"),
}
ACCESS: dict[str, Any] = {
    "": _l("As usual"),
    "read": _l("Read only"),
    "write": _l("May change"),
    "required": _l("Must fill in"),
    "hidden": _l("Hidden"),
}
WITHDRAW: dict[str, Any] = {
    "running": _l("While it runs"),
    "undecided": _l("Before the first decision"),
    "never": _l("Never"),
}
OUTCOMES: dict[str, Any] = {
    "approved": _l("Approved"),
    "refused": _l("Turned down"),
    "withdrawn": _l("The applicant took it back"),
    "cancelled": _l("Ended by an administrator"),
}
#: Which comparisons the condition builder offers for a field, by the type of its expression.
COMPARED = {
    "text": ("==", "!=", "in"),
    "integer": (">=", "<=", ">", "<", "==", "!="), "decimal": (">=", "<=", ">", "<", "==", "!="),
    "date": (">=", "<=", ">", "<", "=="), "boolean": ("==",),
}  # fmt: skip


def board(definition: Definition, document: Document) -> dict[str, Any]:
    """Everything the designer's script works with, as plain JSON."""
    described = context().entities.get(definition.entity)
    subject = SUBJECTS.get(definition.entity)
    fields = described.fields if described is not None else ()
    levels = context().entities["unit"].field("level")
    return {
        "version": definition.version,
        "starts": subject.starts if subject is not None else "",
        "document": write_document(document),
        "fields": [_field(field) for field in fields if field.kind in OF_KIND],
        "roles": _roles(),
        "rules": [[rule.name, str(rule.label)] for rule in rules_for(definition.entity)],
        "levels": [[one.value, str(one.label)] for one in levels.choices] if levels is not None else [],
        "names": _names(document),
        "icons": ICONS,
        "lists": {
            "kind": _plain(KINDS), "sign": _plain(SIGNS), "find": _plain(FINDS), "within": _plain(WITHIN),
            "nobody": _plain(NOBODY), "then": _plain(THEN), "unit": _plain(UNITS), "may": _plain(ACTS),
            "access": _plain(ACCESS), "withdraw": _plain(WITHDRAW), "outcome": _plain(OUTCOMES),
        },
        "compared": COMPARED,
        "texts": {**_texts(), "begins": str(subject.begins) if subject is not None else ""},
    }  # fmt: skip


def called(step: Step) -> str:
    """What a step is called in the language shown."""
    own = (step.name_en or step.name) if get_locale().language == "en" else (step.name or step.name_en)
    return own or str(KINDS[step.kind])


def branch_name(step: Step, number: int | None) -> str:
    """What a branch is called; None: none of them."""
    if number is None:
        return _("none of them")
    branch = step.branches[number]
    own = (branch.name_en or branch.name) if get_locale().language == "en" else (branch.name or branch.name_en)
    return own or _("Branch %(number)s", number=number + 1)


def differences(before: Document, after: Document) -> list[str]:
    """What a version changed, in sentences."""
    said = []
    for one in compare(before, after):
        name = one.name or _("A step without a name")
        parts = ", ".join(str(_PARTS.get(part, part)) for part in one.parts)
        if one.what == "options":
            said.append(_("Options changed: %(parts)s", parts=parts))
        elif one.what == "added":
            said.append(_("“%(name)s” was added", name=name))
        elif one.what == "removed":
            said.append(_("“%(name)s” was removed", name=name))
        elif one.what == "moved":
            said.append(_("“%(name)s” has another place", name=name))
        else:
            said.append(_("“%(name)s” was changed: %(parts)s", name=name, parts=parts))
    return said


_PARTS: dict[str, Any] = {
    "name": _l("Name"), "name_en": _l("Name in English"),
    "assignees": _l("Who is asked"), "sign": _l("How they decide"),
    "share": _l("How many agree"), "count": _l("How many agree"), "nobody": _l("If nobody is found"),
    "deadline": _l("Deadline"),
    "fields": _l("Fields while they are asked"), "may": _l("What else they may do"),
    "refusal_returns": _l("What a refusal does"), "comment_needed": _l("Comment"), "values": _l("Fields to set"),
    "act": _l("Act"), "branches": _l("Branches and conditions"), "starts": _l("What starts it"),
    "locked": _l("Locked fields"), "ends": _l("What happens at the end"), "figures": _l("Figures in sight"),
    "withdraw": _l("Withdrawing"), "repeated_pass": _l("Whoever approved before"), "delegable": _l("Standing in"),
    "batch_field": _l("Deciding several at once"),
    "batch_below": _l("Deciding several at once"), "kind": _l("Kind of step"),
}  # fmt: skip


def _texts() -> dict[str, str]:
    """The words the script writes itself."""
    return {
        "branch": _("Branch"), "otherwise": _("Everything else"),
        "nobody": _("Nobody yet"), "add": _("Add a step here"),
        "add_branch": _("Add another branch"), "saved": _("Saved"), "saving": _("Saving …"), "unsaved": _("Not saved"),
        "up": _("Move up"), "down": _("Move down"), "copy": _("Copy"), "remove": _("Delete"), "undo": _("Undo"),
        "removed": _("“%(name)s” was deleted"), "moved": _("“%(name)s” was moved"), "errors": _("%(count)s to mend"),
        "warnings": _("%(count)s to look at"), "well": _("Ready to publish"), "and": _("and"), "or": _("or"),
        "always": _("All branches are taken"),
        "condition": _("Condition"), "within_time": _("within %(amount)s %(unit)s"),
        "levels_up": _("%(count)s levels up"), "own_unit": _("of the own unit"),
        "start": _("Submitted"), "end": _("End of the flow"),
        "copied": _("Copy"), "left": _("Branch to the left"), "right": _("Branch to the right"), "of": _("of"),
        "empty": _("is empty"), "yes": _("Yes"),
        "no": _("No"), "is_in": _("is one of"), "remove_rule": _("Remove this rule"),
        "remove_line": _("Remove this line"), "field": _("Field"),
        "value": _("Value"), "good": _("The condition can be used"),
        "operator": _("Comparison"), "priority": _("Branch %(number)s"),
        "rule": _("Rule %(number)s"), "search": _("Type to search"),
        "none_found": _("Nothing found"),
    }  # fmt: skip


def _field(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": str(field.label),
        "type": OF_KIND[field.kind].value,
        "choices": [[one.value, str(one.label)] for one in field.choices],
        "writable": not field.computed,
        "people": field.kind is FieldKind.LINK and field.target in ("employee", "unit"),
    }


def _plain(labels: dict[str, Any]) -> list[list[str]]:
    return [[str(value), str(label)] for value, label in labels.items()]


def _roles() -> list[list[str]]:
    labels = role_labels()
    rows = session.execute(select(_role.c.id, _role.c.name).order_by(_role.c.id))
    return [[name, labels.get(role_id, name)] for role_id, name in rows if name != "Public"]


def _names(document: Document) -> dict[str, str]:
    named = {person for step in document.walk() for rule in step.assignees for person in rule.employees}
    if not named:
        return {}
    statement = select(Employee.id, Employee.name).where(Employee.id.in_(named))
    return {str(one): name for one, name in session.execute(statement.execution_options(**{UNSCOPED: True}))}


__all__ = ["FINDS", "OUTCOMES", "board", "branch_name", "called", "differences"]
