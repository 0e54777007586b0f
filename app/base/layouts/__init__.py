"""The screens where business admins arrange forms, pages and lists: editing, preview, publishing, history."""
