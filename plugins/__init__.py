"""The modules: one folder each, read by its `manifest.toml` before anything of it is imported."""
