"""Showing one masked value (查看明文): with a reason, so many an hour, and written down; the value itself is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.models import AuditEntry, AuditHead
from app.access.policy import title_text
from app.db import now, transaction
from app.host.settings import setting
from app.types import Entity, Field, Kind, Level, Refused, Setting

#: How the log calls it.
ACTION = "unmask"
PER_HOUR = "access.unmask_per_hour"
LEAST_REASON, LONGEST_REASON = 4, 200
SETTINGS = (
    Setting(
        PER_HOUR,
        _l("Masked values one person may show in an hour"),
        Kind.INTEGER,
        20,
        help=_l("0 means none"),
        minimum=0,
        maximum=1000,
    ),
)


def unmask(entity: Entity, record: Any, field: Field, reason: str) -> Any:
    """The value of a field the actor sees masked, of a record within the scope.

    `field` is as the actor sees it. Raises `LookupError` for one that is not masked to the actor, and `Refused`
    without a reason or beyond the hour's number: then nothing is shown and nothing written.
    """
    if field.level is not Level.MASKED:
        raise LookupError(field.name)
    said = " ".join(reason.split())
    if not LEAST_REASON <= len(said) <= LONGEST_REASON:
        text = _("Say why, in %(least)s to %(most)s characters", least=LEAST_REASON, most=LONGEST_REASON)
        raise Refused(text, field="reason")
    with transaction() as current:
        # Whoever writes the log holds its head: two requests at once cannot both be the last one allowed.
        current.execute(select(AuditHead.id).with_for_update())
        actor, most = require_actor(), setting(PER_HOUR)
        lately = select(func.count()).where(
            AuditEntry.user_id == actor.user_id,
            AuditEntry.action == ACTION,
            AuditEntry.at > now() - timedelta(hours=1),
        )
        if (current.scalar(lately) or 0) >= most:
            raise Refused(_("You have shown %(count)s values within an hour; more are not allowed", count=most))
        label = title_text(entity, getattr(record, entity.title, None), record.id)
        seen = {"field": [None, field.name], "reason": [None, said]}
        record_acts(current, [Act(ACTION, entity.slug, str(record.id), label, seen)])
    return getattr(record, field.name)
