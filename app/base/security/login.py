"""Logging in and out, the own profile, the own password (SEC-6)."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from flask import flash, g, redirect, request, session, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.views import AuthDBView
from flask_appbuilder.utils.limit import Limit
from flask_babel import gettext as _
from flask_babel import refresh
from flask_limiter.util import get_remote_address
from flask_login import current_user
from sqlalchemy import select

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.models import RoleInfo
from app.access.preferences import preference, set_preference
from app.access.sessions import end_session
from app.access.signin.factors import take_code
from app.access.signin.locks import seconds_to_wait
from app.access.signin.rules import LONGEST
from app.base.errors import answer
from app.base.language import COOKIE, LANGUAGES, language
from app.base.protection import public
from app.base.security.attempts import LONGEST_NAME, attempt, away, told_to_wait
from app.base.security.attempts import failed as failed_attempt
from app.base.security.entering import come_in, login_page, proven, why_refused
from app.base.security.hashing import fits_password
from app.base.security.logins import NO_PASSWORD
from app.base.security.manager import acting, become
from app.base.security.passwords import change_password, person_words, requirements, was_used, weakness
from app.base.security.sessions import ENDED_KEY, current_session, half_way, leave
from app.base.security.steps import password_chosen
from app.base.shell import THEME_COOKIE, THEMES, remember, safe_target
from app.db import session as database
from app.db import transaction
from app.host.context import context
from app.types import Actor


def failed(_response: Any = None) -> bool:
    """Only attempts that fail count against the limits."""
    return bool(g.get("login_failed"))


def name_and_address() -> str:
    """One person's attempts from one place."""
    return f"{get_remote_address()}|{typed_name()}"


def typed_name() -> str:
    """The login name of the attempt, as limits compare it."""
    return request.form.get("username", "").strip().lower()[:LONGEST_NAME]


#: Failed logins: per name and place, per place, per name wherever it is tried from.
LIMITS = [
    Limit(
        "5 per minute; 30 per hour",
        key_func=name_and_address,
        scope="login",
        methods=("POST",),
        deduct_when=failed,
    ),
    Limit("60 per minute", key_func=get_remote_address, scope="login", methods=("POST",), deduct_when=failed),
    Limit("50 per hour", key_func=typed_name, scope="login", methods=("POST",), deduct_when=failed),
]


class LoginView(AuthDBView):
    """The login page and the way out."""

    limits = LIMITS

    @expose("/login/", methods=["GET", "POST"])
    @public
    def login(self) -> Any:
        """Ask for name and password; go on to `next` when they fit."""
        target = safe_target(request.args.get("next"))
        if acting() is not None:
            return redirect(target)
        if request.method != "POST":
            ended = session.pop(ENDED_KEY, False)
            note = _("Your session has ended; please log in again.") if ended else ""
            return login_page(target, note=note, refusal=why_refused(request.args.get("refused", "")))
        name = request.form.get("username", "").strip()[:LONGEST_NAME]
        tried = attempt(name, request.form.get("password", ""))
        if tried.user is not None:
            return proven(tried.user, target, tried.provider)
        if tried.wait:
            refusal = told_to_wait(tried.wait)
            return login_page(target, name=name, refusal=refusal), 429, {"Retry-After": str(tried.wait)}
        g.login_failed = True
        if tried.reason:
            return login_page(target, name=name, refusal=tried.reason), 403
        if tried.away:
            return login_page(target, name=name, refusal=away()), 503
        refusal = _("The login name or the password is wrong.")
        return login_page(target, name=name, refusal=refusal), 422

    @expose("/login/code/", methods=["GET", "POST"])
    @public
    def code(self) -> Any:
        """Ask for the second factor of somebody whose password was right; each code counts once."""
        target = safe_target(request.args.get("next"))
        found = half_way()
        if found is None or acting() is not None:
            return redirect(url_for("LoginView.login", next=None if target == "/" else target))
        user, half = found
        if request.method != "POST":
            return self._code_page(target)
        if wait := seconds_to_wait(user.username, get_remote_address()):
            return self._code_page(target, told_to_wait(wait)), 429, {"Retry-After": str(wait)}
        way = take_code(user.id, request.form.get("code", "")[:LONGEST_NAME])
        if not way:
            g.login_failed = True
            failed_attempt(user.username, user, "code")
            return self._code_page(target, _("This code is not right, or was used before.")), 422
        end_session(half.id, user.id, "used")
        return come_in(user, target, way, half.provider or "")

    def _code_page(self, target: str, refusal: str = "") -> str:
        page: str = self.render_template("login/code.html", refusal=refusal, target=target)
        return page

    @expose("/logout/", methods=["POST"])
    def logout(self) -> Any:
        """End the session here."""
        actor = acting()
        if actor is not None:
            with transaction() as current:
                record_acts(current, [Act("logout", "user", str(actor.user_id), actor.name)])
        leave()
        return redirect(url_for("LoginView.login"))


