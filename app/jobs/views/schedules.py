"""Schedules: when tasks run by themselves, their last run, run now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, abort, make_response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.access.actors import require_actor
from app.base.page import PageView, expose
from app.base.views.cells import zone
from app.base.views.formats import moment_text
from app.base.views.guard import needs
from app.base.views.replies import done
from app.db import now, session
from app.host.context import context
from app.jobs.leases import JOBS
from app.jobs.models import Schedule
from app.jobs.rules import CatchUp, upcoming
from app.jobs.rules.cron import CronError, read_cron
from app.jobs.schedules import change_schedule, checked_cron, find_schedule, run_schedule_now, site_zone
from app.jobs.schemas import STATUSES
from app.jobs.views.cron_text import cron_text
from app.jobs.views.shown import duration_text
from app.types import Refused

CATCH_UPS = (
    (CatchUp.LAST, _l("Only the last missed run is made up for")),
    (CatchUp.ALL, _l("Every missed run is made up for, one per business date")),
    (CatchUp.NONE, _l("Missed runs are left out")),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A schedule in the list."""

    id: int
    label: str
    name: str
    cron: str
    words: str
    enabled: bool
    is_known: bool
    next: str
    last: Any
    last_label: str
    last_colour: str
    last_took: str
    last_url: str | None


class ScheduleView(PageView):
    """The schedules of the site."""

    route_base = "/schedule"
    default_view = "list"
    base_permissions = ["can_list", "can_edit"]

    @expose("/list/")
    @needs("can_list")
    def list(self) -> str:
        """All schedules with their next and last runs."""
        schedules = session.scalars(select(Schedule)).all()
        last = last_runs([schedule.id for schedule in schedules])
        lines = [shown_line(schedule, last.get(schedule.id)) for schedule in schedules]
        lines.sort(key=lambda line: (not line.is_known, line.label))
        return self.render_template(
            "jobs/schedules.html",
            lines=lines,
            timezone=context().site.timezone,
            may_edit=require_actor().can("can_edit", "ScheduleView"),
        )

    @expose("/edit/<int:pk>")
    @needs("can_edit")
    def edit(self, pk: int) -> str:
        """The form for one schedule, in a dialog."""
        schedule = wanted(pk)
        return self._form(schedule, schedule.cron, schedule.enabled, schedule.catch_up, {})

    @expose("/edit/<int:pk>", methods=["POST"])
    @needs("can_edit")
    def save(self, pk: int) -> Response:
        """Change a schedule; what is wrong comes back beside its field."""
        schedule = wanted(pk)
        cron = request.form.get("cron", "")[:100]
        enabled = request.form.get("enabled") == "1"
        catch_up = request.form.get("catch_up", "")
        try:
            change_schedule(pk, cron=cron, enabled=enabled, catch_up=catch_up)
        except Refused as refused:
            form = self._form(schedule, cron, enabled, catch_up, refused.errors or {"cron": str(refused)})
            return make_response(form, 200)
        return done(url_for("ScheduleView.list"), _("The schedule is saved"))

    @expose("/preview/")
    @needs("can_edit")
    def preview(self) -> str:
        """The next three runs of an expression being typed, or what is wrong with it."""
        return self.render_template("jobs/preview.html", **preview_of(request.args.get("cron", "")[:100]))

    @expose("/run/<int:pk>", methods=["POST"])
    @needs("can_edit")
    def run(self, pk: int) -> Response:
        """Run a scheduled task now, beside its schedule."""
        wanted(pk)
        try:
            job_id = run_schedule_now(pk)
        except Refused as refused:
            return done(url_for("ScheduleView.list"), str(refused), "danger")
        return done(url_for("JobView.show", pk=job_id))

    def _form(
        self, schedule: Schedule, cron: str, enabled: bool, catch_up: str, errors: dict[str, Any]
    ) -> str:
        return str(
            self.render_template(
                "jobs/schedule_form.html",
                schedule=schedule,
                label=label_of(schedule.name),
                cron=cron,
                enabled=enabled,
                catch_up=catch_up,
                catch_ups=CATCH_UPS,
                errors=errors,
                timezone=context().site.timezone,
                **preview_of(cron),
            )
        )


def wanted(pk: int) -> Schedule:
    """The schedule, else the 404 page."""
    schedule = find_schedule(pk) if 0 < pk < 2**31 else None
    if schedule is None:
        abort(404)
    return schedule


def label_of(name: str) -> str:
    """What people call a scheduled task; its name while its module is off."""
    spec = context().jobs.get(name)
    return str(spec.label) if spec is not None else name


def preview_of(text: str) -> dict[str, Any]:
    """The words for an expression and its next three runs, or the reason it cannot be read."""
    try:
        cron = checked_cron(text)
    except Refused as refused:
        return {"words": "", "runs": [], "refusal": str(refused.reason)}
    runs = [moment_text(moment, site_zone()) for moment in upcoming(cron, now(), site_zone())]
    return {"words": cron_text(cron), "runs": runs, "refusal": ""}


def last_runs(schedule_ids: list[int]) -> dict[int, Any]:
    """The last run that each schedule made, in one statement; about runs, so it tells no task's content."""
    latest = (
        select(func.max(JOBS.c.id)).where(JOBS.c.schedule_id.in_(schedule_ids)).group_by(JOBS.c.schedule_id)
    )
    columns = (JOBS.c.id, JOBS.c.schedule_id, JOBS.c.status, JOBS.c.seconds, JOBS.c.created_at)
    rows = session.connection().execute(select(*columns).where(JOBS.c.id.in_(latest)))
    return {row.schedule_id: row for row in rows}


def shown_line(schedule: Schedule, last: Any) -> Line:
    """A schedule as the list shows it."""
    status = next((choice for choice in STATUSES if last is not None and choice.value == last.status), None)
    may_open = last is not None and require_actor().can("can_list_all", "JobView")
    try:
        cron = read_cron(schedule.cron)
        words, coming = cron_text(cron), moment_text(upcoming(cron, now(), site_zone(), 1)[0], site_zone())
    except CronError:
        words, coming = schedule.cron, ""
    is_known = schedule.name in context().jobs
    return Line(
        id=schedule.id,
        label=label_of(schedule.name),
        name=schedule.name,
        cron=schedule.cron,
        words=words,
        enabled=schedule.enabled,
        is_known=is_known,
        next=coming if schedule.enabled and is_known else "",
        last=moment_text(last.created_at, zone()) if last is not None else "",
        last_label=str(status.label) if status else "",
        last_colour=status.colour if status else "",
        last_took=duration_text(last.seconds) if last is not None and last.seconds is not None else "",
        last_url=url_for("JobView.show", pk=last.id) if may_open else None,
    )
