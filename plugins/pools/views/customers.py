"""What is done with customers about pools, on their own pages and from their list."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, request, url_for

from app.api import PageView, expose, needs, own_path
from plugins.pools.services.members import VIEW
from plugins.pools.views import acts
from plugins.pools.views.acts import EntryActs, PoolAct, names_of, perform


class PoolsCustomerView(EntryActs, PageView):
    """Acts on customers, lying in a pool or not; their permissions are those of what lies in pools."""

    route_base = "/pools_customer"
    class_permission_name = VIEW

    @expose("/ask", methods=("GET", "POST"))
    @needs("can_ask")
    def ask(self) -> Response:
        """Apply to keep one's red customers."""
        return self.do_act(acts.ASK)

    @expose("/keep", methods=("GET", "POST"))
    @needs("can_keep")
    def keep(self) -> Response:
        """Let red customers stay for some days, unasked."""
        return self.do_act(acts.KEEP)

    @expose("/release", methods=("GET", "POST"))
    @needs("can_release")
    def release(self) -> Response:
        """Put customers into a public pool."""
        return self.do_act(acts.RELEASE)

    @expose("/lock", methods=("GET", "POST"))
    @needs("can_lock")
    def lock(self) -> Response:
        """Let no rule move customers."""
        return self.do_act(acts.LOCK)

    @expose("/unlock", methods=("GET", "POST"))
    @needs("can_lock")
    def unlock(self) -> Response:
        """Let the rules count for customers again."""
        return self.do_act(acts.UNLOCK)

    @expose("/reopen", methods=("GET", "POST"))
    @needs("can_close")
    def reopen(self) -> Response:
        """Take back that customers are invalid."""
        return self.do_act(acts.REOPEN)

    def do_act(self, act: PoolAct) -> Response:
        """Do it with the customers chosen."""
        return perform(act, url_for(f"{self.endpoint}.{act.name}"), list, _back)


def _back(ids: Sequence[int]) -> str:
    """Where one came from; the list where the customer has left one's sight."""
    home = url_for("CustomerView.list")
    return home if len(ids) == 1 and not names_of(ids) else own_path(request.form.get("next"), home)


__all__ = ["PoolsCustomerView"]
