"""The settings of the system and of the modules that differ from their defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from flask import g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete

from app.access.audit import Act, record_acts
from app.blueprint.parts.part import Part, not_a_mapping, said
from app.blueprint.rules import ADDED, CHANGED, REMOVED, Change, Leaf, Problem
from app.db import session
from app.host.context import context
from app.host.models import HostSetting
from app.host.settings import change_settings, read_setting, setting
from app.host.views import owner_of, settings_of
from app.types import Kind, Refused, Setting, Text


class SettingsPart(Part):
    """`{name: value}`; a setting that is not in the document goes back to its default.

    Secrets are no settings: they live in the site's folder, so none can stand here.
    """

    name = "settings"
    label = _l("Settings of the system and the modules")
    icon = "settings"
    view = "ModuleView"
    takes: ClassVar[Mapping[str, str]] = {ADDED: "can_edit", CHANGED: "can_edit", REMOVED: "can_edit"}

    def read(self) -> dict[str, Any]:
        values = {name: (setting(name), declared.default) for name, declared in sorted(context().settings.items())}
        return {name: _plain(value) for name, (value, default) in values.items() if value != default}

    def check(self, wanted: Any, document: Mapping[str, Any]) -> Iterable[Problem]:
        if not isinstance(wanted, dict):
            yield not_a_mapping((self.name,))
            return
        for name, value in wanted.items():
            declared = context().settings.get(name)
            if declared is None:
                yield Problem((self.name, name), _("There is no setting of this name"))
            elif isinstance(value, dict | list) or value is None or not _fits(declared, value):
                yield Problem((self.name, name), _("This value does not fit the setting"))
            else:
                try:
                    read_setting(declared, _typed(value))
                except Refused as refused:
                    yield Problem((self.name, name), refused.reason)

    def apply(self, change: Change) -> None:
        name = change.path[0]
        if change.kind == REMOVED:
            before = _plain(setting(name))
            session.execute(delete(HostSetting).where(HostSetting.name == name))
            g.pop("host_settings", None)
            changed = {name: [before, _plain(context().settings[name].default)]}
        else:
            changed = change_settings({name: _typed(change.after)})
        if changed:
            slug = owner_of(name)
            record_acts(session(), [Act("change_settings", "module", slug, settings_of(slug), changed)])

    def title(self, change: Change) -> Text:
        declared = context().settings.get(change.path[0])
        return str(declared.label) if declared else change.path[0]

    def said(self, change: Change, leaf: Leaf, value: Any) -> Text:
        declared = context().settings.get(change.path[0])
        if declared is not None and (found := next((c for c in declared.choices if c.value == value), None)):
            return str(found.label)
        return said(value)

    def fate(self, change: Change) -> Text:
        declared = context().settings.get(change.path[0])
        return _("Back to its default: %(value)s", value=said(_plain(declared.default))) if declared else ""


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def _fits(declared: Setting, value: Any) -> bool:
    if declared.kind is Kind.BOOLEAN:
        return isinstance(value, bool)
    if declared.kind is Kind.INTEGER:
        return type(value) is int
    return isinstance(value, str)


def _typed(value: Any) -> str:
    return ("1" if value else "") if isinstance(value, bool) else str(value)
