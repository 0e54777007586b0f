"""The modules screen: what the installation has, what the site uses, and the settings of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _

from app.access.audit import Act, record_acts
from app.base.language import language
from app.base.page import PageView, expose, has_access
from app.db import transaction
from app.host.context import context
from app.host.manifest import KERNEL_VERSION
from app.host.modules import (
    disable_module,
    enable_module,
    list_modules,
    remove_module_data,
    upgrade_module,
)
from app.host.settings import change_settings, setting
from app.types import Kind, Refused

#: Settings of the kernel's own rooms are shown under this name.
KERNEL = "kernel"


class ModuleView(PageView):
    """Modules of this site (MOD-2), for whoever may configure it."""

    route_base = "/modules"
    default_view = "list"
    #: Every change asks for one permission.
    method_permission_name: ClassVar[dict[str, str]] = {
        "list": "list",
        "enable": "edit",
        "disable": "edit",
        "upgrade": "edit",
        "settings": "edit",
        "remove_data": "delete",
    }

    @expose("/")
    @has_access
    def list(self) -> Any:
        """Every module with its state and what can be done."""
        return self.render_template(
            "host/modules.html",
            states=list_modules(),
            kernel_version=KERNEL_VERSION,
            locale=language(),
            with_settings={owner_of(name) for name in context().settings},
            kernel=KERNEL,
        )

    @expose("/<slug>/enable", methods=["POST"])
    @has_access
    def enable(self, slug: str) -> Any:
        """Switch a module on."""
        return self._act(enable_module, slug, _("%(module)s is switched on", module=slug))

    @expose("/<slug>/disable", methods=["POST"])
    @has_access
    def disable(self, slug: str) -> Any:
        """Switch a module off; its data stays."""
        return self._act(disable_module, slug, _("%(module)s is switched off, its data stays", module=slug))

    @expose("/<slug>/upgrade", methods=["POST"])
    @has_access
    def upgrade(self, slug: str) -> Any:
        """Bring a module to the version installed."""
        return self._act(upgrade_module, slug, _("%(module)s is upgraded", module=slug))

    @expose("/<slug>/remove-data", methods=["POST"])
    @has_access
    def remove_data(self, slug: str) -> Any:
        """Drop a module's tables, its name typed."""
        typed = request.form.get("confirmation", "")
        done = _("The data of %(module)s is removed", module=slug)
        return self._act(lambda name: remove_module_data(name, typed), slug, done)

    @expose("/<slug>/settings", methods=["GET", "POST"])
    @has_access
    def settings(self, slug: str) -> Any:
        """The settings of one module, or of the kernel."""
        declared = [s for name, s in context().settings.items() if owner_of(name) == slug]
        if not declared:
            abort(404)
        errors: dict[str, Any] = {}
        shown = {s.name: setting(s.name) for s in declared}
        if request.method == "POST":
            typed = {s.name: request.form.get(s.name, "") for s in declared}
            try:
                save_settings(slug, typed)
            except Refused as refused:
                errors, shown = refused.errors, dict(typed)
            else:
                flash(_("The settings are saved"), "success")
                return redirect(url_for("ModuleView.settings", slug=slug))
        page = self.render_template(
            "host/settings.html",
            heading=settings_of(slug),
            declared=declared,
            shown=shown,
            errors=errors,
            kinds=Kind,
        )
        return page, (422 if errors else 200)

    def _act(self, verb: Callable[[str], Any], slug: str, done: str) -> Any:
        try:
            verb(slug)
        except Refused as refused:
            flash(str(refused), "danger")
        else:
            flash(done, "success")
        return redirect(url_for("ModuleView.list"))


def owner_of(name: str) -> str:
    """Whose page shows a setting: the module its name begins with, else the kernel's."""
    slug = name.partition(".")[0]
    return slug if slug in context().installed else KERNEL


def settings_of(slug: str) -> str:
    """The title of a page of settings: the system's, or those of a module by its name."""
    if slug == KERNEL:
        return _("System settings")
    manifest = context().installed[slug].manifest
    return _("Settings of %(module)s", module=manifest.label(language()) if manifest else slug)


def save_settings(slug: str, typed: dict[str, str]) -> dict[str, Any]:
    """Store typed settings with an entry in the audit log, in one transaction. Raises `Refused`."""
    with transaction() as current:
        changed = change_settings(typed)
        if changed:
            record_acts(current, [Act("change_settings", "module", slug, settings_of(slug), changed)])
    return changed
