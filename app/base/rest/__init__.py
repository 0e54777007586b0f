"""The REST resources every entity has."""
