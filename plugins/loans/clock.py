"""The business day of a site."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from app.api import context, now


def today() -> date:
    """Today in the site's time zone."""
    return now().astimezone(ZoneInfo(context().site.timezone)).date()
