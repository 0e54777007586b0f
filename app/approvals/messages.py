"""Why an act of an approval may not be, for people: codes of the engine and of the services to sentences."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from app.approvals.rules.flowing import Illegal
from app.types import Refused

TEXTS: dict[str, Any] = {
    "already_decided": _l("This has been decided already"),
    "cannot_act": _l("This person has left or cannot log in"),
    "changed_meanwhile": _l(
        "Somebody else has changed this record meanwhile. Compare, then save again to keep your values."
    ),
    "circle": _l("Nobody stands in for themselves"),
    "comment_needed": _l("Say why"),
    "decided_once": _l("You are asked in this step yourself: nobody decides twice in one step"),
    "delegation_over": _l("This delegation is over already"),
    "delegation_overlaps": _l("Somebody stands in for these days already"),
    "delegation_past": _l("A delegation cannot lie in the past"),
    "endless": _l("This flow does not come to an end"),
    "ended": _l("This approval is over already"),
    "has_signers": _l("The signers this person has added must be removed first"),
    "in_a_flow": _l("This record is being approved already"),
    "last_before_first": _l("The delegation ends before it begins"),
    "material_due": _l("The day by which the material is needed lies in the past"),
    "move_branch": _l("A step it waits at would lie outside its branch, or in parallel branches nobody has entered"),
    "move_parallel": _l("It is inside parallel branches that have no counterpart with as many branches"),
    "move_resume": _l("It was returned to come straight back, which the new version does not permit from there"),
    "move_same_goal": _l("Two steps it waits at would become one"),
    "move_unmapped": _l("A step it waits at is continued by none"),
    "move_visited": _l("It has been at the step it would move to before"),
    "no_abstention": _l("Only a committee abstains"),
    "no_batch": _l("This one is decided one by one, on its page"),
    "no_case": _l("This approval does not exist, or you may not see it"),
    "no_employee": _l("Your login belongs to no employee: approvals need one"),
    "no_flow": _l("There is no published approval flow of this kind"),
    "no_record": _l("This record does not exist, or you may not change it"),
    "no_such_target": _l("The approval cannot go there"),
    "no_withdrawal": _l("This approval cannot be withdrawn any more"),
    "nobody_named": _l("Name at least one person"),
    "not_administrator": _l("Only an administrator of approvals may do this"),
    "not_asked": _l("No material is asked for, or it is there already"),
    "not_button": _l("This flow is not begun by hand"),
    "not_for_it": _l("This record does not meet the condition of the flow"),
    "not_permitted": _l("This step does not permit that"),
    "not_returned": _l("This approval has not been returned to you"),
    "not_straight": _l("From there the approval cannot come straight back to this step"),
    "not_your_turn": _l("Others come before you"),
    "not_yours": _l("You are not asked here"),
    "nothing_left": _l("Nothing is left to do: what was to follow is done"),
    "nothing_asked": _l("Say which material is needed"),
    "other_version": _l("It runs by another version by now"),
    "overtaken": _l("The approval has gone on without this: it is asked no more"),
    "own_case": _l("Nobody decides on their own case: not the applicant, the owner or the author of the record"),
    "said_today": _l("They were urged less than an hour ago"),
    "sits_already": _l("This person is asked in this step already"),
    "waits_for_material": _l("Material is still missing that this step waits for"),
}


def told(code: str, **values: Any) -> str:
    """The sentence of a code in the language of whoever acts. Raises `KeyError` for one nobody has written."""
    return str(TEXTS[code]) % values if values else str(TEXTS[code])


def refused(code: str, field: str | None = None) -> Refused:
    """The refusal a person reads."""
    return Refused(told(code), field=field)


def of_illegal(illegal: Illegal) -> Refused:
    """The refusal of an act the engine does not permit."""
    known = illegal.code in TEXTS
    return Refused(told(illegal.code) if known else gettext("This cannot be done now (%(code)s)", code=illegal.code))


__all__ = ["TEXTS", "of_illegal", "refused", "told"]
