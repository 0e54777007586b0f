"""Conditions joined by and / or: how they are written in an address."""
