"""What low code brings to every site: custom fields and custom entities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from flask_babel import lazy_gettext as _l

from app.access.role_templates import BUSINESS_ADMIN
from app.fields.custom.indexing import keep_indexes
from app.fields.custom.recomputing import FORMULA_JOB, NIGHTLY_JOB, Which, work_out, work_out_by_time
from app.fields.custom.renumbering import number_old_records
from app.fields.custom.schemas import CUSTOM_FIELD
from app.fields.custom.seeking import keep_terms
from app.fields.entities.handing import entity_holdings
from app.fields.entities.schemas import CUSTOM_ENTITY
from app.fields.layouts.services import VIEW as LAYOUTS
from app.hookspecs import hookimpl
from app.types import Holding, JobSpec, MenuGroup, MenuItem, RoleTemplate

#: The screens ask for it when a field is saved (app/base/shaping.py).
INDEX_JOB = "fields.indexes"
NUMBER_JOB = "fields.numbers"
TERMS_JOB = "fields.terms"


@hookimpl
def jobs() -> Sequence[JobSpec]:
    return (
        JobSpec(INDEX_JOB, _l("Indexes of custom fields"), lambda _run: keep_indexes(), timeout=timedelta(hours=6),
                schedule="20 2 * * *"),  # what records stood against may be mended by now
        JobSpec(FORMULA_JOB, _l("Results of formulas"), work_out, schema=Which, timeout=timedelta(hours=6)),
        JobSpec(NIGHTLY_JOB, _l("Results of formulas that change with the day"), work_out_by_time,
                schedule="5 0 * * *", timeout=timedelta(hours=6)),
        JobSpec(
            TERMS_JOB, _l("Custom fields in the search"), lambda run: keep_terms(run.progress),
            timeout=timedelta(hours=6),
        ),
        JobSpec(
            NUMBER_JOB, _l("Numbers for records made before their field"), lambda run: number_old_records(run.progress),
            timeout=timedelta(hours=6),
            schedule="40 2 * * *",  # those made by a process that did not know the field yet
        ),
    )


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    acts = ("can_list", "can_show", "can_add", "can_edit", "can_delete")
    views = (CUSTOM_FIELD.view_name, CUSTOM_ENTITY.view_name)
    permissions = {**dict.fromkeys(views, acts), LAYOUTS: ("can_edit", "can_publish")}
    return (replace(BUSINESS_ADMIN, permissions=permissions, scopes={}),)


@hookimpl
def menu() -> Sequence[MenuGroup]:
    view, made = CUSTOM_FIELD.view_name, CUSTOM_ENTITY.view_name
    items = (
        MenuItem("custom_fields", _l("Custom fields"), f"{view}.list", view, icon="forms", order=10),
        MenuItem("custom_entities", _l("Custom entities"), f"{made}.list", made, icon="database", order=20),
        MenuItem("layouts", _l("Layouts"), f"{LAYOUTS}.list", LAYOUTS, "can_edit", icon="layout-board", order=30),
    )
    return (MenuGroup("shaping", _l("Shape the system"), "adjustments", items, order=880),)


@hookimpl
def holdings(employee_id: int) -> Sequence[Holding]:
    return entity_holdings(employee_id)
