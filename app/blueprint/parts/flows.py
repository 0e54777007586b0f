"""Approval flows: the version in force of each, never a draft or a case."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.access.scope import UNSCOPED
from app.approvals.checking.messages import told_shape
from app.approvals.models import Case, Definition, DefinitionVersion
from app.approvals.rules.document import Document
from app.approvals.rules.writing import BadDocument, read_document, write_document
from app.approvals.services import definitions as flows
from app.approvals.views.designing import differences
from app.base.language import language
from app.blueprint.parts.part import Impact, Part, is_new, mappings
from app.blueprint.parts.part import said as said_plain
from app.blueprint.rules import ADDED, CHANGED, REMOVED, Change, Leaf, Path, Problem
from app.db import session
from app.fields.bulk import among
from app.host.context import context
from app.organisation.models import Employee
from app.types import Kind, Refused, Text

PROPERTIES = {"name": _l("Name"), "name_en": _l("Name in English"), "entity": _l("Kind of record"), "flow": _l("Flow")}


class FlowsPart(Part):
    """`{code: {name, name_en, entity, flow}}` of the flows new cases may begin with; `flow` is their document as the
    designer keeps it, with employees by their codes.

    One that is not in the document is retired: its running cases go on. Flows that set a field to one certain record
    are left alone: that record is another one elsewhere.
    """

    name = "flows"
    label = _l("Approval flows")
    icon = "route"
    view = flows.VIEW
    takes: ClassVar[Mapping[str, str]] = {ADDED: "can_publish", CHANGED: "can_publish", REMOVED: "can_publish"}

    def read(self) -> dict[str, Any]:
        held = {}
        for definition, text in _in_force():
            document = json.loads(text)
            if definition.entity in context().entities and not _names_records(definition.entity, document):
                held[definition] = document
        codes = _codes(number for document in held.values() for number in _people(document))
        return {
            definition.code: _content(definition, _renamed(document, codes.__getitem__))
            for definition, document in held.items()
            if all(number in codes for number in _people(document))
        }

    def items(self, data: Any) -> dict[Path, Any]:
        """A flow's document is compared as a whole: what differs in it is told in sentences (`impact`)."""
        return {(code,): {**content, "flow": _same(content["flow"])} for code, content in data.items()}

    def check(self, wanted: Any, document: Mapping[str, Any]) -> Iterable[Problem]:
        contents, wrong = mappings((self.name,), wanted)
        yield from wrong
        for path, content in contents:
            yield from _wrong_texts(path, content)
            slug = content.get("entity")
            if isinstance(slug, str) and slug not in context().entities and not is_new(slug, document):
                yield Problem((*path, "entity"), _("This site has no such records"))
            yield from _wrong_flow((*path, "flow"), content.get("flow"), str(slug))

    def apply(self, change: Change) -> None:
        code = change.path[0]
        wanted = select(Definition).where(Definition.code == code)
        held = session.scalar(wanted.execution_options(**{UNSCOPED: True, "populate_existing": True}))
        if change.kind == REMOVED:
            if held is not None:
                flows.set_active(held.id, False, held.version)
            return
        name, name_en, entity = (str(change.after.get(key) or "") for key in ("name", "name_en", "entity"))
        raw = json.loads(change.after["flow"])
        if _names_records(entity, raw):  # of a field the same document has made
            raise Refused(_another_record(), field="flow")
        document = _document(raw)
        if held is None:
            held = flows.create(name, name_en, entity, code, document)
            flows.publish(held.id, held.version)
            return
        if held.entity != entity:
            raise Refused(_("A flow stays with its kind of record"), field="entity")
        if (held.name, held.name_en) != (name.strip(), name_en.strip()):
            flows.rename(held.id, name, name_en, held.version)
        _publish(held, document)
        if not held.active:
            flows.set_active(held.id, True, held.version)

    def impact(self, changes: Sequence[Change]) -> dict[Path, tuple[Impact, ...]]:
        counted = (
            select(Definition.code, func.count().label("running"))
            .join(Case, Case.definition_id == Definition.id)
            .where(Case.status.in_(flows.OPEN), Definition.code.in_([change.path[0] for change in changes]))
            .group_by(Definition.code)
        )
        running = {row.code: row.running for row in session.execute(counted.execution_options(**{UNSCOPED: True}))}
        text = _("running cases, which go on with the version they began with")
        found = {change.path: [Impact(said) for said in _changed(change)] for change in changes}
        for change in changes:
            if number := running.get(change.path[0]):
                found[change.path].append(Impact(text, number, warns=change.kind == REMOVED))
        return {path: tuple(impacts) for path, impacts in found.items()}

    def title(self, change: Change) -> Text:
        content = change.after or change.before
        if not isinstance(content, dict):
            return change.path[0]
        return str((language() != "zh" and content.get("name_en")) or content.get("name") or change.path[0])

    def property(self, change: Change, leaf: Leaf) -> Text:
        return str(PROPERTIES.get(leaf.path[0], leaf.path[0])) if leaf.path else ""

    def said(self, change: Change, leaf: Leaf, value: Any) -> Text:
        if leaf.path != ("flow",) or not isinstance(value, str):
            return said_plain(value)
        return _steps(json.loads(value))

    def fate(self, change: Change) -> Text:
        return _("It is retired: running cases go on, no new ones begin")