class ProfileView(BaseView):
    """What a person changes about the own login."""

    route_base = "/profile"
    default_view = "profile"
    #: Guessing the current password at a screen somebody left open.
    limits = [
        Limit(
            "5 per minute",
            key_func=lambda: f"password|{current_user.get_id()}",
            scope="password",
            methods=("POST",),
            deduct_when=failed,
        )
    ]

    @expose("/", methods=["GET", "POST"])
    def profile(self) -> Any:
        """Name and roles to read; language, theme and time zone to choose."""
        if request.method == "POST":
            return self._save()
        actor = require_actor()
        return self.render_template(
            "login/profile.html",
            user=current_user,
            has_password=current_user.password != NO_PASSWORD,
            actor=actor,
            roles=role_names(actor),
            site_zone=context().site.timezone,
            zones=zones(),
            zone=preference("timezone") or "",
        )

    def _save(self) -> Any:
        code, theme = request.form.get("language", ""), request.form.get("theme", "")
        zone = request.form.get("timezone", "")
        if code not in LANGUAGES or theme not in THEMES or (zone and zone not in available_timezones()):
            return answer(400)
        with transaction():
            set_preference("language", code)
            set_preference("theme", theme)
            set_preference("timezone", zone or None)
        become(current_user.id)
        refresh()
        flash(_("Your settings are saved."), "success")
        response = redirect(url_for("ProfileView.profile"))
        remember(response, COOKIE, code)
        remember(response, THEME_COOKIE, theme)
        return response

    @expose("/password/", methods=["GET", "POST"])
    def password(self) -> Any:
        """Change the own password; the current one is asked for."""
        errors: dict[str, str] = {}
        if request.method == "POST":
            errors = self._new_password_errors()
            if not errors:
                with transaction() as current:
                    record_acts(
                        current,
                        [Act("password_changed", "user", str(current_user.id), current_user.username)],
                    )
                    row = current_session()
                    change_password(current_user.id, request.form["new"], but=row.id if row else None)
                    password_chosen(current_user._get_current_object())
                flash(_("Your password is changed."), "success")
                return redirect(url_for("ProfileView.profile"))
        page = self.render_template("login/password.html", errors=errors, requirements=requirements())
        return page, (422 if errors else 200)

    def _new_password_errors(self) -> dict[str, str]:
        """What is wrong with the three fields, by field."""
        current, new, again = (request.form.get(name, "") for name in ("current", "new", "again"))
        if not fits_password(current_user.password, current[:LONGEST]):
            g.login_failed = True
            return {"current": _("This is not your current password.")}
        errors = {}
        if reason := weakness(new, current_user.username, person_words(current_user.id)):
            errors["new"] = reason
        elif new == current:
            errors["new"] = _("The new password is the same as the current one.")
        elif was_used(current_user.id, new):
            errors["new"] = _("This password was used before; choose another one.")
        if new != again:
            errors["again"] = _("The two new passwords differ.")
        return errors


def role_names(actor: Actor) -> list[str]:
    """The names of the person's roles in the language shown."""
    held = {grant.role_id: grant.role for grant in actor.grants}
    rows = database.scalars(select(RoleInfo).where(RoleInfo.role_id.in_(held)))
    labels = {info.role_id: info.label_zh if language() == "zh" else info.label_en for info in rows}
    return [labels.get(role_id) or name for role_id, name in held.items()]


def zones() -> list[str]:
    """The time zones a person can choose, by region."""
    return sorted(
        zone
        for zone in available_timezones()
        if "/" in zone and not zone.startswith(("Etc/", "SystemV/", "posix/", "right/"))
    )
