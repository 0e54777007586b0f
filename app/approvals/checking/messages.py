"""What an admin reads about a flow that cannot be published, or should be looked at twice."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.approvals.checking.validating import Finding
from app.approvals.rules.writing import BadDocument
from app.fields.expressions import messages as expressions

TEXTS: dict[str, Any] = {
    "after_otherwise": _l("“%(branch)s” comes after the branch for everything else and is never reached"),
    "always_holds": _l("“%(branch)s” has no condition yet: it would always be taken"),
    "approves_itself": _l("When its time is up this step approves by itself, without anybody looking"),
    "bad_condition": _l("The condition cannot be used: %(why)s"),
    "bad_expression": _l("The expression cannot be used: %(why)s"),
    "bad_id": _l("“%(id)s” cannot be the identifier of a step"),
    "batch_incomplete": _l("The limit for deciding several at once needs both a field and an amount"),
    "computed_field": _l("“%(field)s” is set by the system and cannot be written"),
    "condition_unused": _l("Every branch of a parallel step is taken: the condition of “%(branch)s” is not used"),
    "contradicts": _l("“%(branch)s” contradicts the branch it lies in and is never reached"),
    "covered": _l("“%(branch)s” is never reached: the branches before it take all of it"),
    "does_nothing": _l("This automatic step neither sets a field nor does anything else"),
    "empty_branch": _l("“%(branch)s” has no steps"),
    "hidden_figure": _l("“%(field)s” is a figure in sight of everybody asked: this step cannot hide it"),
    "id_twice": _l("Two steps have the identifier “%(id)s”"),
    "ids_too_long": _l("There are too many steps with long identifiers"),
    "impossible_share": _l("A share of %(share)s cannot be reached"),
    "more_than_named": _l("%(count)s have to agree, but only %(named)s are named: all of them will have to"),
    "names_nobody": _l("“%(field)s” names neither an employee nor a unit"),
    "never_holds": _l("The condition of “%(branch)s” can never hold"),
    "never_starts": _l("Nothing starts this flow"),
    "no_act": _l("There is no act “%(act)s”"),
    "no_amount": _l("Say how long this step may take"),
    "no_branches": _l("Add a branch"),
    "no_choice": _l("“%(value)s” is none of the choices of “%(field)s”"),
    "no_code": _l("The expression has to give the code of an employee, a text"),
    "no_employee": _l("%(count)s of the employees named are not there any more"),
    "no_field": _l("There is no field “%(field)s”"),
    "no_figure": _l("The limit for deciding several at once is an amount above zero"),
    "no_id": _l("A step has no identifier"),
    "no_name": _l("This step has no name"),
    "no_number": _l("“%(field)s” is no number or amount"),
    "no_otherwise": _l("Where no condition holds, the flow goes on after the branches; is that meant?"),
    "no_role": _l("There is no role “%(role)s”"),
    "no_rule": _l("No module has the rule “%(rule)s”"),
    "no_steps": _l("The flow has no steps yet"),
    "no_unit_level": _l("There is no level of units “%(level)s”"),
    "nobody_decides": _l("Nobody is asked in this flow: everything is approved at once"),
    "nobody_named": _l("Say who is asked"),
    "nothing_in_branches": _l("No branch has a step"),
    "reminds_too_early": _l("The reminder would go out before the step begins"),
    "returns_for_good": _l("A refusal sends it back to the applicant, who may only withdraw it then"),
    "rule_incomplete": _l("A rule of who is asked is not complete"),
    "share_unused": _l("A share counts only where several sign together or vote"),
    "two_shares": _l("How many agree is either a share or a number, not both"),
    "too_few_branches": _l("A parallel step needs at least two branches"),
}  # fmt: skip
_SHAPES: dict[str, Any] = {
    "missing": _l("something is missing"),
    "not_allowed": _l("this value is not possible"),
    "too_deep": _l("branches lie too deep inside one another"),
    "too_long": _l("this text is too long"),
    "too_many": _l("there are too many of them"),
    "unknown_key": _l("this is not known"),
}


def told(finding: Finding) -> str:
    """A finding in the reader's language."""
    values = {name: str(value) for name, value in finding.values.items() if name not in ("bad", "text")}
    if "bad" in finding.values:
        values["why"] = expressions.told(finding.values["bad"], finding.values["text"])
    return str(TEXTS[finding.code]) % values if values else str(TEXTS[finding.code])


def told_shape(bad: BadDocument) -> str:
    """Why a document cannot be read, with its place."""
    why = str(_SHAPES.get(bad.code, _l("this has a wrong form")))
    return _("This flow cannot be kept: %(why)s (%(path)s)", why=why, path=bad.path[:120])


__all__ = ["TEXTS", "told", "told_shape"]
