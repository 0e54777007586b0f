"""The module's settings, edited on screen per site."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.types import Choice, Kind, Setting
from plugins.pools.rules import MOST_DAYS_AHEAD

SETTINGS = (
    Setting(
        "pools.remind_days",
        _l("Days before each step on which account managers are reminded of it"),
        Kind.INTEGER,
        3,
        help=_l("A rule may say otherwise for each of its steps. 0 means no reminder"),
        minimum=0,
        maximum=MOST_DAYS_AHEAD,
    ),
    Setting(
        "pools.remind_head_days",
        _l("Days before each step on which heads are reminded of it"),
        Kind.INTEGER,
        1,
        help=_l("A rule may say otherwise for each of its steps. 0 means no reminder"),
        minimum=0,
        maximum=MOST_DAYS_AHEAD,
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
    Setting(
        "pools.over_limit",
        _l("When somebody is given more customers from a pool than they may own"),
        Kind.CHOICE,
        "warn",
        choices=(
            Choice("ignore", _l("Give them all the same")),
            Choice("warn", _l("Give them and say so")),
            Choice("refuse", _l("Leave them in the pool")),
        ),
    ),
    Setting(
        "pools.keeps",
        _l("Applications to keep a customer, at most"),
        Kind.INTEGER,
        2,
        minimum=0,
        maximum=100,
    ),
    Setting(
        "pools.keep_per",
        _l("Applications are counted"),
        Kind.CHOICE,
        "customer",
        choices=(
            Choice("customer", _l("For as long as somebody owns the customer")),
            Choice("period", _l("Within a period")),
        ),
    ),
    Setting(
        "pools.keep_period_days",
        _l("Days of that period"),
        Kind.INTEGER,
        90,
        minimum=1,
        maximum=3650,
    ),
    Setting(
        "pools.keep_amber",
        _l("Amber customers may be kept, too"),
        Kind.BOOLEAN,
        False,
    ),
)
