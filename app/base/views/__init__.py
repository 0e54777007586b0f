"""The screens every entity has: list, filter, form, detail, pickers, bulk acts."""
