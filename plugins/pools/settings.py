"""The module's settings, edited on screen per site."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.types import Kind, Setting

SETTINGS = (
    Setting(
        "pools.remind_days",
        _l("Days ahead people are reminded of the next step"),
        Kind.INTEGER,
        3,
        minimum=1,
        maximum=60,
    ),
    Setting(
        "pools.claims_per_day",
        _l("Claims per person and day"),
        Kind.INTEGER,
        10,
        help=_l("0 means no limit"),
        minimum=0,
        maximum=1000,
    ),
    Setting(
        "pools.owned_limit",
        _l("Customers one person may own to be allowed to claim"),
        Kind.INTEGER,
        500,
        help=_l("0 means no limit"),
        minimum=0,
        maximum=100_000,
    ),
    Setting(
        "pools.cool_down_days",
        _l("Days before a former owner may claim the same customer again"),
        Kind.INTEGER,
        30,
        minimum=0,
        maximum=3650,
    ),
    Setting(
        "pools.reversed_days",
        _l("Days before the nightly run takes a customer again after a movement was taken back"),
        Kind.INTEGER,
        7,
        minimum=1,
        maximum=365,
    ),
)
