"""The screens of roles, logins and API keys (SEC-1, API-1)."""

from __future__ import annotations

from app.base.security.screens.accounts import AccountView
from app.base.security.screens.factor import FactorView
from app.base.security.screens.keys import KeyView
from app.base.security.screens.roles import RoleView
from app.base.security.screens.sessions import SessionView

__all__ = ["AccountView", "FactorView", "KeyView", "RoleView", "SessionView"]
