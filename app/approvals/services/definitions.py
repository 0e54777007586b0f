"""What an admin does with flows: make one, keep its draft, publish it, go back, retire it.

All verbs that change a flow take the version the admin saw, refuse another one (`Stale`), and are one transaction.
Published versions are never changed: running cases keep theirs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.scope import UNSCOPED
from app.approvals.checking.messages import told
from app.approvals.checking.validating import Finding, validate
from app.approvals.models import Case, Definition, DefinitionVersion
from app.approvals.rules.document import Document, Starts
from app.approvals.rules.writing import BadDocument, read_document, write_document
from app.approvals.services.known import flow_things, known_of
from app.approvals.subjects import SUBJECTS
from app.db import session, transaction
from app.types import Refused

VIEW = "ApprovalDefinitionView"
EMPTY = Document(())
CODE = re.compile(r"[a-z][a-z0-9_]{1,58}")
#: What counts as running on the list of flows.
OPEN = ("running", "returned")
#: Flows of a page of the list.
PAGE = 25


class Stale(Refused):
    """Somebody else has changed the flow since it was opened."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A flow on the list with the number of its running cases."""

    definition: Definition
    running: int


def definitions(text: str = "", entity: str = "", state: str = "", page: int = 0) -> list[Listed]:
    """The flows of the site by name; `state`: active, retired, draft (never published) or all. `page`: only that one
    (from 1). One statement."""
    running = (
        select(Case.definition_id, func.count().label("running"))
        .where(Case.status.in_(OPEN))
        .group_by(Case.definition_id)
        .subquery()
    )
    statement = select(Definition, func.coalesce(running.c.running, 0)).outerjoin(
        running, running.c.definition_id == Definition.id
    )
    statement = statement.where(*_meant(text, entity, state)).order_by(Definition.name, Definition.id)
    if page:
        statement = statement.limit(PAGE).offset((page - 1) * PAGE)
    rows = session.execute(statement.execution_options(**{UNSCOPED: True}))
    return [Listed(definition, running) for definition, running in rows]


def count_definitions(text: str = "", entity: str = "", state: str = "") -> int:
    """How many flows `definitions` lists in all."""
    counted = select(func.count(Definition.id)).where(*_meant(text, entity, state))
    return session.scalar(counted.execution_options(**{UNSCOPED: True})) or 0


def _meant(text: str, entity: str, state: str) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if text.strip():
        words = text.strip()[:100].replace("\x00", "")
        names = (Definition.name, Definition.name_en, Definition.code)
        found.append(
            names[0].contains(words, autoescape=True)
            | names[1].icontains(words, autoescape=True)
            | names[2].icontains(words, autoescape=True)
        )
    if entity:
        found.append(Definition.entity == entity)
    if state in ("active", "retired"):
        found.append(Definition.active == (state == "active"))
    elif state == "draft":
        found.append(Definition.published == 0)
    return found


def definition_of(definition_id: int) -> Definition | None:
    """A flow, or None."""
    statement = select(Definition).where(Definition.id == definition_id)
    return session.scalar(statement.execution_options(**{UNSCOPED: True}))


def versions_of(definition_id: int, limit: int = 100) -> Sequence[DefinitionVersion]:
    """The published versions, the newest first."""
    statement = select(DefinitionVersion).where(DefinitionVersion.definition_id == definition_id)
    chosen = statement.order_by(DefinitionVersion.number.desc()).limit(limit)
    return session.scalars(chosen.execution_options(**{UNSCOPED: True})).all()


def version_of(definition_id: int, number: int) -> Document:
    """The document of a published version. Raises `Refused` where there is none."""
    statement = select(DefinitionVersion.document).where(
        DefinitionVersion.definition_id == definition_id, DefinitionVersion.number == number
    )
    text = session.scalar(statement.execution_options(**{UNSCOPED: True}))
    if text is None:
        raise Refused(_("There is no such version"))
    return read_kept(text)


def working(definition: Definition) -> Document:
    """What the admin works on: the draft, else what is in force, else an empty flow."""
    if definition.draft is not None:
        return read_kept(definition.draft)
    return version_of(definition.id, definition.published) if definition.published else EMPTY


def findings(definition: Definition, document: Document, current: Session | None = None) -> list[Finding]:
    """What is wrong with a document of this flow."""
    found = validate(document, known_of(definition.entity, document, current))
    # A module that ships a flow starts it from its own screens.
    return [each for each in found if not (definition.module and each.code == "never_starts")]


def create(name: str, name_en: str, entity: str, code: str = "", document: Document = EMPTY) -> Definition:
    """Make a flow with a draft. Raises `Refused` by field."""
    _may("can_edit")
    chosen = code.strip() or _free_code(entity)
    if entity in SUBJECTS and document == EMPTY:
        act = SUBJECTS[entity].starts
        document = Document((), starts=Starts(button=False, grant=act == "grant", apply=act == "apply"))
    _check_names(name, name_en)
    if entity not in flow_things():
        raise Refused(_("Choose a kind of record"), field="entity")
    if not CODE.fullmatch(chosen):
        raise Refused(_("A code has 2 to 59 small letters, digits and underlines, a letter first"), field="code")
    try:
        with transaction() as current:
            made = Definition(
                code=chosen, name=name.strip(), name_en=name_en.strip(), entity=entity, draft=_written(document)
            )
            current.add(made)
            current.flush()
            _note(current, "create", made, {"name": ["", made.name]})
    except IntegrityError as clash:
        raise Refused(_("There is a flow of this code already"), field="code") from clash
    return made


def rename(definition_id: int, name: str, name_en: str, seen: int) -> None:
    """Call a flow something else. Raises `Refused`, `Stale`."""
    _check_names(name, name_en)
    with _changing(definition_id, seen) as (current, definition):
        before, definition.name, definition.name_en = definition.name, name.strip(), name_en.strip()
        _note(current, "update", definition, {"name": [before, definition.name]})


