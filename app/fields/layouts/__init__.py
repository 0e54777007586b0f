"""Layouts: how business admins arrange forms, pages and lists, per role and per value of one choice field."""
