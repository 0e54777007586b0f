"""What the kernel's roles may do in pools."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.types import RoleTemplate, Scope

_READ = ("can_list", "can_show")
_LEDGER = {"PoolsMovementView": _READ}
_REFERENCE = {"PoolsPoolView": _READ, "PoolsRuleView": _READ}
_BOARD = {"PoolsBoardView": ("can_list",)}
_HEAD = {
    **_BOARD,
    "PoolsEntryView": (*_READ, "can_export", "can_claim", "can_assign", "can_return"),
    "PoolsMovementView": (*_READ, "can_export"),
    "PoolsPoolView": _READ,
    "PoolsRuleView": (*_READ, "can_preview"),
}

ROLE_TEMPLATES = (
    # sees and claims what lies in the claimable pools of the own unit and of the units above it
    RoleTemplate(
        "account_manager",
        "",
        {"PoolsEntryView": (*_READ, "can_claim"), **_LEDGER, **_REFERENCE},
    ),
    RoleTemplate("department_head", "", _HEAD, {"pools_entry": Scope.UNIT}),
    RoleTemplate("city_manager", "", _HEAD, {"pools_entry": Scope.UNIT_AND_BELOW}),
    RoleTemplate(
        "business_admin",
        _l("Business administrator"),
        {
            **_BOARD,
            "PoolsEntryView": _READ,
            "PoolsMovementView": _READ,
            "PoolsPoolView": (*_READ, "can_add", "can_edit", "can_delete", "can_export", "can_import"),
            "PoolsRuleView": (*_READ, "can_add", "can_edit", "can_preview", "can_run"),
        },
        {"pools_entry": Scope.ALL},
    ),
)
