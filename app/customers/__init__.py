"""Customers, contacts, ownership (CUS-1, 3, 4, 5, 8)."""
