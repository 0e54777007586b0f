"""The module's settings, edited on screen per site."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.types import Kind, Setting

SETTINGS = (
    Setting("ranking.gold_until", _l("Gold board: up to rank"), Kind.INTEGER, 1, minimum=1, maximum=100),
    Setting("ranking.silver_until", _l("Silver board: up to rank"), Kind.INTEGER, 2, minimum=1, maximum=100),
    Setting("ranking.bronze_until", _l("Bronze board: up to rank"), Kind.INTEGER, 3, minimum=1, maximum=100),
    Setting("ranking.bars", _l("People in the chart"), Kind.INTEGER, 20, minimum=3, maximum=50),
)
