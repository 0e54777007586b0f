"""The module's settings."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.types import Kind, Setting

SETTINGS = (
    Setting(
        "${slug}.grace_days",
        _l("Days of grace"),
        Kind.INTEGER,
        0,
        help=_l("An item counts as overdue only after so many days."),
        minimum=0,
        maximum=365,
    ),
)
