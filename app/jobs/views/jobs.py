"""Background tasks: the list, a task's page with live progress and log, cancel and retry."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from flask import Response, abort, make_response, request
from flask_babel import gettext as _
from sqlalchemy import select

from app.access.actors import require_actor
from app.base.page import expose
from app.base.views.cells import zone
from app.base.views.entity import EntityView
from app.base.views.formats import moment_text
from app.base.views.guard import is_htmx
from app.base.views.replies import done
from app.db import session
from app.jobs.models import Job, JobLog
from app.jobs.rules import OPEN
from app.jobs.schemas import JOB
from app.jobs.services import VIEW, cancel_job, find_job, retry_job
from app.jobs.views.shown import facts, shown_job
from app.types import Refused

#: How many lines of the log the page shows, the latest first.
LINES = 200


class JobView(EntityView):
    """The run history, and the page of one run.

    Everybody may follow, cancel and retry what they asked for; ``can_list_all`` sees all, ``can_edit`` acts
    on all.
    """

    entity = JOB
    route_base = "/job"
    exclude_route_methods = {"tab", "timeline"}
    base_permissions = ["can_list", "can_show", "can_list_all", "can_edit"]

    @expose("/show/<int:pk>")
    def show(self, pk: int) -> str:
        """The page of a task; 404 for one of somebody else."""
        return self.render("jobs/show.html", **self._values(found(pk), full=True))

    @expose("/show/<int:pk>/progress")
    def progress(self, pk: int) -> Response:
        """The piece that shows how far a task is, for this page (``full``) or any other.

        While the task waits or runs it asks for itself again; when it is over, the page around it is told by
        the event ``job:ended`` with the task's number and state.
        """
        return self._piece(found(pk))

    @expose("/<int:pk>/cancel", methods=["POST"])
    def cancel(self, pk: int) -> Response:
        """Cancel a task."""
        return self._act(pk, cancel_job, _("The task is being cancelled"))

    @expose("/<int:pk>/retry", methods=["POST"])
    def retry(self, pk: int) -> Response:
        """Try a task again."""
        return self._act(pk, retry_job, _("The task waits to be tried again"))

    def _act(self, pk: int, act: Any, text: str) -> Response:
        job = found(pk)
        try:
            act(pk)
            kind = "success"
        except Refused as refused:
            text, kind = str(refused), "danger"
        if not is_htmx():
            return done(self.url("show", pk=pk), text, kind)
        response = self._piece(find_job(pk) or job)
        response.headers["HX-Trigger"] = json.dumps({"toast": {"text": text, "kind": kind}})
        return response

    def _piece(self, job: Job) -> Response:
        full = "full" in request.args
        template = "jobs/run.html" if full else "jobs/progress.html"
        values = self._values(job, full=full)
        response = make_response(self.render(template, **values))
        if "live" in request.args and not values["job"].is_open:
            ended = {"id": job.id, "status": job.status}
            response.headers["HX-Trigger"] = json.dumps({"job:ended": ended})
        return response

    def _values(self, job: Job, *, full: bool) -> dict[str, Any]:
        values: dict[str, Any] = {"job": shown_job(job, full=full)}
        if full:
            actor = require_actor()
            lines = session.scalars(
                select(JobLog).where(JobLog.job_id == job.id).order_by(JobLog.id.desc()).limit(LINES)
            ).all()
            values |= {
                "facts": facts(job),
                "lines": [(log_time(line.at), line.text) for line in lines],
                "trace": job.trace if actor.can("can_list_all", VIEW) and job.status not in OPEN else "",
                "list_url": self.url("list") if self.can("list") else None,
            }
        return values


def log_time(at: datetime) -> str:
    """The moment of a line in the person's time zone, to the second."""
    return moment_text(at, zone(), seconds=True)


def found(pk: int) -> Job:
    """The task, if the actor may see it; else the 404 page."""
    job = find_job(pk) if 0 < pk < 2**63 else None
    if job is None:
        abort(404)
    return job
