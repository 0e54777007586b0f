"""The history of a case in words: who did what, and what the product did by itself, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from app.access.actors import require_actor
from app.access.policy import seen_by
from app.approvals.rules.document import Document
from app.approvals.rules.drawing import named
from app.approvals.rules.state import APPLICANT, Event
from app.approvals.services import CaseView, Line
from app.base.views.cells import language, listed
from app.host.context import context

#: Events nobody needs to read: what they say stands in those beside them.
SILENT = frozenset({"closed", "forked", "joined", "resumed"})
_ICONS = {
    "started": ("send", "blue"), "approved": ("check", "green"), "refused": ("x", "red"),
    "abstained": ("circle-minus", "secondary"), "returned": ("arrow-back-up", "amber"),
    "resubmitted": ("send", "blue"), "ended": ("player-stop", "secondary"), "asked": ("paperclip", "amber"),
    "moved": ("versions", "secondary"), "given": ("paperclip", "green"),
    "commented": ("message-circle", "secondary"), "urged": ("bell", "red"),
    "reseated": ("user-share", "secondary"), "added": ("user-plus", "secondary"), "removed": ("user-x", "secondary"),
    "copied": ("share", "secondary"), "notified": ("share", "secondary"),
    "automatic": ("bolt", "secondary"), "filled": ("pencil", "blue"), "finished": ("circle-check", "green"),
    "deferred": ("clock", "blue"),
    "unfinished": ("alert-circle", "red"), "expired": ("clock", "red"), "reminded": ("clock", "amber"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the history as it is read."""

    number: int
    at: datetime
    who: str
    #: For whom they stood in.
    instead_of: str
    text: str
    comment: str
    icon: str
    colour: str
    round: int
    items: tuple[str, ...] = ()
    #: (id, name, bytes) of the files that came with it.
    files: tuple[tuple[int, str, int], ...] = ()


def sayings(view: CaseView) -> list[Said]:
    """A case's history, the oldest first; each line says in which round it was."""
    found, turn = [], 1
    for line in view.events:
        if line.event.kind == "returned":
            found.append(_said(view, line, turn))
            turn += 1
        elif line.event.kind not in SILENT and not _is_told_elsewhere(line.event):
            found.append(_said(view, line, turn))
    return found


def _is_told_elsewhere(event: Event) -> bool:
    return event.kind == "left" or (event.kind == "took" and event.data.get("branch") is None)


def _said(view: CaseView, line: Line, turn: int) -> Said:
    event = line.event
    icon, colour = _ICONS.get(event.kind, ("point", "secondary"))
    if event.kind == "ended":
        outcome = event.data["outcome"]
        icon, colour = {"approved": ("circle-check", "green"), "refused": ("circle-x", "red")}.get(
            outcome, ("ban", "secondary")
        )
    stood_in = event.data.get("for")
    return Said(
        line.number, line.at, line.who, _name(view.names, stood_in) if stood_in else "", what(line, view),
        event.comment, icon, colour, turn, tuple(event.data.get("items", ())),
        tuple(tuple(one) for one in event.data.get("files", ())),
    )  # fmt: skip


def what(line: Line, view: CaseView) -> str:
    """What an event says, without who did it; steps are called as they were then."""
    event, names = line.event, view.names
    data = event.data
    step = step_name(line.document, event.step)
    made = _SAYINGS.get(event.kind)
    if made is None:
        return event.kind
    people = data.get("people", ())
    values = {
        "step": step,
        "to": _name(names, data.get("to")) if isinstance(data.get("to"), int) else "",
        "was": _name(names, data.get("from") or data.get("employee")),
        "people": listed(_name(names, person) for person in people),
        "fields": _labels(view, data["fields"]) if event.kind == "filled" else "",
        "reason": str(data.get("reason", "")),
    }
    return made(event, values, line.document)


def step_name(document: Document, step_id: str) -> str:
    """A step's name in the reader's language; the applicant's own seat has one, too."""
    if step_id in ("", APPLICANT):
        return _("Applicant")
    try:
        return named(document.step(step_id), language() != "zh")
    except KeyError:
        return step_id


def _labels(view: CaseView, names: Iterable[str]) -> str:
    """The fields of the record somebody filled in, as far as they exist for the reader."""
    described = context().entities.get(view.case.entity)
    if described is None:
        return ""
    labels = {field.name: str(field.label) for field in seen_by(described, require_actor()).fields}
    return listed(labels[name] for name in names if name in labels)


def _name(names: Mapping[int, str], employee: Any) -> str:
    return names.get(employee, f"#{employee}") if employee is not None else ""


def _filled(event: Event, v: Mapping[str, str], document: Document) -> str:
    if not v["fields"]:
        return _("filled in fields at “%(step)s”", step=v["step"])
    return _("filled in %(fields)s at “%(step)s”", fields=v["fields"], step=v["step"])


