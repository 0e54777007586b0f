"""Short forms in dialogs: an act on one or many records that asks for a few values first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Response, request

from app.base.views.inputs import build_form
from app.base.views.replies import dialog
from app.base.views.saving import posted_values
from app.fields.records import check_levels, check_links
from app.fields.values import read_values
from app.types import Entity, Field, Refused, ScopedBy, Section, Text


def asking(slug: str, label: Text, fields: Sequence[Field]) -> Entity:
    """A description of what a dialog asks for; it has no table and no screens."""
    names = tuple(field.name for field in fields)
    return Entity(
        slug=slug,
        model=object,
        label=label,
        fields=tuple(fields),
        scoped_by=ScopedBy(public=True),
        sections=(Section("", names),),
    )


def read_dialog(asked: Entity) -> dict[str, Any]:
    """What was typed into the dialog, as typed values. Raises `Refused` by field, also for a link out of reach."""
    typed = {name: text for name, text in posted_values(request.form).items() if asked.field(name) is not None}
    check_levels(asked, typed)
    values = read_values(asked, typed, creating=True)
    check_links(asked, values)
    return values


def form_dialog(
    asked: Entity,
    values: Mapping[str, str],
    *,
    address: str,
    heading: Text,
    submit: Text,
    pick_url: Callable[[str], str],
    note: Text = "",
    ids: Sequence[int] = (),
    next_url: str = "",
    hidden: Mapping[str, str] | None = None,
    warnings: Sequence[Text] = (),
    refused: Refused | None = None,
) -> Response:
    """The dialog with these texts in it; with `refused` it says what is wrong (422) and keeps what was typed.

    `warnings` are what the person is to know before they go on.
    """
    errors = refused.errors if refused is not None else {}
    reason = str(refused.reason) if refused is not None and refused.reason and not errors else ""
    context: dict[str, Any] = {"ids": ",".join(map(str, ids))} if ids else {}
    return dialog(
        "entity/form_dialog.html",
        status=422 if refused is not None else 200,
        form=build_form(asked, values, errors=errors),
        reason=reason,
        address=address,
        heading=heading,
        submit=submit,
        pick_url=pick_url,
        note=note,
        next=next_url,
        hidden=dict(hidden or {}),
        warnings=warnings,
        **context,
    )
