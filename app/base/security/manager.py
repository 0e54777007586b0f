"""FAB's security manager with the actor in the place of its per-item permission queries."""

from __future__ import annotations

from typing import Any

from flask import Flask, g, has_request_context, session
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_appbuilder.security.sqla.models import User
from flask_login import LoginManager, current_user
from sqlalchemy import select

from app.access.actors import current_actor, load_actor, set_actor
from app.access.sessions import restamp
from app.base.security.hashing import fits_password, hash_password, is_outdated, spend
from app.base.security.passwords import change_password
from app.base.security.sessions import COOKIE_KEY, ENDED_KEY, find_session, has_left
from app.base.security.stamps import stamp_of
from app.base.security.steps import ask_first
from app.base.security.viewing import viewed
from app.host.context import context
from app.types import Actor


class QiaoSecurityManager(SecurityManager):
    """Answers every permission question from the actor, loaded once per request."""

    @staticmethod
    def before_request() -> Any:
        """Who acts in this request; nobody until a login, an API key or a token names them.

        A cookie whose session has ended is dropped.
        """
        set_actor(None)
        g.user = current_user
        if current_user.is_authenticated:
            become(current_user.id)
            return ask_first()
        if COOKIE_KEY in session:
            session.clear()
            session[ENDED_KEY] = True
        return None

    def create_login_manager(self, app: Flask) -> LoginManager:
        """Flask-Login, with sessions of our own in the place of its protection by browser and address."""
        manager = super().create_login_manager(app)
        manager.session_protection = None
        return manager

    def load_user(self, pk: str) -> Any:
        """The login of the session whose id the cookie holds; None when it has ended."""
        found = find_session(str(pk))
        g.login_session = found[1] if found else None
        return found[0] if found else None

    def has_access(self, permission_name: str, view_name: str) -> bool:
        """Whether the actor holds the permission (FAB asks this for routes, buttons and menus)."""
        actor = acting()
        return actor is not None and actor.can(permission_name, view_name)

    def get_user_menu_access(self, menu_names: list[str] | None = None) -> set[str]:
        """Names of the menu lines the actor may see."""
        actor = acting()
        if actor is None:
            return set()
        allowed = {view for permission, view in actor.permissions if permission == "menu_access"}
        return allowed if menu_names is None else allowed & set(menu_names)

    def auth_user_db(self, username: str | None, password: str | None) -> Any:
        """The switched-on login that name (or e-mail address) and password fit, else None.

        Takes as long for a name that does not exist. A hash of an older kind or cost is made anew.
        """
        if not username or not (password or "").strip("\0"):
            return None
        password = str(password)
        user = self.find_user(username=username) or self.find_user(email=username)
        if user is None or not user.is_active or self.session.scalar(select(has_left()).where(User.id == user.id)):
            spend(password)
            return None
        if not fits_password(user.password, password):
            return None  # counted by `attempts`, for every name alike
        if is_outdated(user.password):
            before = stamp_of(user)
            user.password = hash_password(password)
            restamp(user.id, before, stamp_of(user))
        self.update_user_auth_stat(user, True)
        return user

    def reset_password(self, userid: int, password: str) -> None:
        """Give a login a new password."""
        change_password(userid, password)

    @staticmethod
    def extract_api_key_from_request() -> None:
        """FAB's own door knows no keys: `app.base.rest.access` reads them and narrows the actor."""

    def load_user_jwt(self, _jwt_header: Any, jwt_data: Any) -> None:
        """Nor tokens: FAB would not notice that the password has been changed since."""

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        """Nothing is public: every route of ours asks for a login unless it says otherwise itself."""
        return False


def acting() -> Actor | None:
    """The actor; a request authenticated by token or API key only now gets one."""
    actor = current_actor()
    if actor is None and has_request_context():
        user: Any = getattr(g, "user", None)
        if user is not None and getattr(user, "is_authenticated", False):
            return become(user.id)
    return actor


def become(user_id: int) -> Actor | None:
    """Load and set the actor of this request."""
    site = context().site
    actor = load_actor(user_id, locale=site.locale, timezone=site.timezone)
    if actor is not None and has_request_context():
        actor = viewed(actor)
    set_actor(actor)
    return actor
