"""The steps of `create_app` that make the Flask app and hang the modules' screens into it."""

from __future__ import annotations

from flask import Flask

from app.access import audit, scope  # noqa: F401  (their session events must be in place)
from app.base.views.generated import generated_api, generated_view
from app.db import db
from app.host.context import EXTENSION, Context, context
from app.host.discovery import discover
from app.host.sites import Site
from config import settings

#: The languages of every screen, the first being the product's first.
LANGUAGES = {"zh": {"flag": "cn", "name": "简体中文"}, "en": {"flag": "gb", "name": "English"}}


def new_flask(site: Site) -> Flask:
    """An empty Flask app configured for one site."""
    installation = settings()
    app = Flask("app", static_folder="base/static", template_folder="base/templates", static_url_path="/static")
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
        SESSION_COOKIE_NAME=f"qiao_{site.slug}",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=installation.production,
        WTF_CSRF_TIME_LIMIT=None,
        JSON_AS_ASCII=False,
    )
    app.extensions[EXTENSION] = Context(site=site, installed=discover(installation.plugins, installation.modules))
    return app


def _engine_options(url: str) -> dict[str, object]:
    if url.startswith("sqlite"):
        return {"connect_args": {"check_same_thread": False, "timeout": 15}}
    return {"pool_pre_ping": True, "pool_size": 8, "max_overflow": 8}


def register_entities(app: Flask) -> None:
    """Generate screens and REST for every entity that brings no view of its own."""
    carried = context(app)
    with app.app_context():
        own = {view.__name__ for _slug, view in carried.hooks.boot("views") if isinstance(view, type)}
        for entity in carried.entities.values():
            if entity.view_name not in own:
                app.appbuilder.add_view_no_menu(generated_view(entity))  # type: ignore[attr-defined]
            app.appbuilder.add_api(generated_api(entity))  # type: ignore[attr-defined]
        db.session.remove()


def register_views(app: Flask) -> None:
    """Add the screens modules wrote themselves; one that cannot be added quarantines its module."""
    carried = context(app)
    with app.app_context():
        for slug, view in carried.hooks.boot("views"):
            try:
                app.appbuilder.add_view_no_menu(view)  # type: ignore[attr-defined]
            except Exception as error:
                carried.hooks.quarantine(slug, f"{view.__name__}: {error}")
        db.session.remove()


__all__ = ["LANGUAGES", "new_flask", "register_entities", "register_views"]
