"""What signing in needs besides a login: rules, earlier passwords, locks after failures, sessions, second factors."""
