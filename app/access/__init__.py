"""Who may see and do what: actors, row scope at the session, the audit log."""
