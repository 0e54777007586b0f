"""The screens of background work."""

from app.jobs.views.jobs import JobView
from app.jobs.views.schedules import ScheduleView

__all__ = ["JobView", "ScheduleView"]
