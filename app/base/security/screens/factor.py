"""The person's own second factor: set up with a QR code, recovery codes, switched off."""

from __future__ import annotations

from typing import Any

import segno
from flask import flash, g, redirect, request, url_for
from flask_appbuilder.utils.limit import Limit
from flask_babel import gettext as _
from flask_login import current_user

from app.access.actors import require_actor
from app.access.signin.factors import app_address, begin_factor, read_factor
from app.access.signin.rules import LONGEST
from app.base.page import PageView, expose
from app.base.security.audit import moment
from app.base.security.factors import is_asked_of, renew_codes, switch_off, switch_on
from app.base.security.hashing import fits_password
from app.base.security.screens.refusals import told
from app.types import Refused


class FactorView(PageView):
    """One's own second factor, for everybody."""

    route_base = "/profile/second-factor"
    default_view = "show"
    #: Guessing at a screen somebody left open.
    limits = [
        Limit(
            "10 per minute",
            key_func=lambda: f"factor|{current_user.get_id()}",
            scope="factor",
            methods=("POST",),
            deduct_when=lambda _response: bool(g.get("login_failed")),
        )
    ]

    @expose("/")
    def show(self) -> Any:
        """What there is: nothing, a QR code to confirm, or the second factor with its recovery codes."""
        return self._page()

    @expose("/begin", methods=["POST"])
    def begin(self) -> Any:
        """Make a secret to be confirmed; one made before and not confirmed is forgotten."""
        if not begin_factor(current_user.id):
            flash(_("The second factor is on already"), "info")
        return redirect(url_for("FactorView.show"))

    @expose("/confirm", methods=["POST"])
    def confirm(self) -> Any:
        """Switch it on by the first code; the recovery codes are shown on this page only."""
        try:
            codes = switch_on(current_user, request.form.get("code", "")[:20])
        except Refused as refused:
            g.login_failed = True
            return self._page(told(refused)), 422
        return self._page(codes=codes)

    @expose("/codes", methods=["POST"])
    def codes(self) -> Any:
        """New recovery codes, for the password."""
        if errors := self._password_errors("codes_password"):
            return self._page(errors), 422
        try:
            return self._page(codes=renew_codes(current_user))
        except Refused as refused:
            return self._page(told(refused)), 422

    @expose("/off", methods=["POST"])
    def off(self) -> Any:
        """Switch it off, for the password."""
        if errors := self._password_errors("off_password"):
            return self._page(errors), 422
        try:
            switch_off(current_user)
        except Refused as refused:
            return self._page(told(refused)), 422
        flash(_("The second factor is switched off"), "success")
        return redirect(url_for("FactorView.show"))

    def _password_errors(self, name: str) -> dict[str, str]:
        if fits_password(current_user.password, request.form.get("password", "")[:LONGEST]):
            return {}
        g.login_failed = True
        return {name: _("This is not your current password.")}

    def _page(self, errors: dict[str, str] | None = None, codes: list[str] | None = None) -> str:
        factor = read_factor(current_user.id)
        address = app_address(factor.secret, current_user.username) if factor.secret else ""
        page: str = self.render_template(
            "login/factor.html",
            factor=factor,
            qr=segno.make(address, error="m").svg_data_uri(scale=5, border=3) if address else "",
            groups=[factor.secret[at : at + 4] for at in range(0, len(factor.secret), 4)],
            codes=codes or (),
            errors=errors or {},
            asked=is_asked_of(require_actor()),
            moment=moment,
        )
        return page
