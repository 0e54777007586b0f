"""How many rows a role may take out of the product in one file."""
