"""All suites share the kernel's pytest plugin."""

pytest_plugins = ["app.testing.plugin"]
