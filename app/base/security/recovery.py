"""What keeps an administrator from taking over a login they manage, and lets its person notice (docs/adr/0045)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.access.actors import require_actor
from app.access.models import AuditEntry
from app.db import now, session
from app.host.settings import setting
from app.types import Kind, Refused, Setting

#: How the log calls the two acts that together open a login.
PASSWORD_RESET, FACTOR_RESET = "reset_password", "factor_reset"
HOURS = "access.two_person_hours"
SETTINGS = (
    Setting(
        HOURS,
        _l("Hours in which password and second factor of one login are not reset by the same administrator"),
        Kind.INTEGER,
        72,
        help=_l("0 lets one administrator do both"),
        minimum=0,
        maximum=2160,
    ),
)
#: What others do to a login that its person is shown, so far back, at most so many.
_TOLD = (PASSWORD_RESET, FACTOR_RESET, "set_password", "unlock", "end_session")
_TOLD_DAYS, _MOST = 90, 20


def refuse_both(user_id: int, other: str) -> None:
    """Refuse an act to whoever did the `other` of the two lately: a second administrator is needed."""
    hours = setting(HOURS)
    actor = require_actor()
    if not hours or actor.user_id is None:
        return
    did = select(AuditEntry.id).where(
        *_about(user_id),
        AuditEntry.action == other,
        AuditEntry.user_id == actor.user_id,
        AuditEntry.at > now() - timedelta(hours=hours),
    )
    if session.scalar(did.limit(1)) is None:
        return
    if other == PASSWORD_RESET:
        raise Refused(
            _(
                "You have reset this password within the last %(hours)s hours; another administrator "
                "resets the second factor",
                hours=hours,
            )
        )
    raise Refused(
        _(
            "You have reset this second factor within the last %(hours)s hours; another administrator "
            "resets the password",
            hours=hours,
        )
    )


def done_by_others(user_id: int) -> list[AuditEntry]:
    """What others did to a login of late, newest first: resets, unlocking, ended sessions."""
    others = select(AuditEntry).where(
        *_about(user_id),
        AuditEntry.action.in_(_TOLD),
        AuditEntry.user_id.is_distinct_from(user_id),
        AuditEntry.at > now() - timedelta(days=_TOLD_DAYS),
    )
    return list(session.scalars(others.order_by(AuditEntry.id.desc()).limit(_MOST)))


def _about(user_id: int) -> tuple[Any, ...]:
    return AuditEntry.entity == "user", AuditEntry.record_id == str(user_id)
