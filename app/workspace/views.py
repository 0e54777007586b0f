"""The start page (个人首页, WSP-1)."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, request, url_for

from app.access.actors import require_actor
from app.base.page import PageView, expose
from app.workspace.rules import arranged, in_order
from app.workspace.services import arrange_home, arrangement, cards_of, home_of


class HomeView(PageView):
    """Cards from every module, arranged by each person."""

    route_base = ""
    default_view = "index"

    @expose("/")
    def index(self) -> Any:
        """The cards."""
        actor = require_actor()
        return self.render_template("workspace/home.html", actor=actor, cards=home_of(actor))

    @expose("/home/arrange", methods=["GET", "POST"])
    def arrange(self) -> Any:
        """The dialog that orders, shows and hides cards."""
        if request.method == "POST":
            if "reset" in request.form:
                arrange_home([], [])
            else:
                arrange_home(request.form.getlist("order"), request.form.getlist("shown"))
            if request.headers.get("HX-Request"):
                return Response(status=204, headers={"HX-Redirect": url_for("HomeView.index")})
            return redirect(url_for("HomeView.index"))
        choice, offered = arrangement(), cards_of(require_actor())
        return self.render_template(
            "workspace/arrange.html",
            cards=in_order(offered, choice),
            shown={card.name for card in arranged(offered, choice)},
        )
