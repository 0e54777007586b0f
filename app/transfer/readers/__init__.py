"""From an uploaded file of any usual kind to rows: what it is is decided by its content, never by its
name."""
