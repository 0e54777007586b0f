"""Sites, modules, hooks, migrations and the live app swap."""
