"""Durable jobs: rows with leases, RQ carrying hints."""
