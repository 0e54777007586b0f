"""The start page and what a person arranges for the own work."""
