"""The person's own API keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _

from app.access.actors import require_actor
from app.base.page import PageView, expose, has_access
from app.base.security.audit import moment
from app.base.security.keys import GRANTS, keys_of, make_key, offered_scopes, revoke_key
from app.base.security.screens.refusals import told
from app.base.views.cells import zone
from app.db import now
from app.fields.rules import BadValue, read_date
from app.host.context import context
from app.types import Refused


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
            return self._page(typed, set(scopes), told(refused)), 422
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


def _day(text: str) -> Any:
    try:
        return read_date(text)
    except BadValue as wrong:
        raise Refused(_("This is not a date; write it like 2019-12-08"), field="expires_on") from wrong
