"""The roles the kernel ships, to clone from on the matrix screen; modules add to them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.types import RoleTemplate, Scope

_READ = ("can_list", "can_show")
_WRITE = (*_READ, "can_add", "can_edit")

ACCOUNT_MANAGER = RoleTemplate(
    slug="account_manager",
    label=_l("Account manager"),
    description=_l("Looks after the own customers and those colleagues share."),
    permissions={
        "CustomerView": _WRITE,
        "ContactView": (*_WRITE, "can_delete"),
        "CustomerShareView": (*_WRITE, "can_delete"),
        "CustomerOwnershipView": _READ,
        "ActivityView": _WRITE,
        "UnitView": _READ,
        "EmployeeView": _READ,
    },
    scopes={"customer": Scope.SHARED},
)

DEPARTMENT_HEAD = RoleTemplate(
    slug="department_head",
    label=_l("Department head"),
    description=_l("Sees and steers the customers of the own unit."),
    permissions={
        **ACCOUNT_MANAGER.permissions,
        "CustomerView": (*_WRITE, "can_export", "can_import"),
        "ActivityView": (*_WRITE, "can_export", "can_import"),
    },
    scopes={"customer": Scope.UNIT},
)

CITY_MANAGER = RoleTemplate(
    slug="city_manager",
    label=_l("City manager"),
    description=_l("Sees and steers the customers of the own unit and of all units below."),
    permissions=DEPARTMENT_HEAD.permissions,
    scopes={"customer": Scope.UNIT_AND_BELOW},
)

KERNEL_TEMPLATES = (ACCOUNT_MANAGER, DEPARTMENT_HEAD, CITY_MANAGER)
