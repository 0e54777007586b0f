"""Pools (客户池): no customer is forgotten, and everyone can see why one moved."""
