"""What the kernel's roles may do in pools."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.types import RoleTemplate, Scope

_READ = ("can_list", "can_show")
_LEDGER = {"PoolsMovementView": _READ}
_REFERENCE = {"PoolsMemberView": _READ, "PoolsPoolView": _READ, "PoolsRuleView": _READ}
_BOARD = {"PoolsBoardView": ("can_list",)}
#: What a head does with customers of the unit, in a pool or not.
_STEERS = ("can_assign", "can_return", "can_release", "can_keep", "can_lock", "can_close")
_HEAD = {
    **_BOARD,
    "PoolsEntryView": (*_READ, "can_export", "can_import", "can_claim", "can_ask", *_STEERS),
    "PoolsKeepView": (*_READ, "can_export", "can_decide", "can_withdraw"),
    "PoolsMovementView": (*_READ, "can_export"),
    "PoolsMemberView": _READ,
    "PoolsPoolView": _READ,
    "PoolsRuleView": (*_READ, "can_preview", "can_export"),
}

ROLE_TEMPLATES = (
    # sees and claims what lies in the claimable pools of the own unit and of the units above it
    RoleTemplate(
        "account_manager",
        "",
        {
            "PoolsEntryView": (*_READ, "can_claim", "can_ask", "can_release"),
            "PoolsKeepView": (*_READ, "can_withdraw"),
            **_LEDGER,
            **_REFERENCE,
        },
        {"pools_keep": Scope.OWN},
    ),
    RoleTemplate("department_head", "", _HEAD, {"pools_entry": Scope.UNIT, "pools_keep": Scope.UNIT}),
    RoleTemplate(
        "city_manager",
        "",
        {**_HEAD, "PoolsMovementView": (*_READ, "can_export", "can_reverse"), "PoolsRunView": _READ},
        {"pools_entry": Scope.UNIT_AND_BELOW, "pools_keep": Scope.UNIT_AND_BELOW},
    ),
    RoleTemplate(
        "business_admin",
        _l("Business administrator"),
        {
            **_BOARD,
            "PoolsEntryView": _READ,
            "PoolsKeepView": _READ,
            "PoolsMovementView": (*_READ, "can_export", "can_reverse"),
            "PoolsRunView": (*_READ, "can_reverse"),
            "PoolsMemberView": (*_READ, "can_add", "can_edit", "can_delete", "can_export", "can_import"),
            "PoolsPoolView": (*_READ, "can_add", "can_edit", "can_delete", "can_export", "can_import"),
            "PoolsRuleView": (*_READ, "can_add", "can_edit", "can_preview", "can_export", "can_run"),
        },
        dict.fromkeys(("pools_entry", "pools_keep", "pools_pool", "pools_rule"), Scope.ALL),
    ),
)
