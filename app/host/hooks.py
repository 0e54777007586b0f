"""What the host brings to every site: the modules screen."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

from app.hookspecs import hookimpl
from app.host.views import ModuleView
from app.types import MenuGroup, MenuItem


@hookimpl
def views() -> Sequence[type]:
    return (ModuleView,)


@hookimpl
def menu() -> Sequence[MenuGroup]:
    modules = MenuItem("modules", _l("Modules"), "ModuleView.list", "ModuleView", icon="puzzle", order=90)
    return (MenuGroup("system", _l("System"), "settings", (modules,), order=900),)
