"""Row scope (数据权限): one condition per entity and actor, applied at the session to every ORM statement.

`conditions` says which rows; Core statements and exports ask it with `scope_condition`. `statements` puts the
same conditions on what goes through the session.
"""

from __future__ import annotations

from app.access.scope.conditions import held_condition, place_conditions, scope_condition
from app.access.scope.statements import UNSCOPED, UnscopedStatement
from app.access.scope.units import units_below

__all__ = ["UNSCOPED", "UnscopedStatement", "held_condition", "place_conditions", "scope_condition", "units_below"]
