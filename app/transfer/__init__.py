"""Import, export, attachments."""
