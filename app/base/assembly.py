"""The steps of `create_app` that make the Flask app and hang the modules' screens into it."""

from __future__ import annotations

import logging
from pathlib import Path

from flask import Blueprint, Flask
from jinja2 import FileSystemLoader

from app.access import audit, scope  # noqa: F401  (their session events must be in place)
from app.base.compiled import COMPILED
from app.base.rest.entity import EntityApi
from app.base.rest.json import Json
from app.base.rest.resource import Resource
from app.base.routing import LateRule
from app.base.views.generated import generated_api, generated_view
from app.db import db
from app.host.context import EXTENSION, Context, context
from app.host.discovery import discover
from app.host.sites import Site
from config import settings

log = logging.getLogger(__name__)

ROOMS_FOLDER = Path(__file__).resolve().parent.parent
#: The languages of every screen, the first being the product's first.
LANGUAGES = {"zh": {"flag": "cn", "name": "简体中文"}, "en": {"flag": "gb", "name": "English"}}


def new_flask(site: Site) -> Flask:
    """An empty Flask app configured for one site."""
    installation = settings()
    app = Flask(
        "app", static_folder="base/static", template_folder="base/templates", static_url_path="/static"
    )
    app.url_rule_class = LateRule
    app.json = Json(app)
    app.jinja_options = {"bytecode_cache": COMPILED}
    app.config.update(
        SECRET_KEY=site.secret,
        SQLALCHEMY_DATABASE_URI=site.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(site.database_url),
        APP_NAME=site.name,
        LANGUAGES=LANGUAGES,
        BABEL_DEFAULT_LOCALE=site.locale,
        BABEL_DEFAULT_TIMEZONE=site.timezone,
        FAB_CREATE_DB=False,
        FAB_UPDATE_PERMS=False,
        FAB_ADD_SECURITY_VIEWS=False,
        FAB_ADD_SECURITY_API=False,
        FAB_ADD_MENU_API=False,
        FAB_API_KEY_ENABLED=True,
        FAB_API_SWAGGER_UI=False,
        FAB_OPENAPI_SERVERS=[{"url": "/"}],
        AUTH_ROLE_ADMIN="Admin",
        AUTH_ROLE_PUBLIC="Public",
        MAX_CONTENT_LENGTH=installation.max_upload_bytes,
        UPLOAD_FOLDER=str(site.uploads),
        # the prefix lets the browser refuse one that another host of the domain has set
        SESSION_COOKIE_NAME=f"{'__Host-' if installation.production else ''}qiao_{site.slug}",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=installation.production,
        WTF_CSRF_TIME_LIMIT=None,
        JSON_AS_ASCII=False,
    )
    app.extensions[EXTENSION] = Context(
        site=site, installed=discover(installation.plugins, installation.modules)
    )
    return app


def _engine_options(url: str) -> dict[str, object]:
    shared: dict[str, object] = {"hide_parameters": True}  # what people typed has no place in a log
    if url.startswith("sqlite"):
        return {**shared, "connect_args": {"check_same_thread": False, "timeout": 15}}
    return {**shared, "pool_pre_ping": True, "pool_size": 8, "max_overflow": 8}


def add_module_files(app: Flask) -> None:
    """Templates of every room and running module, the theme's first; a module's `static/` under its slug."""
    carried = context(app)
    running = [found for slug, found in carried.installed.items() if slug in carried.hooks.modules]
    folders = [Path(app.root_path) / "base" / "templates", *sorted(ROOMS_FOLDER.glob("*/templates"))]
    folders += [found.folder / "templates" for found in running]
    app.jinja_loader = FileSystemLoader(list(dict.fromkeys(folders)))
    for found in running:
        if (found.folder / "static").is_dir():
            files = Blueprint(
                f"{found.slug}_files",
                found.package,
                static_folder=str(found.folder / "static"),
                static_url_path=f"/static/modules/{found.slug}",
            )
            app.register_blueprint(files)


def register_entities(app: Flask) -> None:
    """Generate screens and REST for every entity that brings no view of its own."""
    carried = context(app)
    with app.app_context():
        own = {view.__name__ for _slug, view in carried.hooks.boot("views") if isinstance(view, type)}
        for entity in list(carried.entities.values()):
            try:
                if entity.view_name not in own:
                    app.appbuilder.add_view_no_menu(generated_view(entity))  # type: ignore[attr-defined]
                resource = generated_api(entity)
                if resource.__name__ not in own:
                    app.appbuilder.add_api(resource)  # type: ignore[attr-defined]
            except Exception as error:
                log.exception("the screens of %s cannot be made", entity.slug)
                carried.hooks.quarantine(carried.owners[entity.slug], f"{entity.slug}: {error}")
        db.session.remove()


def register_views(app: Flask) -> None:
    """Add the screens modules wrote themselves; one that cannot be added quarantines its module."""
    carried = context(app)
    with app.app_context():
        for slug, view in carried.hooks.boot("views"):
            try:
                builder = app.appbuilder  # type: ignore[attr-defined]
                (builder.add_api if issubclass(view, (EntityApi, Resource)) else builder.add_view_no_menu)(view)
            except Exception as error:
                log.exception("the screen %r of module %s cannot be added", view, slug)
                carried.hooks.quarantine(slug, f"{getattr(view, '__name__', view)}: {error}")
        db.session.remove()


__all__ = ["LANGUAGES", "add_module_files", "new_flask", "register_entities", "register_views"]
