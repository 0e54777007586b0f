"""What signing in needs besides a login: the rules for passwords, earlier passwords, locks after failures."""
