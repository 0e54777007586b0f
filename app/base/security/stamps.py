"""What ties a session or token to the password it was given for, and when a password is to be changed first.

A password somebody else has set, and one that has expired, is to be changed before anything else is done with it.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from app.access.preferences import preference
from app.access.signin.history import password_set_at
from app.access.signin.rules import is_expired
from app.access.signin.settings import policy
from app.base.views.formats import moment_text
from app.db import now
from app.host.context import context
from app.types import Actor

#: The person's setting that says somebody else has set the password: True, or who and when (`set_by`).
MUST_CHANGE = "must_change_password"


def stamp_of(user: Any) -> str:
    """A short MAC over the login and its password's hash, under the site's secret."""
    secret = f"stamp:{context().site.secret}".encode()
    return hmac.new(secret, f"{user.id}:{user.password}".encode(), hashlib.sha256).hexdigest()[:24]


def fits(user: Any, stamp: Any) -> bool:
    """Whether a session or token with this stamp still counts for the login."""
    return isinstance(stamp, str) and hmac.compare_digest(stamp, stamp_of(user))


def set_by(actor: Actor) -> dict[str, str]:
    """Who has set a password for somebody else, and when, as the person's setting keeps it."""
    return {"by": actor.name, "at": now().isoformat(timespec="seconds")}


def why_change(user_id: int) -> str:
    """Why the login's password is to be changed first, in the person's language; empty when it is not."""
    said = preference(MUST_CHANGE, user_id=user_id)
    if isinstance(said, dict):
        return _(
            "Your password was reset by %(name)s on %(moment)s. If you have not asked for it, tell the security "
            "administrator. Please choose a password of your own first.",
            name=said["by"],
            moment=moment_text(datetime.fromisoformat(said["at"]), ZoneInfo(_zone_of(user_id))),
        )
    if said:
        return _("Please choose a password of your own first.")
    set_at = password_set_at(user_id)
    if set_at is not None and is_expired(set_at, now(), policy().expiry_days):
        return _("Your password has expired; please choose a new one.")
    return ""


def _zone_of(user_id: int) -> str:
    return preference("timezone", user_id=user_id) or context().site.timezone
