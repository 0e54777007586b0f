"""The person's own open sessions and tokens."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, url_for
from flask_babel import gettext as _

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.sessions import end_session, end_sessions
from app.access.signin.settings import IDLE_MINUTES, SESSION_HOURS
from app.base.page import PageView, expose
from app.base.security.audit import lines, moment
from app.base.security.recovery import done_by_others
from app.base.security.sessions import current_session, sessions_of
from app.db import transaction
from app.host.settings import setting


class SessionView(PageView):
    """Where one is logged in, for everybody; a session can be ended from any other."""

    route_base = "/profile/sessions"
    default_view = "list"

    @expose("/")
    def list(self) -> Any:
        """The open sessions, this one marked."""
        user_id = require_actor().user_id or 0
        return self.render_template(
            "login/sessions.html",
            sessions=sessions_of(user_id),
            moment=moment,
            lasting=lasting(),
            others=lines(done_by_others(user_id)),
        )

    @expose("/<int:session_id>/end", methods=["POST"])
    def end(self, session_id: int) -> Any:
        """End one session of one's own; somebody else's is not found."""
        actor = require_actor()
        with transaction():
            ended = end_session(session_id, actor.user_id or 0, "ended")
            _note(int(ended))
        if ended:
            flash(_("The session is ended"), "success")
        else:
            flash(_("There is no open session any more"), "info")
        return redirect(url_for("SessionView.list"))

    @expose("/end-others", methods=["POST"])
    def end_others(self) -> Any:
        """End all sessions of one's own but this one."""
        row = current_session()
        with transaction():
            _note(end_sessions(require_actor().user_id or 0, "ended", but=row.id if row else None))
        flash(_("All other sessions are ended"), "success")
        return redirect(url_for("SessionView.list"))


def _note(ended: int) -> None:
    if ended:
        actor = require_actor()
        act = Act("end_session", "user", str(actor.user_id), actor.name, {"sessions": [ended, 0]})
        with transaction() as current:
            record_acts(current, [act])


def lasting() -> str:
    """How long sessions of the site last, as a sentence."""
    idle, hours = setting(IDLE_MINUTES), setting(SESSION_HOURS)
    if idle and hours:
        return _(
            "A session ends after %(minutes)s minutes without use, and after %(hours)s hours in any case.",
            minutes=idle,
            hours=hours,
        )
    if idle:
        return _("A session ends after %(minutes)s minutes without use.", minutes=idle)
    if hours:
        return _("A session ends after %(hours)s hours.", hours=hours)
    return _("A session lasts until it is ended.")
