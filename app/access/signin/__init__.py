"""What signing in needs besides a login: the rules, earlier passwords, locks after failures, sessions."""
