"""Our security manager: one permission query per request, the actor, logins."""
