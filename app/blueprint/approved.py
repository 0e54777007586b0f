"""The end of a case about a blueprint: the document is applied, as it was shown (docs/adr/0064)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from app.approvals.services.finishing import apart_on_approval, as_applicant
from app.base.security.granting import refuse_without
from app.blueprint.approving import ACT, Changes, changes_between, in_short, shown_changes
from app.blueprint.rules import Problem, Unfit
from app.blueprint.services import apply_now, find_document, read_text
from app.types import Refused


def apply_approved(case: Any) -> None:
    """Apply the document of an approved case, as its applicant with the rights of now. Applied already: does nothing.

    Raises `Refused` with everything in the way, such as a site that has become another one in what it changes.
    """
    row = find_document(int(case.payload["document"]))
    if row is None:
        raise Refused(_("This document is not there any more"))
    if row.applied_at is not None:
        return
    number, document, shown = row.id, read_text(row.text), shown_changes(row)
    if in_short(shown) != case.payload["shown"]:
        raise Refused(_("This document is not the one that was put up for approval"))
    with as_applicant(case):
        refuse_without(("can_edit", "BlueprintView"))
        try:
            apply_now(number, document, lambda site: _is_as_shown(site, document.parts, shown), case_id=case.id)
        except Unfit as unfit:
            told = "; ".join(f"{each.where}: {each.text}" if each.where else str(each.text) for each in unfit.problems)
            raise Refused(told[:2000]) from unfit


def _is_as_shown(site: Mapping[str, Any], wanted: Mapping[str, Any], shown: Changes) -> bool:
    """Whether the document still changes what was shown, and nothing else. Raises `Unfit` naming the rest."""
    now = changes_between(site, wanted)
    if in_short(now) == in_short(shown):
        return True
    text = _("Changed at this site since it was put up for approval; upload the document again")
    other = [
        Problem((name, *change.path), text)
        for name in shown
        for change in {each.path: each for each in (*shown[name], *now[name])}.values()
        if in_short({name: [each for each in shown[name] if each.path == change.path]})
        != in_short({name: [each for each in now[name] if each.path == change.path]})
    ]
    raise Unfit(other or [Problem((), text)])


apart_on_approval(ACT, apply_approved)

__all__ = ["apply_approved"]
