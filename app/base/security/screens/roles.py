"""Roles, and the matrix of what each may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _

from app.access.actors import require_actor
from app.base.page import PageView, expose, has_access
from app.base.security.roles import (
    create_role,
    delete_role,
    matrix,
    read_role,
    rename_role,
    role_list,
    save_role,
)
from app.base.security.roles.grants import is_administrator
from app.base.security.roles.matrix import ACTS, SCOPES
from app.base.security.screens.refusals import told
from app.host.context import context
from app.types import Refused

#: What a form posts for a chosen permission: ``can_list|CustomerView``.
SEPARATOR = "|"


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
            return self._list(typed, told(refused)), 422
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
