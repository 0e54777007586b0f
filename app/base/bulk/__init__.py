"""Changing many records at once: counted first, done by a durable job, told row by row, undone as a whole."""
