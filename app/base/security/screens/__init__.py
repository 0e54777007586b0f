"""The screens of roles, logins and API keys (SEC-1, API-1)."""

from __future__ import annotations

from app.base.security.screens.accounts import AccountView
from app.base.security.screens.delegation import DelegationView
from app.base.security.screens.explaining import ExplainView
from app.base.security.screens.factor import FactorView
from app.base.security.screens.keys import KeyView
from app.base.security.screens.roles import RoleView
from app.base.security.screens.sessions import SessionView
from app.base.security.screens.viewing import ViewAsView

__all__ = [
    "AccountView",
    "DelegationView",
    "ExplainView",
    "FactorView",
    "KeyView",
    "RoleView",
    "SessionView",
    "ViewAsView",
]
