"""Institutions, employees, posts (ORG-1, ORG-2)."""
