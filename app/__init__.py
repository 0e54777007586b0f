"""Qiao: one site's app, built in a short list of named steps."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask

from app.base.admin import build_admin
from app.base.assembly import add_module_files, new_flask, register_entities, register_views
from app.base.errors import add_errors
from app.base.language import add_translations
from app.base.protection import guard, protect
from app.base.shell import add_shell
from app.db import db
from app.fields.custom.describing import extend_entities
from app.fields.entities.describing import add_entities
from app.fields.layouts.describing import extend_layouts
from app.host.boot import load_modules
from app.host.context import context
from app.host.sites import Site

__all__ = ["create_app"]


def create_app(site: Site, *, only: set[str] | None = None, aside: Mapping[str, str] | None = None) -> Flask:
    """Build one site's app. `only` replaces the site's enabled modules (commands, tests).

    Reads the site's database, never writes it: tables come from `qiao migrate`, permissions from `qiao sync`.
    A module that fails is quarantined and the rest runs; `aside` names those known to fail, with the reason.
    """
    app = new_flask(site)
    db.init_app(app)
    load_modules(app, only=only, aside=aside)
    loaded = dict(context(app).hooks.quarantined)
    add_module_files(app)
    add_translations(app)
    protect(app)
    build_admin(app)
    guard(app)
    add_shell(app)
    add_errors(app)
    add_entities(app)
    extend_entities(app)
    extend_layouts(app)
    register_entities(app)
    register_views(app)
    failed = context(app).hooks.quarantined
    # A screen that cannot be added leaves its neighbours behind: build again without its module.
    return app if failed == loaded else create_app(site, only=only, aside=failed)
