"""Which modules are on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.access.audit import Act, record_acts
from app.base.language import language
from app.base.permissions import synchronise_in
from app.blueprint.parts.part import Impact, Part
from app.blueprint.rules import ADDED, CHANGED, REMOVED, Change, Path, Problem
from app.db import session
from app.host.context import context
from app.host.discovery import boot_order
from app.host.migrations import line_of, upgrade
from app.host.models import HostModule
from app.host.modules import enabled_slugs, installed_modules, is_allowed
from app.types import Refused, Text


class ModulesPart(Part):
    """The slugs of the modules that are on. One that is not in the document is switched off and keeps its data."""

    name = "modules"
    label = _l("Modules")
    icon = "puzzle"
    view = "ModuleView"
    takes: ClassVar[Mapping[str, str]] = {ADDED: "can_edit", CHANGED: "can_edit", REMOVED: "can_edit"}

    def read(self) -> list[str]:
        return sorted(enabled_slugs())

    def items(self, data: Any) -> dict[Path, Any]:
        return {(str(slug),): True for slug in data}

    def check(self, wanted: Any, document: Mapping[str, Any]) -> Iterable[Problem]:
        if not isinstance(wanted, list):
            yield Problem((self.name,), _("A list is expected here"))
            return
        found = installed_modules()
        fit = {slug for slug in wanted if isinstance(slug, str)}
        _order, problems = boot_order(found, fit)
        for number, slug in enumerate(wanted):
            path = (self.name, str(number))
            if not isinstance(slug, str) or slug not in found:
                yield Problem(path, _("There is no module %(module)s in this installation", module=slug))
            elif wanted.index(slug) < number:
                yield Problem(path, _("“%(name)s” stands twice", name=slug))
            elif not is_allowed(slug):
                yield Problem(path, _("This installation does not allow the module %(module)s", module=slug))
            elif slug in problems:
                text = _("%(module)s cannot be used: %(problem)s", module=slug, problem=problems[slug])
                yield Problem(path, text)

    def impact(self, changes: Sequence[Change]) -> dict[Path, tuple[Impact, ...]]:
        text = _("Its screens go, its data and permissions stay")
        return {change.path: (Impact(text, warns=True),) for change in changes if change.kind == REMOVED}

    def apply(self, change: Change) -> None:
        """The running app holds the wanted modules already: tables, permissions and the switch follow."""
        slug = change.path[0]
        current = session()
        row = current.get(HostModule, slug)
        if change.kind == REMOVED:
            if row is not None:
                row.enabled, row.problem = False, ""
            record_acts(current, [Act("disable_module", "module", slug, slug)])
            return
        found = installed_modules()[slug]
        if problem := context().hooks.quarantined.get(slug):
            raise Refused(_("%(module)s cannot be loaded: %(problem)s", module=slug, problem=problem))
        upgrade(current.connection(), line_of(found))
        version = found.manifest.version if found.manifest else ""
        current.merge(HostModule(slug=slug, version=version, enabled=True, problem=""))
        record_acts(current, [Act("enable_module", "module", slug, slug)])

    def applied(self) -> None:
        session.flush()
        synchronise_in(session())

    def title(self, change: Change) -> Text:
        found = context().installed.get(change.path[0])
        return found.manifest.label(language()) if found and found.manifest else change.path[0]

    def fate(self, change: Change) -> Text:
        return _("Switched off; its data stays")
