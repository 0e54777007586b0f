"""What people do with blueprints: export, upload, look at the differences, try, apply, go back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.blueprint.applying import carry_out, problems_in, shaped, site_parts
from app.blueprint.document import Document, read_document, write_document
from app.blueprint.models import BlueprintDocument
from app.blueprint.parts import BY_NAME, PARTS, Part
from app.blueprint.parts.part import Impact
from app.blueprint.rules import Change, Path, Problem, Unfit, compare, fingerprint
from app.db import now, session, transaction
from app.types import Actor, Refused

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
    problems = problems_in(document.parts)
    faulty = {problem.path[0] for problem in problems if problem.path}
    site = site_parts()
    seen = fingerprint(site)
    found = []
    with shaped(document.parts) if "modules" not in faulty else _as_it_is():
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
            if part.may_see(actor):
                impact = part.impact(changes)
                differences = tuple(Difference(change, impact.get(change.path, ())) for change in changes)
                found.append(PartDifferences(part, differences))
            else:
                found.append(PartDifferences(part, hidden=len(changes)))
    untouched = tuple(part for part in PARTS if part.name not in document.parts)
    return Comparison(document, tuple(found), tuple(problems), seen, untouched)