def save_draft(definition_id: int, document: Document, seen: int) -> int:
    """Keep a draft, however unfinished; returns the version of the flow now. Raises `Refused`, `Stale`."""
    with _changing(definition_id, seen) as (_current, definition):
        definition.draft = _written(document)
    return definition.version


def discard_draft(definition_id: int, seen: int) -> None:
    """Throw the draft away; what is in force stays. Raises `Refused` where nothing is in force, `Stale`."""
    with _changing(definition_id, seen) as (_current, definition):
        if not definition.published:
            raise Refused(_("Nothing of this flow is published yet; delete it instead"))
        definition.draft = None


def publish(definition_id: int, seen: int, note: str = "") -> int:
    """Put the draft in force for new cases; returns its number. Raises `Refused` naming what is wrong, `Stale`."""
    with _changing(definition_id, seen, "can_publish") as (current, definition):
        if definition.draft is None:
            raise Refused(_("There is no draft to publish"))
        return put_in_force(current, definition, read_kept(definition.draft), note)


def put_in_force(current: Session, definition: Definition, document: Document, note: str) -> int:
    """Make a document the version in force, in the running transaction. Raises `Refused` naming what is wrong."""
    wrong = [finding for finding in findings(definition, document, current) if finding.stops]
    if wrong:
        first = told(wrong[0])
        raise Refused(
            _("It cannot be published yet (%(count)s things to mend): %(first)s", count=len(wrong), first=first)
        )
    newest = select(func.max(DefinitionVersion.number)).where(DefinitionVersion.definition_id == definition.id)
    number = int(current.scalar(newest.execution_options(**{UNSCOPED: True})) or 0) + 1
    made = DefinitionVersion(
        definition_id=definition.id, number=number, document=_written(document), note=note.strip()[:300],
        published_by=require_actor().name,
    )  # fmt: skip
    current.add(made)
    before, definition.published, definition.draft = definition.published, number, None
    _note(current, "publish", definition, {"version": [before, number]})
    return number


def draft_from(definition_id: int, number: int, seen: int) -> None:
    """Begin a draft from an earlier version; a draft there was is replaced. Raises `Refused`, `Stale`."""
    document = version_of(definition_id, number)
    with _changing(definition_id, seen) as (_current, definition):
        definition.draft = _written(document)


def set_active(definition_id: int, active: bool, seen: int) -> None:
    """Let new cases begin or not; running ones go on either way. Raises `Refused`, `Stale`."""
    with _changing(definition_id, seen, "can_publish") as (current, definition):
        before, definition.active = definition.active, active
        _note(current, "update", definition, {"active": [before, active]})


def delete(definition_id: int, seen: int) -> None:
    """Remove a flow nothing was ever published of. Raises `Refused`, `Stale`."""
    with _changing(definition_id, seen) as (current, definition):
        if definition.published:
            raise Refused(_("A flow that was published stays for its cases; retire it instead"))
        _note(current, "delete", definition, {"name": [definition.name, ""]})
        current.delete(definition)


def read_kept(text: str) -> Document:
    """A document that was kept. Raises `Refused` for one this version of the product does not understand."""
    try:
        return read_document(json.loads(text))
    except (BadDocument, ValueError) as bad:
        raise Refused(_("This flow cannot be read (%(where)s)", where=str(bad)[:100])) from bad


@contextmanager
def _changing(definition_id: int, seen: int, permission: str = "can_edit") -> Iterator[tuple[Session, Definition]]:
    """A flow, to be changed by who saw version `seen`; committed at the end."""
    _may(permission)
    try:
        with transaction() as current:
            statement = select(Definition).where(Definition.id == definition_id).with_for_update()
            definition = current.scalar(statement.execution_options(**{UNSCOPED: True, "populate_existing": True}))
            if definition is None:
                raise Refused(_("There is no such flow"))
            if definition.version != seen:
                raise Stale(_("Somebody else has changed this flow meanwhile"))
            yield current, definition
            current.flush()
    except StaleDataError as clash:
        raise Stale(_("Somebody else has changed this flow meanwhile")) from clash


def _may(permission: str) -> None:
    if not require_actor().can(permission, VIEW):
        raise Refused(_("You may not change approval flows"))


def _check_names(name: str, name_en: str) -> None:
    if not name.strip():
        raise Refused(_("Give the flow a name"), field="name")
    for field, text in (("name", name), ("name_en", name_en)):
        if len(text.strip()) > 100 or "\x00" in text:
            raise Refused(_("Give a text of at most %(count)s characters", count=100), field=field)


def _free_code(entity: str) -> str:
    stem = re.sub(r"[^a-z0-9_]", "_", entity.lower())[:40] or "flow"
    held = select(Definition.code).where(Definition.code.startswith(stem, autoescape=True))
    taken = set(session.scalars(held.execution_options(**{UNSCOPED: True})))
    return next(code for number in range(1, len(taken) + 2) if (code := f"{stem}_{number}") not in taken)


def _note(current: Session, action: str, definition: Definition, changes: dict[str, list[object]]) -> None:
    act = Act(action, "approval_definition", str(definition.id), definition.name, changes)
    record_acts(current, [act])


def _written(document: Document) -> str:
    return json.dumps(write_document(document), ensure_ascii=False)


__all__ = [
    "EMPTY", "VIEW", "Listed", "Stale", "create", "definition_of", "definitions", "delete", "discard_draft",
    "draft_from", "findings", "publish", "put_in_force", "read_kept", "rename", "save_draft", "set_active",
    "version_of", "versions_of", "working",
]  # fmt: skip
