"""The record on its case's page: what the steps of the reader show of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask_babel import gettext as _

from app.access.actors import require_actor
from app.access.policy import seen_by
from app.approvals.rules.showing import hidden_by, levels_of
from app.approvals.services import CaseView
from app.approvals.services.asking import record_of
from app.approvals.views.figures import typed_figure, without
from app.base.views.cells import cell
from app.base.views.pages import Block, Shown, blocks_of
from app.base.views.shapes import shaped
from app.base.views.titles import links_of, read_titles
from app.fields.records import find_record
from app.host.context import context
from app.types import Entity, Kind, Section


def record_blocks(view: CaseView, me: int | None) -> list[Block]:
    """What is asked for, and the sections of the record as far as the reader may see them in this case.

    Whoever may open the record sees of it what they see there, but for what all their steps hide. Whoever may not
    sees what their steps name, as far as their roles show such fields at all.
    """
    described = context().entities.get(view.case.entity)
    if described is None:
        return []
    levels, seen = levels_of(_mappings(view, me)), seen_in(view, described, me)
    blocks = _asked_for(view, seen)
    if view.case.record_id is None:
        return blocks
    if view.sees_record:
        record = find_record(described, view.case.record_id)
        entity = shaped(seen, record) if record is not None else seen
    else:
        names = tuple(field.name for field in seen.fields if levels.get(field.name) in ("read", "write", "required"))
        record = record_of(described, view.case.record_id) if names else None
        entity = replace(seen, sections=(Section(described.label, names),))
    if record is None:
        return blocks
    shown = {name for section in entity.sections for name in section.fields}
    found = blocks_of(entity, record, read_titles(links_of(entity, [record], shown)))
    return [*blocks, *(block for block in found if block.fields)]


def seen_in(view: CaseView, described: Entity, me: int | None) -> Entity:
    """The entity as the reader's roles show it, but for what all their steps in this case hide."""
    return without(seen_by(described, require_actor()), hidden_by(_mappings(view, me)))


def _mappings(view: CaseView, me: int | None) -> list[Mapping[str, str]]:
    """What the steps the reader is or was asked at say of fields."""
    steps = {seat.step for seat in view.state.seats.values() if me in (seat.employee, seat.by)}
    steps |= {view.state.seats[number].step for number in view.acts}
    return [step.fields for step in view.document.walk() if step.id in steps]


def _asked_for(view: CaseView, seen: Entity) -> list[Block]:
    """The values of a change or a new record that wait for approval."""
    given: Any = (view.case.payload or {}).get("values")
    if not isinstance(given, dict) or view.case.asked not in ("create", "change"):
        return []
    fields = [field for name in given if (field := seen.field(name)) is not None]
    links = {
        (f.target, given[f.name]) for f in fields if f.kind is Kind.LINK and f.target and isinstance(given[f.name], int)
    }
    titles = read_titles(links)
    shown = tuple(
        Shown(field, cell(field, typed_figure(field, given[field.name]), titles, short=True)) for field in fields
    )
    label = _("What the record is to become") if view.case.asked == "change" else _("The new record")
    return [Block(label, shown)] if shown else []


__all__ = ["record_blocks", "seen_in"]
