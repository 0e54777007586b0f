"""Acts on what is no record, held until a case is approved: rights of people, the blueprint (docs/adr/0064)."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.approvals.services.binding import Bound, bindings
from app.approvals.services.seeing import heading
from app.approvals.services.starting import start_case
from app.approvals.services.telling import case_path
from app.approvals.subjects import SUBJECTS
from app.types import Held, Refused, Veto, Write

#: Fields of a second post that say what its holder may do, and where.
_RIGHTS = ("role_id", "unit_id", "employee_id")


def stands(subject: str) -> Bound | None:
    """The flow in force that holds acts on a subject (`role`, `blueprint`), if there is one."""
    starts = SUBJECTS[subject].starts
    return next((one for one in bindings().flows.get(subject, ()) if getattr(one.document.starts, starts)), None)


def held_act(subject: str, act: str, one: Write) -> Held | Veto | None:
    """The case that stands for an act (`app.hookspecs.before_write`), or why none could be opened."""
    bound = stands(subject) if subject in SUBJECTS and SUBJECTS[subject].starts == act else None
    if bound is None:
        return None
    asked = one.values
    title = _("%(what)s: %(name)s", what=SUBJECTS[subject].label, name=asked["title"])
    try:
        case = start_case(
            bound.definition_id, subject, asked["number"], asked=act, payload=asked["payload"], title=title
        )
    except Refused as refused:
        return Veto(_("This needs an approval (%(flow)s): %(reason)s", flow=bound.name, reason=str(refused)))
    return held(case)


def held(case: Any) -> Held:
    """What the person is told of a case that stands for what they wanted."""
    return Held(_("case %(number)s, %(title)s", number=case.id, title=heading(case)), case_path(case.id), case.id)


def post_refused(slug: str, act: str, one: Write) -> str:
    """Why a second post is not written by a door that cannot wait, where rights are given by approval."""
    if slug != "post" or stands("role") is None:
        return ""
    if act == "create":
        return _("Rights are given by approval at this site: add the second post on the employee's page")
    if act == "update" and any(name in one.values for name in _RIGHTS):
        return _("Rights are given by approval at this site: end this post, and add another on the employee's page")
    return ""


__all__ = ["held", "held_act", "post_refused", "stands"]
