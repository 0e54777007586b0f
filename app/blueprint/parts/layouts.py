"""Layouts of pages and lists: what is in force, never a draft."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.blueprint.parts.entities import served_slugs
from app.blueprint.parts.part import Part, is_new, mappings
from app.blueprint.rules import ADDED, CHANGED, REMOVED, Change, Leaf, Problem
from app.fields.layouts.rules import BadLayout, layout_data, read_layout
from app.fields.layouts.services import VIEW, bring_back, publish, save_draft, standing, standings, told
from app.host.context import context
from app.types import Refused, Text


class LayoutsPart(Part):
    """`{entity: layout}`, each as the layout screen keeps it. Without one the built-in pages come back.

    A draft somebody works on is neither written into a document nor lost when one is applied.
    """

    name = "layouts"
    label = _l("Layouts of pages and lists")
    icon = "adjustments"
    view = VIEW
    takes: ClassVar[Mapping[str, str]] = {ADDED: "can_publish", CHANGED: "can_publish", REMOVED: "can_publish"}

    def read(self) -> dict[str, Any]:
        served = served_slugs()
        shown = [slug for slug, state in sorted(standings().items()) if state.published and slug in served]
        held = {slug: standing(slug).published for slug in shown}
        return {slug: _plain(layout_data(layout)) for slug, layout in held.items() if layout}

    def check(self, wanted: Any, document: Mapping[str, Any]) -> Iterable[Problem]:
        layouts, wrong = mappings((self.name,), wanted)
        yield from wrong
        for path, layout in layouts:
            if path[1] not in context().entities and not is_new(path[1], document):
                yield Problem(path, _("This site has no such records"))
            try:
                read_layout(layout)
            except BadLayout as bad:
                yield Problem(path, told(bad))

    def apply(self, change: Change) -> None:
        slug = change.path[0]
        held = standing(slug)
        if change.kind == REMOVED:
            bring_back(slug, 0, held.version)
        else:
            try:
                layout = read_layout(change.after)
            except BadLayout as bad:
                raise Refused(told(bad)) from bad
            publish(slug, save_draft(slug, layout, held.version))
        if held.draft is not None:
            save_draft(slug, held.draft, standing(slug).version)

    def title(self, change: Change) -> Text:
        entity = context().entities.get(change.path[0])
        return str(entity.label) if entity else change.path[0]

    def said(self, change: Change, leaf: Leaf, value: Any) -> Text:
        if isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False)
        return super().said(change, leaf, value)

    def fate(self, change: Change) -> Text:
        return _("The built-in pages come back; every version that was published is kept")


def _plain(data: Any) -> Any:
    """As YAML reads it again: lists for tuples."""
    return json.loads(json.dumps(data))
