"""Beginning and ending a look at the screens as a login or a role."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import flash, redirect, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.access.actors import load_actor, require_actor
from app.base.page import PageView, expose, has_access
from app.base.security.roles.grants import role_labels
from app.base.security.viewing import LOGIN, ROLE, end_viewing, start_viewing
from app.types import Refused


class ViewAsView(PageView):
    """`/view-as/`: whoever may look as others, as those who hold nothing beyond their own rights."""

    route_base = "/view-as"
    label = _l("View as")
    permission_labels: ClassVar[dict[str, Any]] = {"can_start": _l("Start")}
    method_permission_name: ClassVar[dict[str, str]] = {"login": "start", "role": "start"}

    @expose("/login/<int:user_id>", methods=["POST"])
    @has_access
    def login(self, user_id: int) -> Any:
        """Look as a login."""
        found = load_actor(user_id)
        return self._start(LOGIN, user_id, found.name if found else "")

    @expose("/role/<int:role_id>", methods=["POST"])
    @has_access
    def role(self, role_id: int) -> Any:
        """Look as a role, from one's own place."""
        return self._start(ROLE, role_id, role_labels().get(role_id, ""))

    @expose("/end", methods=["POST"])
    def end(self) -> Any:
        """Be oneself again."""
        if end_viewing():
            flash(_("You are yourself again"), "success")
        return redirect(url_for("HomeView.index"))

    def _start(self, kind: str, number: int, label: str) -> Any:
        try:
            start_viewing(require_actor(), kind, number, label)
        except Refused as refused:
            flash(str(refused), "error")
            if kind == LOGIN:
                return redirect(url_for("AccountView.show_login", user_id=number))
            return redirect(url_for("RoleView.show", role_id=number))
        return redirect(url_for("HomeView.index"))
