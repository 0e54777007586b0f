"""The inputs of a form, made from the description of the entity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as part
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from app.access.actors import require_actor
from app.access.policy import seen_by, whole, writable
from app.base.views.cells import Cell, cell, unit_of, zone
from app.base.views.formats import moment_text
from app.base.views.titles import Titles, read_titles
from app.db import now
from app.fields.dependents import offered
from app.fields.files import input_files
from app.fields.gate import lock_of, under_lock
from app.fields.regions import path_of
from app.fields.rules import BadValue
from app.fields.several import INPUT
from app.fields.values import read_value
from app.types import Entity, Field, Kind, Level, Lock, Section

_MODES = {
    Kind.INTEGER: "numeric",
    Kind.DECIMAL: "decimal",
    Kind.MONEY: "decimal",
    Kind.PERCENT: "decimal",
    Kind.PHONE: "tel",
    Kind.EMAIL: "email",
    Kind.BANK_CARD: "numeric",
}


@dataclass(frozen=True, slots=True)
class Input:
    """One input: the text in it, what is wrong with it, whether it is shown now."""

    field: Field
    text: str
    error: str = ""
    picked: str = ""
    unit: str = ""
    mode: str = "text"
    visible: bool = True
    #: Whether the record, as it is typed so far, must have it.
    needed: bool = False
    #: The choices offered now, where they depend on another choice.
    fitting: frozenset[str] | None = None
    #: Shown but not typed: set by the system, or only when the record is created.
    shown: Cell | None = None

    @property
    def name(self) -> str:
        return self.field.name


@dataclass(frozen=True, slots=True)
class Group:
    """A section of a form."""

    label: str
    inputs: tuple[Input, ...]
    visible: bool = True
    number: int = 0
    columns: int = 2
    collapsed: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """A whole form: its sections, its errors, the fields others depend on."""

    groups: tuple[Group, ...]
    errors: Mapping[str, str] = part(default_factory=dict)
    reason: str = ""
    watched: tuple[str, ...] = ()
    #: Values of watched fields that are not typed in this form.
    fixed: Mapping[str, str] = part(default_factory=dict)
    #: Why some of its fields, or all, are only shown at the moment.
    lock: Lock | None = None

    @property
    def inputs(self) -> Iterator[Input]:
        for group in self.groups:
            yield from group.inputs

    @property
    def arranged(self) -> set[str]:
        """Names of all its fields."""
        return {one.name for one in self.inputs}

    @property
    def typed(self) -> set[str]:
        """Names of the fields that can be typed here."""
        return {one.name for one in self.inputs if one.shown is None}


def input_text(field: Field, value: Any, clock: tzinfo) -> str:
    """A value as it stands in an input: the form that reading it gives back."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment_text(value, clock)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:,f}" if field.kind is Kind.MONEY else f"{value:f}"
    if field.kind is Kind.FILES:
        return input_files(value)
    if isinstance(value, list | tuple):
        return INPUT.join(map(str, value))
    return str(value).replace("\r\n", "\n")


def sections_of(entity: Entity) -> tuple[Section, ...]:
    """The sections of the form and the page; an entity that names none has one with all its fields."""
    return entity.sections or (Section(entity.label, tuple(field.name for field in entity.fields)),)


def first_values(entity: Entity) -> dict[str, str]:
    """What a new record starts with: defaults, and owner, unit and time filled in by themselves."""
    actor, clock = require_actor(), zone()
    found: dict[str, str] = {}
    for field in entity.fields:
        if field.computed or not writable(entity, field.name, actor):
            continue
        value = field.default() if callable(field.default) else field.default
        if value is None and field.name == entity.scoped_by.owner:
            value = actor.employee_id
        elif value is None and field.name == entity.scoped_by.unit:
            value = actor.unit_id
        elif value is None and field.kind is Kind.DATETIME and field.required:
            value = now()
        if value is not None:
            found[field.name] = input_text(field, value, clock)
    return found


def record_values(entity: Entity, record: Any) -> dict[str, str]:
    """What a record holds, as it stands in the inputs; `build_form` shows of it what the actor may read."""
    clock = zone()
    return {
        field.name: input_text(field, getattr(record, field.name, None), clock) for field in entity.fields
    }


