"""Handing over work (ORG-4) and leaving (ORG-3): planned, previewed, done as one job, undone as a whole."""
