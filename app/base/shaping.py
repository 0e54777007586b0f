"""The screens of custom fields, and what follows when one is saved: its index is built in the background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import flash
from flask_babel import gettext as _

from app.base.converting import ConversionScreen
from app.base.formulas import FUNCTIONS, vocabularies
from app.base.views.entity import EntityView
from app.base.views.screen import Figure
from app.db import now, transaction
from app.fields.custom.derived import PEOPLE
from app.fields.custom.indexing import is_built, is_held, is_shared, usefulness
from app.fields.custom.models import CustomField
from app.fields.custom.recomputing import FORMULA_JOB
from app.fields.custom.schemas import CUSTOM_FIELD
from app.fields.custom.services import add_field, change_field, remove_field
from app.fields.hooks import INDEX_JOB, NUMBER_JOB, TERMS_JOB
from app.host.context import context
from app.jobs.services import enqueue
from app.types import SYSTEM, Entity, Verbs

#: By then every process has noticed a new formula, and what began before it is over.
NOTICED = timedelta(seconds=3)


def _add(values: dict[str, Any]) -> CustomField:
    with transaction():
        row = add_field(values)
        _follow_up(row)
        return row


def _change(row: CustomField, values: dict[str, Any]) -> None:
    with transaction():
        change_field(row, values)
        _follow_up(row)


def _remove(row: CustomField) -> None:
    with transaction():
        remove_field(row)
        _follow_up(row)


def _follow_up(row: CustomField) -> None:
    """What the background does after a field was saved."""
    enqueue(INDEX_JOB, actor=SYSTEM, unique_key=INDEX_JOB)
    enqueue(TERMS_JOB, actor=SYSTEM, unique_key=TERMS_JOB)
    if row.number_old:
        enqueue(NUMBER_JOB, actor=SYSTEM, unique_key=NUMBER_JOB)
    if row.source != PEOPLE and row.active:
        enqueue(FORMULA_JOB, {"entity": row.entity}, actor=SYSTEM, run_after=now() + NOTICED)


def custom_field_entity() -> Entity:
    """The entity of custom fields with its acts."""
    return replace(CUSTOM_FIELD, verbs=Verbs(create=_add, update=_change, delete=_remove))


def _uniqueness(entity: Entity, record: CustomField) -> Figure:
    """Whether the database itself keeps the values unique, or what stands against it."""
    label = _("Kept unique by the database")
    if is_held(str(entity.model.__table__.name), record.key):
        return Figure(label, _("In service"), tone="success")
    if is_shared(entity, record):
        told = _("Each save looks for the value until then. Change one of the records; it is tried again every night.")
        return Figure(label, _("Several records share a value already"), title=told, tone="danger")
    return Figure(label, _("Being built"), tone="warning")


class CustomFieldView(ConversionScreen, EntityView):
    """List, page and form of custom fields."""

    entity = CUSTOM_FIELD
    form_template = "shaping/form.html"

    def render(self, template: str, **values: Any) -> str:
        """The form comes with the words formulas are written with."""
        if template == self.form_template:
            values |= {"functions": FUNCTIONS, "vocabularies": list(vocabularies())}
        return super().render(template, **values)

    def _say_saved(self, text: str, record_id: int) -> None:
        super()._say_saved(text, record_id)
        flash(_("It is there for everybody within a second or two, without a restart."), "info")

    def figures(self, record: Any) -> Sequence[Figure]:
        """How far the field is filled in, how many values it has, and how its index stands."""
        entity = context().entities.get(record.entity)
        if entity is None:
            return ()
        found = usefulness(entity, record)
        newest = _("Of the newest %(count)s records", count=f"{found.looked_at:,}")
        figures = [
            Figure(_("Filled in"), f"{found.filled / max(found.looked_at, 1):.0%}", title=newest),
            Figure(_("Different values"), f"{found.different:,}", title=newest),
        ]
        if found.filled:
            keeps = _("A filter by one value keeps about this part: the smaller, the more an index helps")
            figures.append(Figure(_("One value keeps"), f"{found.share:.1%}", title=keeps))
        if record.active and (record.indexed or record.sole):
            ready = is_built(str(entity.model.__table__.name), record.key)
            state = _("In service") if ready else _("Being built")
            figures.append(Figure(_("Index"), state, tone="success" if ready else "warning"))
        if record.active and record.sole:
            figures.append(_uniqueness(entity, record))
        return tuple(figures)