def _changed(change: Change) -> list[str]:
    """What is different in the document of a flow, in sentences; employees are the same where their codes are."""
    if change.kind != CHANGED or change.before["flow"] == change.after["flow"]:
        return []
    before, after = json.loads(change.before["flow"]), json.loads(change.after["flow"])
    people = list(dict.fromkeys([*_people(before), *_people(after)]))
    old, new = (read_document(_renamed(raw, lambda code: people.index(code) + 1)) for raw in (before, after))
    return differences(old, new)


def _publish(held: Definition, document: Document) -> None:
    """Put the document in force where another one is; a draft somebody works on stays theirs."""
    if held.published and flows.version_of(held.id, held.published) == document:
        return
    draft = held.draft
    flows.save_draft(held.id, document, held.version)
    flows.publish(held.id, held.version)
    if draft is not None:
        flows.save_draft(held.id, flows.read_kept(draft), held.version)


def _in_force() -> Iterable[tuple[Definition, str]]:
    statement = (
        select(Definition, DefinitionVersion.document)
        .join(DefinitionVersion, DefinitionVersion.definition_id == Definition.id)
        .where(Definition.active, DefinitionVersion.number == Definition.published)
        .order_by(Definition.code)
    )
    for row in session.execute(statement.execution_options(**{UNSCOPED: True})):
        yield row[0], row.document


def _content(definition: Definition, document: Any) -> dict[str, Any]:
    told = {"name": definition.name, "name_en": definition.name_en, "entity": definition.entity, "flow": document}
    return {name: value for name, value in told.items() if value != ""}


def _codes(numbers: Iterable[int]) -> dict[int, str]:
    """{employee: code} of those there are, also of who has left."""
    wanted = select(Employee.id, Employee.code).where(among(session(), Employee.id, set(numbers)))
    return {row.id: row.code for row in session.execute(wanted.execution_options(**{UNSCOPED: True}))}


def _numbers(codes: Iterable[str]) -> dict[str, int]:
    able = {code for code in codes if "\x00" not in code}
    if not able:
        return {}
    wanted = select(Employee.id, Employee.code).where(among(session(), Employee.code, able))
    return {row.code: row.id for row in session.execute(wanted.execution_options(**{UNSCOPED: True}))}


def _steps_in(raw: Any) -> Iterable[dict[str, Any]]:
    """Every step of a document as JSON, whatever else may be wrong with it."""
    for step in _dicts(raw.get("steps") if isinstance(raw, dict) else None):
        yield step
        for branch in _dicts(step.get("branches")):
            yield from _steps_in(branch)


