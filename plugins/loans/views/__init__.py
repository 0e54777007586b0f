"""The screens of loans."""

from __future__ import annotations

from plugins.loans.views.applications import LoansApplicationView
from plugins.loans.views.developments import LoansDevelopmentView
from plugins.loans.views.tables import schedule_table

__all__ = ["LoansApplicationView", "LoansDevelopmentView", "schedule_table"]
