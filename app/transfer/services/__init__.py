"""Verbs of import, export and attachments."""
