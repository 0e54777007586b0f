"""Measurements at a million customers: ratios to a baseline taken in the same run (`make bench`)."""
