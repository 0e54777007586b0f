"""A blueprint that waits for approval, as those who decide about it read it: every difference that was asked for."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.approvals.views.held import Group, Item, Row, Sheet, shows
from app.blueprint.approving import ACT, shown_changes
from app.blueprint.parts import BY_NAME, Part
from app.blueprint.rules import REMOVED, Change
from app.blueprint.services import find_document


def blueprint_sheet(case: Any) -> Sheet:
    """What the document of a case changes, part by part, whoever reads: they are asked about all of it."""
    row = find_document(int(case.payload["document"]))
    if row is None or not row.before:
        return Sheet(_("The document is not there any more"), ())
    groups = tuple(
        Group(BY_NAME[name].label, tuple(_item(BY_NAME[name], change) for change in changes), BY_NAME[name].icon)
        for name, changes in shown_changes(row).items()
        if changes
    )
    return Sheet(_("The site becomes what the document “%(name)s” says:", name=row.name), groups)


def _item(part: Part, change: Change) -> Item:
    rows = tuple(
        Row(
            part.property(change, leaf) or _("Value"),
            part.said(change, leaf, leaf.before) if change.kind != "added" and not (leaf.gone or leaf.come) else "",
            part.said(change, leaf, leaf.after) if not (leaf.gone or leaf.come) else "",
            tuple(part.said(change, leaf, each) for each in leaf.gone),
            tuple(part.said(change, leaf, each) for each in leaf.come),
        )
        for leaf in change.leaves
    )
    fate = part.fate(change) if change.kind == REMOVED else ""
    path = ".".join(change.path)
    title = part.title(change)
    return Item(title if str(title) == path else f"{title} · {path}", rows, change.kind, (fate,) if fate else ())


shows(ACT, blueprint_sheet)

__all__ = ["blueprint_sheet"]
