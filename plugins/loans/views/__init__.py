"""The screens of loans."""

from __future__ import annotations

from plugins.loans.views.applications import LoansApplicationView
from plugins.loans.views.developments import LoansDevelopmentView
from plugins.loans.views.tables import difference_table, schedule_table

__all__ = ["LoansApplicationView", "LoansDevelopmentView", "difference_table", "schedule_table"]
