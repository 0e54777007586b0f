"""The screens of roles, logins and API keys (SEC-1, API-1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _

from app.access.actors import require_actor
from app.base.page import PageView, expose, has_access
from app.base.security.accounts import (
    account_list,
    loose_logins,
    open_account,
    read_account,
    reset_password,
    set_active,
    set_roles,
)
from app.base.security.audit import moment
from app.base.security.keys import GRANTS, keys_of, make_key, offered_scopes, revoke_key
from app.base.security.roles import (
    create_role,
    delete_role,
    matrix,
    may_manage,
    read_role,
    rename_role,
    role_list,
    roles_to_give,
    save_role,
)
from app.base.security.roles.grants import is_administrator, role_labels
from app.base.security.roles.matrix import ACTS, SCOPES
from app.base.views.cells import zone
from app.db import now
from app.fields.rules import BadValue, read_date
from app.host.context import context
from app.types import Refused

#: What a form posts for a chosen permission: ``can_list|CustomerView``.
SEPARATOR = "|"
MAX_PAGE = 100_000


class RoleView(PageView):
    """Roles, and the matrix of what each may do."""

    route_base = "/roles"
    default_view = "list"
    method_permission_name: ClassVar[dict[str, str]] = {
        "list": "list",
        "show": "list",
        "save": "edit",
        "rename": "edit",
        "add": "add",
        "delete": "delete",
    }

    @expose("/")
    @has_access
    def list(self) -> Any:
        """Every role with how many hold it."""
        return self._list()

    @expose("/add", methods=["POST"])
    @has_access
    def add(self) -> Any:
        """A new role from a template, from another role, or empty."""
        typed = {name: request.form.get(name, "") for name in ("label_zh", "label_en", "source")}
        try:
            role_id = create_role(typed["label_zh"], typed["label_en"], typed["source"])
        except Refused as refused:
            return self._list(typed, _told(refused)), 422
        flash(_("The role is made"), "success")
        return redirect(url_for("RoleView.show", role_id=role_id))

    @expose("/<int:role_id>")
    @has_access
    def show(self, role_id: int) -> Any:
        """The matrix of one role."""
        return self._matrix(role_id)

    @expose("/<int:role_id>/save", methods=["POST"])
    @has_access
    def save(self, role_id: int) -> Any:
        """Let the role hold exactly what is ticked."""
        pairs = {tuple(text.split(SEPARATOR, 1)) for text in request.form.getlist("p") if SEPARATOR in text}
        scopes = {key[2:]: text for key, text in request.form.items() if key.startswith("s.")}
        try:
            save_role(role_id, pairs, scopes, request.form.get("seen", ""))  # type: ignore[arg-type]
        except Refused as refused:
            return self._matrix(role_id, str(refused)), 422
        flash(_("The permissions are saved; they count from the next click on"), "success")
        return redirect(url_for("RoleView.show", role_id=role_id))

    @expose("/<int:role_id>/rename", methods=["POST"])
    @has_access
    def rename(self, role_id: int) -> Any:
        """Other names."""
        try:
            rename_role(role_id, request.form.get("label_zh", ""), request.form.get("label_en", ""))
        except Refused as refused:
            flash(str(refused), "danger")
        else:
            flash(_("The role is renamed"), "success")
        return redirect(url_for("RoleView.show", role_id=role_id))

    @expose("/<int:role_id>/delete", methods=["POST"])
    @has_access
    def delete(self, role_id: int) -> Any:
        """Delete a role nobody holds."""
        try:
            delete_role(role_id)
        except Refused as refused:
            flash(str(refused), "danger")
            return redirect(url_for("RoleView.show", role_id=role_id))
        flash(_("The role is deleted"), "success")
        return redirect(url_for("RoleView.list"))

    def _list(self, typed: Mapping[str, str] | None = None, errors: Mapping[str, str] | None = None) -> str:
        actor = require_actor()
        templates = context().role_templates.values()
        page: str = self.render_template(
            "access/roles.html",
            roles=role_list(),
            templates=[(t.slug, str(t.label), str(t.description)) for t in templates],
            typed=typed or {},
            errors=errors or {},
            can_add=actor.can("can_add", "RoleView"),
        )
        return page

    def _matrix(self, role_id: int, refusal: str = "") -> str:
        role = read_role(role_id)
        if role is None:
            abort(404)
        actor = require_actor()
        everything = is_administrator(actor)
        page: str = self.render_template(
            "access/matrix.html",
            role=role,
            groups=matrix(),
            acts=ACTS,
            scopes=SCOPES,
            refusal=refusal,
            may=lambda pair: everything or pair in actor.permissions,
            reach=lambda entity: max(scope.width for scope in SCOPES) if everything else actor.widest(entity).width,
            can_edit=actor.can("can_edit", "RoleView") and not role.is_fixed,
            can_delete=actor.can("can_delete", "RoleView") and not role.is_fixed,
            separator=SEPARATOR,
        )
        return page


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
            return self._account(account, typed=typed, chosen=chosen, errors=_told(refused)), 422
        return self._account(read_account(employee_id=employee_id), password=password)

    @expose("/login/<int:user_id>/roles", methods=["POST"])
    @has_access
    def roles(self, user_id: int) -> Any:
        """Other roles for a login."""
        chosen = _numbers(request.form.getlist("roles"))
        try:
            set_roles(user_id, chosen)
        except Refused as refused:
            return self._account(read_account(user_id=user_id), chosen=chosen, errors=_told(refused)), 422
        flash(_("The roles are saved; they count from the next click on"), "success")
        return redirect(url_for("AccountView.show_login", user_id=user_id))

    @expose("/login/<int:user_id>/reset", methods=["POST"])
    @has_access
    def reset(self, user_id: int) -> Any:
        """A new password, shown on this page only."""
        try:
            password = reset_password(user_id)
        except Refused as refused:
            return self._account(read_account(user_id=user_id), errors=_told(refused)), 422
        return self._account(read_account(user_id=user_id), password=password)

    @expose("/login/<int:user_id>/switch", methods=["POST"])
    @has_access
    def switch(self, user_id: int) -> Any:
        """Switch a login on or off."""
        active = request.form.get("active") == "1"
        try:
            set_active(user_id, active)
        except Refused as refused:
            return self._account(read_account(user_id=user_id), errors=_told(refused)), 422
        flash(_("The login is switched on") if active else _("The login is switched off"), "success")
        return redirect(url_for("AccountView.show_login", user_id=user_id))

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
        )
        return page


class KeyView(PageView):
    """The person's own API keys."""

    route_base = "/keys"
    default_view = "list"
    method_permission_name: ClassVar[dict[str, str]] = {"list": "list", "add": "add", "revoke": "delete"}

    @expose("/")
    @has_access
    def list(self) -> Any:
        """The keys, and the form for a new one."""
        return self._page()

    @expose("/add", methods=["POST"])
    @has_access
    def add(self) -> Any:
        """Make a key; it is shown on this page only."""
        typed = {name: request.form.get(name, "").strip() for name in ("name", "expires_on")}
        scopes = request.form.getlist("scopes")
        try:
            raw = make_key(typed["name"], scopes, _day(typed["expires_on"]))
        except Refused as refused:
            return self._page(typed, set(scopes), _told(refused)), 422
        return self._page(raw=raw)

    @expose("/<int:key_id>/revoke", methods=["POST"])
    @has_access
    def revoke(self, key_id: int) -> Any:
        """End a key at once."""
        try:
            revoke_key(key_id)
        except Refused as refused:
            flash(str(refused), "danger")
        else:
            flash(_("The key is revoked"), "success")
        return redirect(url_for("KeyView.list"))

    def _page(
        self,
        typed: Mapping[str, str] | None = None,
        scopes: set[str] | None = None,
        errors: Mapping[str, str] | None = None,
        raw: str = "",
    ) -> str:
        actor = require_actor()
        entities = context().entities
        today = now().astimezone(zone()).date()
        page: str = self.render_template(
            "access/keys.html",
            keys=keys_of(actor.user_id or 0),
            labels={slug: str(entity.label) for slug, entity in entities.items()},
            offered=offered_scopes(actor) if actor.can("can_add", "KeyView") else {},
            grants=grant_labels(),
            typed=typed or {"expires_on": (today + timedelta(days=90)).isoformat()},
            scopes=scopes or set(),
            errors=errors or {},
            raw=raw,
            moment=moment,
            can_revoke=actor.can("can_delete", "KeyView"),
        )
        return page


def grant_labels() -> dict[str, str]:
    """What a key may do, as people say it."""
    labels = {"read": _("Read"), "create": _("Add"), "update": _("Edit"), "delete": _("Delete")}
    return {grant: labels[grant] for grant in GRANTS}


def _told(refused: Refused) -> dict[str, str]:
    """The reasons by field; one that belongs to no field under the empty name."""
    errors = {name: str(text) for name, text in refused.errors.items()}
    return errors or {"": str(refused)}


def _numbers(texts: list[str]) -> set[int]:
    return {int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) < 10}


def _day(text: str) -> Any:
    try:
        return read_date(text)
    except BadValue as wrong:
        raise Refused(_("This is not a date; write it like 2019-12-08"), field="expires_on") from wrong
