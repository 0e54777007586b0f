"""What the figures of a job's result are called on its page."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

_CALLED: dict[str, Any] = {
    "back": _l("Changed back"),
    "business_date": _l("Business date"),
    "changed": _l("Records changed"),
    "created": _l("Records created"),
    "deleted": _l("Deleted"),
    "done": _l("Done"),
    "expired": _l("Out of time"),
    "failed": _l("Failed"),
    "given": _l("Records assigned"),
    "held": _l("Sent for approval"),
    "kept": _l("Left as they are"),
    "left": _l("Left as they are"),
    "moved": _l("Moved"),
    "refused": _l("Records refused"),
    "reminded": _l("Reminded"),
    "removed": _l("Records removed"),
    "replaced": _l("Others asked"),
    "restored": _l("Changed back"),
    "rows": _l("Rows"),
    "skipped": _l("Skipped"),
    "stayed": _l("Left as they are"),
    "unchanged": _l("As before"),
    "updated": _l("Updated"),
}


def called(key: str) -> str:
    """The name of a figure in the reader's language; the key itself where nobody has named it."""
    return str(_CALLED.get(key, key))


__all__ = ["called"]