def _unfinished(event: Event, v: Mapping[str, str], document: Document) -> str:
    return _("What was to follow could not be done yet: %(reason)s", reason=v["reason"])


def _entered(event: Event, v: Mapping[str, str], document: Document) -> str:
    return _("“%(step)s” asks %(people)s", **v)


def _approved(event: Event, v: Mapping[str, str], document: Document) -> str:
    if event.data.get("why") == "repeated":
        return _("“%(step)s” passed by itself: the same person has agreed before", **v)
    return _("agreed at “%(step)s”", **v)


def _returned(event: Event, v: Mapping[str, str], document: Document) -> str:
    to = step_name(document, event.data["to"])
    if event.data.get("resume"):
        return _("returned from “%(step)s” to “%(to)s”, then straight back", step=v["step"], to=to)
    return _("returned from “%(step)s” to “%(to)s”", step=v["step"], to=to)


def _reseated(event: Event, v: Mapping[str, str], document: Document) -> str:
    why = event.data.get("why")
    if why == "transfer":
        return _("transferred “%(step)s” to %(to)s", **v)
    if why == "escalated":
        return _("“%(step)s” took too long: %(to)s is asked instead of %(was)s", **v)
    if why == "own_case":
        return _("“%(step)s”: %(to)s is asked instead of %(was)s, whose own case it is", **v)
    return _("“%(step)s”: %(to)s is asked instead of %(was)s", **v)


def _fell_back(event: Event, v: Mapping[str, str], document: Document) -> str:
    ways = {
        "head_above": _("“%(step)s” found nobody: the head above, %(to)s, is asked", **v),
        "administrator": _("“%(step)s” found nobody: the administrator %(to)s is asked", **v),
    }
    return ways.get(event.data["how"], _("“%(step)s” found nobody who may decide", **v))


def _expired(event: Event, v: Mapping[str, str], document: Document) -> str:
    ways = {
        "approve": _("“%(step)s” ran out of time and passed", **v),
        "refuse": _("“%(step)s” ran out of time and was refused", **v),
        "escalate": _("“%(step)s” ran out of time and went to those above", **v),
    }
    return ways.get(event.data["then"], _("“%(step)s” is overdue", **v))


def _took(event: Event, v: Mapping[str, str], document: Document) -> str:
    branches = document.step(event.step).branches
    branch = branches[event.data["branch"]]
    name = (language() != "zh" and branch.name_en) or branch.name or str(event.data["branch"] + 1)
    return _("“%(step)s” took the branch “%(branch)s”", step=v["step"], branch=name)


def _ended(event: Event, v: Mapping[str, str], document: Document) -> str:
    ways = {
        "approved": _("Approved"), "refused": _("Turned down"), "withdrawn": _("withdrew the case"),
        "cancelled": _("cancelled the case"),
    }  # fmt: skip
    return ways.get(event.data["outcome"], event.data["outcome"])


_SAYINGS: dict[str, Any] = {
    "started": lambda e, v, d: _("submitted it"),
    "entered": _entered,
    "approved": _approved,
    "refused": lambda e, v, d: _("refused at “%(step)s”", **v),
    "abstained": lambda e, v, d: _("abstained at “%(step)s”", **v),
    "returned": _returned,
    "resubmitted": lambda e, v, d: _("submitted it again"),
    "reseated": _reseated,
    "added": lambda e, v, d: _("asked %(people)s to sign as well", **v),
    "removed": lambda e, v, d: _("took back that %(was)s is to sign", **v),
    "asked": lambda e, v, d: _("asked for material"),
    "given": lambda e, v, d: _("the material is there"),
    "succeeded": lambda e, v, d: _("The case now belongs to %(to)s", **v),
    "moved": lambda e, v, d: _("Moved to version %(number)s of the flow", number=e.data["version"]),
    "ended": _ended,
    "commented": lambda e, v, d: _("commented"),
    "urged": lambda e, v, d: _("urged"),
    "copied": lambda e, v, d: _("let %(people)s know", **v),
    "notified": lambda e, v, d: _("“%(step)s” told %(people)s", **v),
    "automatic": lambda e, v, d: _("“%(step)s” was done by itself", **v),
    "reminded": lambda e, v, d: _("“%(step)s” was reminded", **v),
    "fell_back": _fell_back,
    "expired": _expired,
    "took": _took,
    "filled": _filled,
    "deferred": lambda e, v, d: _("What is to follow is being done"),
    "finished": lambda e, v, d: _("What was to follow is done"),
    "unfinished": _unfinished,
    "attached": lambda e, v, d: _("added a file"),
}


def targets_named(document: Document, targets: Iterable[str]) -> list[tuple[str, str]]:
    """(value, name) of where a case may be returned to."""
    return [(target, step_name(document, target)) for target in targets]


__all__ = ["Said", "sayings", "step_name", "targets_named", "what"]
