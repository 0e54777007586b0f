"""Flask-AppBuilder: it keeps logins and permissions, shows no page of its own and writes nothing at start."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, has_request_context, request
from flask_appbuilder import AppBuilder
from flask_appbuilder import Model as AdminModel

from app.base.language import use_catalogues
from app.base.rest.files import FileApi
from app.base.rest.openapi import OpenApi
from app.base.rest.security import SecurityApi
from app.base.security.login import LoginView, ProfileView
from app.base.security.manager import QiaoSecurityManager
from app.base.security.screens.outside import OutsideView
from app.db import db, metadatas

if AdminModel.metadata not in metadatas:
    metadatas.append(AdminModel.metadata)


class QiaoAppBuilder(AppBuilder):
    """AppBuilder without its own screens: no index, /back, /lang, menu API, and none of its static files.

    Its Bootstrap 3 templates cannot be found either: every page is rendered from ours, or not at all.
    """

    def _add_global_static(self) -> None:
        """FAB's jQuery, Bootstrap 3 and templates stay where they are."""

    def _add_admin_views(self) -> None:
        use_catalogues(current_app)
        self._indexview = None
        self.sm.auth_view = self.add_view_no_menu(LoginView)
        self.sm.lm.login_view = "LoginView.login"
        self.add_view_no_menu(OutsideView)
        self.add_view_no_menu(ProfileView)
        self.sm.register_views()
        self.add_api(SecurityApi)
        self.add_api(FileApi)
        self.add_api(OpenApi)

    def register_blueprint(
        self, baseview: Any, endpoint: str | None = None, static_folder: str | None = None
    ) -> None:
        baseview.template_folder = None  # it would be FAB's own folder
        super().register_blueprint(baseview, endpoint, static_folder)
        baseview.blueprint.deferred_functions.clear()  # done, and never to be done again

    @property
    def get_url_for_index(self) -> str:
        """The start page, which the workspace brings."""
        return f"{request.script_root}/" if has_request_context() else "/"


def build_admin(app: Flask) -> None:
    """Create the AppBuilder of this app (found again as ``app.appbuilder``)."""
    with app.app_context():
        QiaoAppBuilder(
            app,
            db.session,
            base_template="shell/base.html",
            security_manager_class=QiaoSecurityManager,
            update_perms=False,
        )
