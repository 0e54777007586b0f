"""The logins of employees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _

from app.access.actors import require_actor
from app.access.signin.factors import read_factor
from app.access.signin.locks import locked_addresses, locked_until
from app.base.page import PageView, expose, has_access
from app.base.security.accounts import (
    account_list,
    end_session_of,
    loose_logins,
    open_account,
    read_account,
    reset_factor,
    reset_password,
    set_active,
    set_roles,
    unlock,
    unlock_network,
)
from app.base.security.audit import moment
from app.base.security.outside import outside_accounts
from app.base.security.roles import may_manage, roles_to_give
from app.base.security.roles.asking import SUBJECT
from app.base.security.roles.grants import role_labels
from app.base.security.screens.refusals import say_saved, told
from app.base.security.sessions import sessions_of
from app.base.views.replies import say_held
from app.fields.gate import act_held
from app.types import Refused

MAX_PAGE = 100_000


class AccountView(PageView):
    """The logins of employees."""

    route_base = "/accounts"
    default_view = "list"
    method_permission_name: ClassVar[dict[str, str]] = {
        "list": "list",
        "show": "list",
        "show_login": "list",
        "add": "add",
        "roles": "edit",
        "reset": "edit",
        "switch": "edit",
        "unlock": "edit",
        "unlock_address": "edit",
        "reset_factor": "edit",
        "end_session": "edit",
    }

    @expose("/")
    @has_access
    def list(self) -> Any:
        """Employees and whether they can log in."""
        asked = {name: request.args.get(name, "").strip() for name in ("q", "state", "page")}
        page = asked["page"] or "1"
        wrong = len(asked["q"]) > 100 or asked["state"] not in ("", "with", "without", "off")
        if wrong or not (page.isascii() and page.isdecimal() and 1 <= int(page[:7]) <= MAX_PAGE):
            abort(400)
        accounts, more = account_list(asked["q"], asked["state"], int(page))
        first = int(page) == 1 and not asked["q"] and not asked["state"]
        return self.render_template(
            "access/accounts.html",
            accounts=accounts,
            loose=loose_logins() if first else (),
            more=more,
            page=int(page),
            asked=asked,
            labels=role_labels(),
            addresses=locked_addresses() if first else (),
            moment=moment,
            can_edit=require_actor().can("can_edit", "AccountView"),
        )

    @expose("/<int:employee_id>")
    @has_access
    def show(self, employee_id: int) -> Any:
        """An employee's login, or the form that makes one."""
        return self._account(read_account(employee_id=employee_id))

    @expose("/login/<int:user_id>")
    @has_access
    def show_login(self, user_id: int) -> Any:
        """A login; its employee's page when it has one."""
        account = read_account(user_id=user_id)
        if account is not None and account.employee_id is not None:
            return redirect(url_for("AccountView.show", employee_id=account.employee_id))
        return self._account(account)

    @expose("/<int:employee_id>/add", methods=["POST"])
    @has_access
    def add(self, employee_id: int) -> Any:
        """Make the employee's login."""
        typed = {name: request.form.get(name, "").strip() for name in ("username", "email")}
        chosen = _numbers(request.form.getlist("roles"))
        try:
            _user_id, password = open_account(employee_id, typed["username"], chosen, typed["email"])
        except Refused as refused:
            account = read_account(employee_id=employee_id)
            return self._account(account, typed=typed, chosen=chosen, errors=told(refused)), 422
        say_held(act_held(SUBJECT))
        return self._account(read_account(employee_id=employee_id), password=password)

    @expose("/login/<int:user_id>/roles", methods=["POST"])
    @has_access
    def roles(self, user_id: int) -> Any:
        """Other roles for a login."""
        chosen = _numbers(request.form.getlist("roles"))
        try:
            held = set_roles(user_id, chosen)
        except Refused as refused:
            return self._account(read_account(user_id=user_id), chosen=chosen, errors=told(refused)), 422
        say_saved(held, _("The roles are saved; they count from the next click on"))
        return redirect(url_for("AccountView.show_login", user_id=user_id))

    @expose("/login/<int:user_id>/reset", methods=["POST"])
    @has_access
    def reset(self, user_id: int) -> Any:
        """A new password, shown on this page only."""
        try:
            password = reset_password(user_id)
        except Refused as refused:
            return self._account(read_account(user_id=user_id), errors=told(refused)), 422
        return self._account(read_account(user_id=user_id), password=password)

    @expose("/login/<int:user_id>/switch", methods=["POST"])
    @has_access
    def switch(self, user_id: int) -> Any:
        """Switch a login on or off."""
        active = request.form.get("active") == "1"
        try:
            set_active(user_id, active)
        except Refused as refused:
            return self._account(read_account(user_id=user_id), errors=told(refused)), 422
        flash(_("The login is switched on") if active else _("The login is switched off"), "success")
        return redirect(url_for("AccountView.show_login", user_id=user_id))

    @expose("/login/<int:user_id>/unlock", methods=["POST"])
    @has_access
    def unlock(self, user_id: int) -> Any:
        """Let a login that failures have locked try again."""
        try:
            unlock(user_id)
        except Refused as refused:
            return self._account(read_account(user_id=user_id), errors=told(refused)), 422
        flash(_("The login can be used again"), "success")
        return redirect(url_for("AccountView.show_login", user_id=user_id))

    @expose("/login/<int:user_id>/factor/reset", methods=["POST"])
    @has_access
    def reset_factor(self, user_id: int) -> Any:
        """Forget the second factor of somebody who has lost it."""
        try:
            reset_factor(user_id)
        except Refused as refused:
            return self._account(read_account(user_id=user_id), errors=told(refused)), 422
        flash(_("The second factor is forgotten"), "success")
        return redirect(url_for("AccountView.show_login", user_id=user_id))

    @expose("/login/<int:user_id>/sessions/end", methods=["POST"])
    @expose("/login/<int:user_id>/sessions/<int:session_id>/end", methods=["POST"])
    @has_access
    def end_session(self, user_id: int, session_id: int | None = None) -> Any:
        """End one session of a login, or all of them."""
        try:
            end_session_of(user_id, session_id)
        except Refused as refused:
            return self._account(read_account(user_id=user_id), errors=told(refused)), 422
        flash(_("The session is ended") if session_id else _("All sessions are ended"), "success")
        return redirect(url_for("AccountView.show_login", user_id=user_id))

    @expose("/address/unlock", methods=["POST"])
    @has_access
    def unlock_address(self) -> Any:
        """Let a locked network address try again."""
        try:
            unlock_network(request.form.get("address", ""))
        except Refused as refused:
            flash(str(refused), "danger")
        else:
            flash(_("The address can be used again"), "success")
        return redirect(url_for("AccountView.list"))

    def _account(
        self,
        account: Any,
        *,
        password: str = "",
        typed: Mapping[str, str] | None = None,
        chosen: set[int] | None = None,
        errors: Mapping[str, str] | None = None,
    ) -> str:
        if account is None:
            abort(404)
        actor = require_actor()
        manageable = account.user_id is None or may_manage(actor, account.user_id)
        own = account.user_id is not None and account.user_id == actor.user_id
        page: str = self.render_template(
            "access/account.html",
            account=account,
            password=password,
            typed=typed or {},
            chosen=set(account.role_ids) if chosen is None else chosen,
            errors=errors or {},
            roles=roles_to_give(actor),
            labels=role_labels(),
            own=own,
            can_add=actor.can("can_add", "AccountView"),
            can_edit=actor.can("can_edit", "AccountView") and manageable and not own,
            manageable=manageable,
            locked=locked_until(account.username) if account.username else None,
            sessions=sessions_of(account.user_id) if account.user_id is not None and manageable else (),
            factor=read_factor(account.user_id) if account.user_id is not None else None,
            outside=outside_accounts(account.user_id) if account.user_id is not None and manageable else (),
            moment=moment,
            can_explain=actor.can("can_list", "RoleView"),
        )
        return page


def _numbers(texts: list[str]) -> set[int]:
    return {int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) < 10}