def _dicts(raw: Any) -> list[dict[str, Any]]:
    return [each for each in raw if isinstance(each, dict)] if isinstance(raw, list) else []


def _rules_in(raw: Any) -> Iterable[dict[str, Any]]:
    """The rules that name employees."""
    for step in _steps_in(raw):
        yield from (rule for rule in _dicts(step.get("assignees")) if isinstance(rule.get("employees"), list))


def _people(raw: Any) -> list[Any]:
    return [person for rule in _rules_in(raw) for person in rule["employees"]]


def _renamed(raw: Any, name: Callable[[Any], Any]) -> Any:
    """The same document with its employees called otherwise."""
    made = json.loads(json.dumps(raw))
    for rule in _rules_in(made):
        rule["employees"] = [name(person) for person in rule["employees"]]
    return made


def _same(raw: Any) -> str:
    """The text of a document as it is compared: nothing that goes without saying, keys in one order."""
    people = list(dict.fromkeys(_people(raw)))
    read = read_document(_renamed(raw, lambda code: people.index(code) + 1))
    plain = _renamed(write_document(read), lambda number: people[number - 1])
    return json.dumps(plain, ensure_ascii=False, sort_keys=True)


def _document(raw: Any) -> Document:
    """The document with the employees of this site. Raises `Refused`."""
    numbers = _numbers(_people(raw))
    if lost := [code for code in _people(raw) if code not in numbers]:
        raise Refused(_no_employee(lost[0]), field="flow")
    return read_document(_renamed(raw, numbers.__getitem__))


def _no_employee(code: str) -> str:
    return _("This site has no employee of the code %(code)s", code=code)


def _another_record() -> str:
    return _("It sets a field to one certain record, which is another one elsewhere")


def _wrong_texts(path: Path, content: Mapping[str, Any]) -> Iterable[Problem]:
    if not flows.CODE.fullmatch(path[1]):
        yield Problem(path, _("A code has 2 to 59 small letters, digits and underlines, a letter first"))
    for name in content:
        if name not in PROPERTIES:
            yield Problem((*path, name), _("This is not known; there are: %(names)s", names=", ".join(PROPERTIES)))
    for name in ("name", "name_en", "entity"):
        value = content.get(name)
        if value is not None and not isinstance(value, str):
            yield Problem((*path, name), _("A text is expected here"))
        elif name != "name_en" and not (value or "").strip():
            yield Problem((*path, name), _("This must be filled in"))


def _wrong_flow(path: Path, raw: Any, slug: str) -> Iterable[Problem]:
    codes = _people(raw)
    if wrong := [code for code in codes if not isinstance(code, str)]:
        yield Problem(path, _("Employees are named by their codes, as texts, not by %(value)s", value=str(wrong[0])))
        return
    try:
        _same(raw)
    except BadDocument as bad:
        yield Problem((*path, *bad.path.split(".")) if bad.path else path, told_shape(bad))
        return
    known = _numbers(codes)
    yield from (Problem(path, _no_employee(code)) for code in dict.fromkeys(codes) if code not in known)
    if _names_records(slug, raw):
        yield Problem(path, _another_record())


def _names_records(slug: str, raw: Mapping[str, Any]) -> bool:
    """Whether a flow sets a field that links to a record, by its number."""
    entity = context().entities.get(slug)
    links = {field.name for field in entity.fields if field.kind is Kind.LINK} if entity is not None else set()
    ends = raw.get("ends") or {}
    made = [*(step.get("values") or {} for step in _steps_in(raw)), *(end.get("values") or {} for end in ends.values())]
    return any(name in links and value is not None for values in made for name, value in values.items())


def _steps(raw: Any) -> str:
    """What stands for a document in a difference: the names of its steps."""
    names = [str(step.get("name") or step.get("id") or "") for step in _steps_in(raw)]
    return " · ".join(names) if names else "–"


__all__ = ["FlowsPart"]
