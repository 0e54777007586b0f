"""Old notices go by themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.db import now
from app.host.settings import setting
from app.jobs.removing import remove_rows
from app.jobs.services import Run
from app.notices.models import Message

KEEP_DAYS = "notices.keep_days"
#: Messages removed in one transaction, with whom they were said to.
BATCH = 500

_MESSAGE: Any = Message.__table__


def remove_old_notices(run: Run) -> dict[str, int]:
    """The job ``notices.tidy``: remove what was said more than ``notices.keep_days`` ago, read or not."""
    before = now() - timedelta(days=setting(KEEP_DAYS))
    old = select(_MESSAGE.c.id).where(_MESSAGE.c.created_at < before).order_by(_MESSAGE.c.created_at)
    return remove_rows(run, _MESSAGE, old, BATCH)
