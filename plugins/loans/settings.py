"""The module's settings, edited on screen per site."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.types import Kind, Setting
from plugins.loans.rules import LONGEST_TERM_MONTHS
from plugins.loans.schemas import METHODS

SETTINGS = (
    Setting(
        "loans.method", _l("Repayment method of a new application"), Kind.CHOICE, "equal_instalment", choices=METHODS
    ),
    Setting(
        "loans.months",
        _l("Term of a new application in months"),
        Kind.INTEGER,
        12,
        minimum=1,
        maximum=LONGEST_TERM_MONTHS,
    ),
    Setting(
        "loans.rate_basis_points",
        _l("Annual rate of a new application in hundredths of a percent"),
        Kind.INTEGER,
        435,
        help=_l("435 means 4.35 percent"),
        minimum=0,
        maximum=10_000,
    ),
)
