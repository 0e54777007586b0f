"""Flask-AppBuilder, set up so that it keeps logins, permissions and menus and writes nothing at start."""

from __future__ import annotations

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_appbuilder import Model as AdminModel

from app.base.security.manager import QiaoSecurityManager
from app.base.shell import HomeView
from app.db import db, metadatas

if AdminModel.metadata not in metadatas:
    metadatas.append(AdminModel.metadata)


def build_admin(app: Flask) -> None:
    """Create the AppBuilder of this app (found again as ``app.appbuilder``)."""
    with app.app_context():
        AppBuilder(
            app,
            db.session,
            indexview=HomeView,
            base_template="shell/base.html",
            security_manager_class=QiaoSecurityManager,
            update_perms=False,
        )
