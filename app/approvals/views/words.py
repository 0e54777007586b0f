"""What states, acts and events of approvals are called on screen."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.approvals.rules.document import Kind
from app.approvals.rules.standing import Stand
from app.approvals.rules.state import Said, Status

#: How a step stands: its name, the icon and the colour of its badge.
STANDS = {
    Stand.DONE: (_l("Passed"), "circle-check", "green"),
    Stand.NOW: (_l("Being decided"), "clock", "blue"),
    Stand.MATERIAL: (_l("Waits for material"), "paperclip", "amber"),
    Stand.RETURNED: (_l("Sent back"), "arrow-back-up", "amber"),
    Stand.REFUSED: (_l("Turned down"), "circle-x", "red"),
    Stand.SKIPPED: (_l("Left out"), "circle-minus", "secondary"),
    Stand.UNTAKEN: (_l("Not taken"), "ban", "secondary"),
    Stand.AHEAD: (_l("Still to come"), "point", "secondary"),
}

STATUSES = {
    Status.RUNNING: (_l("In approval"), "blue"),
    Status.RETURNED: (_l("Sent back"), "amber"),
    Status.APPROVED: (_l("Approved"), "green"),
    Status.REFUSED: (_l("Turned down"), "red"),
    Status.WITHDRAWN: (_l("The applicant took it back"), "secondary"),
    Status.CANCELLED: (_l("Ended by an administrator"), "secondary"),
}

SAID = {
    Said.WAITING: (_l("comes later"), ""),
    Said.OPEN: (_l("is asked"), "blue"),
    Said.APPROVED: (_l("agreed"), "green"),
    Said.REFUSED: (_l("refused"), "red"),
    Said.ABSTAINED: (_l("abstained"), "secondary"),
    Said.VOID: (_l("no longer asked"), "secondary"),
}

KINDS = {
    Kind.APPROVE: _l("Approval"),
    Kind.NOTIFY: _l("Notice"),
    Kind.AUTOMATIC: _l("Done by itself"),
    Kind.CHOICE: _l("Choice"),
    Kind.PARALLEL: _l("Side by side"),
}

#: What is asked for with a case.
ASKED = {
    "button": _l("Approval"),
    "submit": _l("Approval"),
    "create": _l("Addition"),
    "change": _l("Change of a record"),
    "delete": _l("Deletion"),
    "export": _l("Export"),
    "grant": _l("Change of rights"),
    "apply": _l("To be applied"),
}

__all__ = ["ASKED", "KINDS", "SAID", "STANDS", "STATUSES"]
