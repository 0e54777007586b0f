"""Another kind for a field that has values already: tried on all records first, then changed in one step (ADR 0058)."""
