"""What people do with blueprints: export, upload, look at the differences, try, apply, go back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.blueprint.applying import carry_out, problems_in, shaped, site_parts
from app.blueprint.approving import put_up, refuse_held
from app.blueprint.document import Document, read_document, write_document
from app.blueprint.models import BlueprintDocument
from app.blueprint.parts import BY_NAME, PARTS, Part
from app.blueprint.parts.part import Impact
from app.blueprint.rules import Change, Problem, Unfit, compare, fingerprint
from app.db import now, session, transaction
from app.types import Held, Refused

#: So many documents the page of the history shows.
SHOWN = 100


@dataclass(frozen=True, slots=True)
class Difference:
    """One change with whom it reaches."""

    change: Change
    impact: tuple[Impact, ...] = ()


@dataclass(frozen=True, slots=True)
class PartDifferences:
    """All changes of one part; those of one the person may not see are only counted."""

    part: Part
    differences: tuple[Difference, ...] = ()
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """A document beside the site. `seen` is a fingerprint of the site as it was compared."""

    document: Document
    parts: tuple[PartDifferences, ...]
    problems: tuple[Problem, ...]
    seen: str
    untouched: tuple[Part, ...] = field(default=())

    @property
    def count(self) -> int:
        return sum(len(each.differences) + each.hidden for each in self.parts)


def export_document(title: str = "") -> str:
    """The document of the current site: of the parts the actor may see on their screens."""
    actor = require_actor()
    return write_document({part.name: part.read() for part in PARTS if part.may_see(actor)}, title)


def read_text(source: str | bytes) -> Document:
    """The document in a text, its parts in the order they are applied. Raises `Unfit`."""
    return read_document(source, BY_NAME)


def compare_document(document: Document) -> Comparison:
    """What a document would change, whom that reaches, and what is wrong with it. Never writes."""
    actor = require_actor()
    site = site_parts()
    seen = fingerprint(site)
    found = []
    problems = module_problems(document.parts)
    with nullcontext() if problems else shaped(document.parts):
        problems = problems or problems_in(document.parts)
        faulty = {problem.path[0] for problem in problems}
        for name, wanted in document.parts.items():
            part = BY_NAME[name]
            if name in faulty:
                continue
            changes = compare(name, part.items(site[name]), part.items(wanted))
            problems += [
                Problem((name, *change.path), _("You may not change this on its own screen either"))
                for change in changes
                if part.lacks(actor, change)
            ]
            problems += [Problem((name, *change.path), text) for change in changes if (text := part.barred())]
            if part.may_see(actor):
                impact = part.impact(changes)
                differences = tuple(Difference(change, impact.get(change.path, ())) for change in changes)
                found.append(PartDifferences(part, differences))
            else:
                found.append(PartDifferences(part, hidden=len(changes)))
    untouched = tuple(part for part in PARTS if part.name not in document.parts)
    return Comparison(document, tuple(found), tuple(problems), seen, untouched)


def module_problems(parts: Mapping[str, Any]) -> list[Problem]:
    """Why no app with the modules of a document can be built."""
    return list(BY_NAME["modules"].check(parts["modules"], parts)) if "modules" in parts else []


def upload(name: str, source: str | bytes) -> BlueprintDocument:
    """Keep a document to look at and apply. Raises `Unfit` for a text that is none."""
    document = read_text(source)
    actor = require_actor()
    with transaction() as current:
        row = BlueprintDocument(
            name=(document.title or name or "blueprint.yaml")[:200],
            text=document.source,
            uploaded_by=actor.user_id,
            uploaded_name=actor.name[:128],
        )
        current.add(row)
        current.flush()
    return row


def find_document(document_id: int) -> BlueprintDocument | None:
    """A document by its number."""
    return session.get(BlueprintDocument, document_id)


def applied_documents() -> list[BlueprintDocument]:
    """The history, the newest first; at most `SHOWN`."""
    statement = select(BlueprintDocument).where(BlueprintDocument.applied_at.is_not(None))
    return list(session.scalars(statement.order_by(BlueprintDocument.applied_at.desc()).limit(SHOWN)))


def waiting_documents() -> list[BlueprintDocument]:
    """Those uploaded and not applied, the newest first; at most `SHOWN`."""
    statement = select(BlueprintDocument).where(BlueprintDocument.applied_at.is_(None))
    return list(session.scalars(statement.order_by(BlueprintDocument.id.desc()).limit(SHOWN)))


def discard(document_id: int) -> None:
    """Throw a document away that was never applied. Raises `Refused`."""
    with transaction() as current:
        row = current.get(BlueprintDocument, document_id, with_for_update=True)
        if row is None or row.applied_at is not None:
            raise Refused(_("What was applied stays in the history"))
        refuse_held(row)
        current.delete(row)


def apply_document(document_id: int, seen: str, *, dry_run: bool = False) -> list[Change] | Held:
    """Make the site what a document says; returns what was changed. `seen` is the fingerprint the differences showed.

    The answer is the approval that stands for it where the site wants one. Raises `Unfit` with everything in the way
    and `Refused` for a document that is gone or was applied already; nothing has then changed.
    """
    row = find_document(document_id)
    if row is None or row.applied_at is not None:
        raise Refused(_("This document was applied already; upload it again"))
    document = read_text(row.text)
    if problems := module_problems(document.parts):
        raise Unfit(problems)
    if not dry_run and (held := put_up(row, document, seen)) is not None:
        return held
    return apply_now(document_id, document, lambda site: fingerprint(site) == seen, dry_run=dry_run)


def apply_now(
    document_id: int, document: Document, unchanged: Callable[[dict[str, Any]], bool],
    *, dry_run: bool = False, case_id: int | None = None,
) -> list[Change]:  # fmt: skip
    """Apply a document without asking anybody (`apply_document`, or the end of an approval, which is `case_id`).

    `unchanged` is asked under the lock whether the site is still as it was shown. Raises `Unfit`, `Refused`.
    """
    actor = require_actor()

    def note(current: Session, changes: list[Change], before: dict[str, Any], after: dict[str, Any]) -> None:
        kept = current.get(BlueprintDocument, document_id, with_for_update=True, populate_existing=True)
        if kept is None or kept.applied_at is not None:
            raise Refused(_("This document was applied already; upload it again"))
        kept.applied_at, kept.applied_by, kept.applied_name = now(), actor.user_id, actor.name[:128]
        kept.summary = summary_of(changes)
        kept.before, kept.after = write_document(before), write_document(after)
        counted = {f"{part}.{kind}": [None, n] for part, counts in kept.summary.items() for kind, n in counts.items()}
        counted |= {"case": [None, case_id]} if case_id is not None else {}
        record_acts(current, [Act("apply_blueprint", "blueprint", str(kept.id), kept.name, counted)])

    changes = carry_out(document.parts, dry_run=dry_run, unchanged=unchanged, done=note)
    session.expire_all()
    return changes


def begin_return(document_id: int, moment: str) -> BlueprintDocument:
    """A document that brings the site back to what it was `before` or `after` one of the history was applied.

    It is looked at and applied like any other. Raises `Refused`.
    """
    row = find_document(document_id)
    if row is None or row.applied_at is None or moment not in ("before", "after"):
        raise Refused(_("There is no such document in the history"))
    actor = require_actor()
    text = row.before if moment == "before" else row.after
    whole = read_text(text)
    parts = {name: data for name, data in whole.parts.items() if BY_NAME[name].may_see(actor)}
    title = (
        _("Back to before no. %(number)s", number=row.id)
        if moment == "before"
        else _("Back to no. %(number)s", number=row.id)
    )
    return upload(title, write_document(parts, title))


def text_for(row: BlueprintDocument) -> str:
    """A document as the actor may read it: without the parts they may not see on their screens."""
    document, actor = read_text(row.text), require_actor()
    parts = {name: data for name, data in document.parts.items() if BY_NAME[name].may_see(actor)}
    if len(parts) == len(document.parts):
        return document.source
    return write_document(parts, document.title, document.about)


def summary_of(changes: list[Change]) -> dict[str, dict[str, int]]:
    """{part: {kind: how many}}."""
    found: dict[str, dict[str, int]] = {}
    for change in changes:
        counts = found.setdefault(change.part, {})
        counts[change.kind] = counts.get(change.kind, 0) + 1
    return found


def site_fingerprint() -> str:
    """What the site's settings are, in short."""
    return fingerprint(site_parts())
