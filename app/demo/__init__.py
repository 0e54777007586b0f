"""A made-up bank to look at: deterministic demonstration data, written by the product's own verbs."""
