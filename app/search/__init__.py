"""Finding records by name in a million rows: tokens, the index, the condition."""
