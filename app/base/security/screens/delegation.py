"""Which roles the holders of a role may give: the third page of a role."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import abort, redirect, request, url_for
from flask_babel import gettext as _

from app.base.page import PageView, expose, has_access
from app.base.security.roles import read_role
from app.base.security.roles.asking import SUBJECT
from app.base.security.roles.delegation import delegable, delegated, save_delegation
from app.base.security.screens.refusals import say_saved
from app.base.security.screens.roles import may_edit
from app.fields.gate import act_lock
from app.types import Refused


class DelegationView(PageView):
    """Roles that may be given by whoever holds another one."""

    route_base = "/roles"
    default_view = "show"
    class_permission_name = "RoleView"
    method_permission_name: ClassVar[dict[str, str]] = {"show": "list", "save": "edit"}

    @expose("/<int:role_id>/giving")
    @has_access
    def show(self, role_id: int) -> Any:
        """Every role that can be delegated, ticked when it is."""
        return self._page(role_id)

    @expose("/<int:role_id>/giving", methods=["POST"])
    @has_access
    def save(self, role_id: int) -> Any:
        """Let the role's holders give exactly these."""
        try:
            held = save_delegation(role_id, _numbers("given"), _numbers("seen"))
        except Refused as refused:
            return self._page(role_id, str(refused)), 422
        say_saved(held, _("Saved: it counts from the next click on"))
        return redirect(url_for("DelegationView.show", role_id=role_id))

    def _page(self, role_id: int, refusal: str = "") -> str:
        role = read_role(role_id)
        if role is None:
            abort(404)
        page: str = self.render_template(
            "access/giving.html",
            role=role,
            rows=[] if role.is_fixed else delegable(role_id),
            given=delegated(role_id),
            refusal=refusal,
            lock=act_lock(SUBJECT, role_id),
            can_edit=may_edit(role),
        )
        return page


def _numbers(name: str) -> set[int]:
    texts = request.form.getlist(name)
    return {int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) < 10}
