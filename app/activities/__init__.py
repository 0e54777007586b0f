"""Follow-ups with customers (ACT-1)."""
