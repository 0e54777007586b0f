"""Loans (信贷业务): business development, applications, repayment schedules."""
