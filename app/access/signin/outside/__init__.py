"""Signing in by the client's directory or identity provider: LDAP, OpenID Connect, SAML, and who it is."""
