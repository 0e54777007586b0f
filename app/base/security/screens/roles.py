"""Roles, and the matrix of what each may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.access.actors import require_actor
from app.access.exporting.limits import default_limit, limit_of_role
from app.access.signin.factors import role_requires
from app.base.page import PageView, expose, has_access
from app.base.security.exporting import limit_exports
from app.base.security.factors import require_factor
from app.base.security.roles import (
    RoleFacts,
    create_role,
    delete_role,
    entities_with_fields,
    field_sheet,
    matrix,
    read_role,
    rename_role,
    role_list,
    save_fields,
    save_role,
)
from app.base.security.roles.asking import SUBJECT
from app.base.security.roles.grants import may_give
from app.base.security.roles.matrix import ACTS, SCOPES
from app.base.security.roles.power import is_administrator, lacks_office, power_over
from app.base.security.screens.refusals import say_saved, told
from app.base.views.replies import say_held
from app.fields.gate import act_held, act_lock
from app.host.context import context
from app.types import Level, Refused, Text

#: What a form posts for a chosen permission: ``can_list|CustomerView``.
SEPARATOR = "|"


LEVELS: dict[Level, Text] = {
    Level.HIDDEN: _l("Hidden"),
    Level.MASKED: _l("Masked"),
    Level.READ: _l("Read only"),
    Level.WRITE: _l("Read and write"),
}


class RoleView(PageView):
    """Roles, and the matrix of what each may do."""

    route_base = "/roles"
    default_view = "list"
    method_permission_name: ClassVar[dict[str, str]] = {
        "list": "list",
        "show": "list",
        "save": "edit",
        "fields": "list",
        "save_fields": "edit",
        "rename": "edit",
        "factor": "edit",
        "limit": "edit",
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
        say_held(act_held(SUBJECT))
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
            held = save_role(role_id, pairs, scopes, request.form.get("seen", ""))  # type: ignore[arg-type]
        except Refused as refused:
            return self._matrix(role_id, str(refused)), 422
        say_saved(held, _("The permissions are saved; they count from the next click on"))
        return redirect(url_for("RoleView.show", role_id=role_id))

    @expose("/<int:role_id>/fields")
    @has_access
    def fields(self, role_id: int) -> Any:
        """What the role may do with each field of one entity, the first one when none is named."""
        return self._fields(role_id, request.args.get("entity", ""))

    @expose("/<int:role_id>/fields/<slug>", methods=["POST"])
    @has_access
    def save_fields(self, role_id: int, slug: str) -> Any:
        """Let the role do exactly this with the fields of an entity."""
        chosen = {key[2:]: text for key, text in request.form.items() if key.startswith("l.")}
        try:
            held = save_fields(role_id, slug, chosen, request.form.get("seen", ""))
        except Refused as refused:
            return self._fields(role_id, slug, str(refused)), 422
        say_saved(held, _("The permissions are saved; they count from the next click on"))
        return redirect(url_for("RoleView.fields", role_id=role_id, entity=slug))

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

    @expose("/<int:role_id>/factor", methods=["POST"])
    @has_access
    def factor(self, role_id: int) -> Any:
        """Let the role ask for a second factor, or no longer."""
        try:
            require_factor(role_id, request.form.get("required") == "1")
        except Refused as refused:
            flash(str(refused), "danger")
        else:
            flash(_("It counts from the next login on"), "success")
        return redirect(url_for("RoleView.show", role_id=role_id))

    @expose("/<int:role_id>/limit", methods=["POST"])
    @has_access
    def limit(self, role_id: int) -> Any:
        """Let exports of the role hold so many rows."""
        try:
            limit_exports(role_id, request.form.get("rows", ""))
        except Refused as refused:
            return self._matrix(role_id, str(refused)), 422
        flash(_("It counts from the next export on"), "success")
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

    def _fields(self, role_id: int, slug: str, refusal: str = "") -> str:
        entities = entities_with_fields()
        role, sheet = read_role(role_id), field_sheet(role_id, slug or entities[0].slug)
        if role is None or sheet is None:
            abort(404)
        page: str = self.render_template(
            "access/fields.html",
            role=role,
            sheet=sheet,
            entities=[(one.slug, str(one.label), len(role.fields.get(one.slug, ()))) for one in entities],
            levels=LEVELS,
            refusal=refusal,
            can_edit=may_edit(role),
            lock=act_lock(SUBJECT, role_id),
        )
        return page

    def _matrix(self, role_id: int, refusal: str = "") -> str:
        role = read_role(role_id)
        if role is None:
            abort(404)
        actor = require_actor()
        everything, power = is_administrator(actor), power_over(actor, role_id)
        page: str = self.render_template(
            "access/matrix.html",
            role=role,
            groups=matrix(),
            acts=ACTS,
            scopes=SCOPES,
            refusal=refusal,
            may=lambda pair: everything or pair in power.permissions,
            reach=lambda entity: max(scope.width for scope in SCOPES) if everything else power.widest(entity).width,
            can_edit=may_edit(role),
            factor=role_requires(role_id),
            export_limit=limit_of_role(role_id),
            export_default=default_limit(),
            can_ask_factor=actor.can("can_edit", "RoleView") and may_give(actor, {role_id}),
            can_delete=actor.can("can_delete", "RoleView") and may_change(role),
            separator=SEPARATOR,
            lock=act_lock(SUBJECT, role_id),
        )
        return page


def may_change(role: RoleFacts) -> bool:
    """Whether the role is neither the one that holds everything nor another administrator's office."""
    return not role.is_fixed and not lacks_office(require_actor(), role.pairs)


def may_edit(role: RoleFacts) -> bool:
    """Whether the acting person changes the role on its pages."""
    return require_actor().can("can_edit", "RoleView") and may_change(role)