def build_form(
    entity: Entity,
    values: Mapping[str, str],
    *,
    record: Any = None,
    errors: Mapping[str, Any] | None = None,
    reason: str = "",
) -> Form:
    """The form of a record (or of a new one) with these texts in it, in one statement (names of links).

    What the actor may not write is shown, not typed; what is hidden from them is not there. Which fields belong to
    the record follows from all its values, so `values` may hold those, too: they do not come into the form.
    """
    full, entity = whole(entity), seen_by(entity, require_actor())
    lock = lock_of(entity, record) if record is not None else None
    entity = under_lock(entity, lock)
    wrong = {name: str(text) for name, text in (errors or {}).items()}
    titles = read_titles(_links(entity, values))
    watched: set[str] = set()
    seen = Watcher(leniently(full, values), watched)
    groups = []
    for number, section in enumerate(sections_of(entity)):
        inputs = tuple(
            _input(entity, field, values, seen, titles, record, wrong.get(name, ""))
            for name in section.fields
            if (field := entity.field(name)) is not None and (record is not None or is_typed(field, record))
        )
        if inputs:
            visible = section.visible_when is None or bool(section.visible_when(seen))
            folded = section.collapsed and not any(one.error for one in inputs)
            groups.append(Group(str(section.label), inputs, visible, number, section.columns, folded))
    made = Form(tuple(groups), wrong, reason, lock=lock)
    read = {field.name for field in entity.fields if field.level >= Level.READ}
    fixed = {name: values.get(name, "") for name in (watched - made.typed) & read}
    return replace(made, watched=tuple(sorted(watched)), fixed=fixed)


def fitting(entity: Entity, field: Field, values: Mapping[str, Any]) -> frozenset[str] | None:
    """The choices a field offers beside these values; all where the actor may not read what it depends on."""
    above = entity.field(field.depends_on) if field.depends_on else None
    return offered(field, values.get(above.name)) if above is not None and above.level >= Level.READ else None


def visibility(entity: Entity, values: Mapping[str, str]) -> dict[str, Any]:
    """Numbers of the sections and names of the fields that belong to a record with these texts; which of those must be
    filled in, and which choices are offered where they depend on another."""
    read = leniently(whole(entity), values)
    sections = [
        n for n, s in enumerate(sections_of(entity)) if s.visible_when is None or s.visible_when(read)
    ]
    fields = [f.name for f in entity.fields if f.visible_when is None or f.visible_when(read)]
    required = [f.name for f in entity.fields if f.required_when is not None and f.required_when(read)]
    choices = {f.name: sorted(few) for f in entity.fields if (few := fitting(entity, f, read)) is not None}
    return {"sections": sections, "fields": fields, "required": required, "choices": choices}


def is_shown(entity: Entity, name: str, values: Mapping[str, str]) -> bool:
    """Whether the form of a record with these values has the field."""
    shown = visibility(entity, values)
    inside = {n for number in shown["sections"] for n in sections_of(entity)[number].fields}
    return name in shown["fields"] and name in inside


def leniently(entity: Entity, values: Mapping[str, str]) -> dict[str, Any]:
    """Typed values of what can be read so far; what cannot is left out."""
    clock = zone()
    read: dict[str, Any] = {}
    for name, text in values.items():
        field = entity.field(name)
        if field is None or not text:
            continue
        try:
            read[name] = read_value(field, text, zone=clock)
        except BadValue:
            continue
    return read


class Watcher(Mapping[str, Any]):
    """Values that note which of them a condition asks for: a change of those asks the server again."""

    def __init__(self, values: Mapping[str, Any], asked: set[str]):
        self._values, self._asked = values, asked

    def __getitem__(self, name: str) -> Any:
        self._asked.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def _links(entity: Entity, values: Mapping[str, str]) -> set[tuple[str, int]]:
    return {
        (field.target, int(text))
        for field in entity.fields
        if field.kind is Kind.LINK
        and field.target
        and (text := values.get(field.name, "")).isdecimal()
        and len(text) < 19
    }


def is_typed(field: Field, record: Any) -> bool:
    """Whether the field is an input in the form of the record (None: a new one)."""
    return not field.computed and field.level is Level.WRITE and not (field.create_only and record is not None)


def _input(
    entity: Entity,
    field: Field,
    values: Mapping[str, str],
    seen: Watcher,
    titles: Titles,
    record: Any,
    error: str,
) -> Input:
    text = values.get(field.name, "") if field.level >= Level.READ else ""
    typed = is_typed(field, record)
    picked = ""
    if field.kind is Kind.LINK and text.isdecimal():
        picked = titles.get((field.target or "", int(text[:18])), "")
    elif field.kind is Kind.REGION and text:
        picked = path_of(text)
    return Input(
        field,
        text,
        error=error,
        picked=picked,
        unit=unit_of(field),
        mode=_MODES.get(field.kind, "text"),
        fitting=fitting(entity, field, seen),
        visible=field.visible_when is None or bool(field.visible_when(seen)),
        needed=field.required or (field.required_when is not None and bool(field.required_when(seen))),
        shown=None if typed else cell(field, getattr(record, field.name, None), titles, short=True),
    )
