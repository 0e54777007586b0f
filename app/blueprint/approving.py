"""A blueprint with four eyes (docs/adr/0064): put up for approval instead of applied.

What was shown is what is applied: the document, against the site as it was then. Both are kept with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.approvals.services import open_cases
from app.approvals.services.holding import stands
from app.blueprint.applying import carry_out, site_parts
from app.blueprint.document import Document, read_document, write_document
from app.blueprint.models import BlueprintDocument
from app.blueprint.parts import BY_NAME
from app.blueprint.rules import Change, compare, fingerprint
from app.db import session, transaction
from app.fields.gate import ask_act, is_passing
from app.organisation.models import Employee
from app.types import Held, Refused

SUBJECT, ACT = "blueprint", "apply"
Changes = dict[str, list[Change]]


def put_up(row: BlueprintDocument, document: Document, seen: str) -> Held | None:
    """The approval that stands for applying a document; None: none is wanted. `seen`: as the differences showed.

    It is tried first, just as it would be applied: nobody is asked about what cannot be. Raises `Unfit`, `Refused`.
    """
    if is_passing() or stands(SUBJECT) is None:
        return None
    if row.before:  # its case shows what it was to change then, and goes on doing so
        raise Refused(_("This document was put up for approval already; upload it again to ask anew"))
    number, name, uploader = row.id, row.name, row.uploaded_by
    tried = carry_out(
        document.parts, dry_run=True, unchanged=lambda site: fingerprint(site) == seen, done=lambda *_given: None
    )
    if not tried:
        return None
    session.expire_all()
    site = site_parts(document.parts)
    changes = changes_between(site, document.parts)
    with transaction() as current:
        kept = current.get(BlueprintDocument, number, with_for_update=True, populate_existing=True)
        if kept is None or kept.applied_at is not None or kept.before:
            raise Refused(_("This document was put up for approval already; upload it again to ask anew"))
        kept.before = write_document(site)
        payload = {"document": number, "shown": in_short(changes), "concerns": _author(uploader)}
        return ask_act(SUBJECT, ACT, number, name, payload)


def changes_between(site: Mapping[str, Any], wanted: Mapping[str, Any]) -> Changes:
    """What has to change for a site to be as the parts of a document want it."""
    return {
        name: compare(name, BY_NAME[name].items(site.get(name, {})), BY_NAME[name].items(data))
        for name, data in wanted.items()
    }


def shown_changes(row: BlueprintDocument) -> Changes:
    """What a document was to change when it was put up for approval, part by part."""
    was, wanted = (read_document(text, BY_NAME) for text in (row.before, row.text))
    return changes_between(was.parts, wanted.parts)


def in_short(changes: Changes) -> str:
    """A fingerprint of changes."""
    return fingerprint([asdict(change) for name in sorted(changes) for change in changes[name]])


def case_of(document_id: int) -> int | None:
    """The open case a document waits for."""
    found = open_cases(SUBJECT, [document_id]).get(document_id)
    return found.id if found is not None else None


def refuse_held(row: BlueprintDocument) -> None:
    """Raise `Refused` for a document that was put up for approval: its case shows it."""
    if row.before and row.applied_at is None:
        raise Refused(_("This document was put up for approval: it stays with its case"))


def _author(uploader: int | None) -> list[int]:
    """The employee who uploaded it: not asked about it either."""
    if uploader is None:
        return []
    found = session.scalar(select(Employee.id).where(Employee.user_id == uploader))
    return [found] if found is not None else []


__all__ = ["ACT", "SUBJECT", "case_of", "changes_between", "in_short", "put_up", "refuse_held", "shown_changes"]
