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

RISK_OFFICER = RoleTemplate(
    slug="risk_officer",
    label=_l("Risk officer"),
    description=_l("Reads the customers of the own unit and below to judge risks; changes none."),
    permissions={
        "CustomerView": (*_READ, "can_export"),
        "ContactView": _READ,
        "CustomerOwnershipView": _READ,
        "ActivityView": _READ,
        "UnitView": _READ,
        "EmployeeView": _READ,
    },
    scopes={"customer": Scope.UNIT_AND_BELOW},
)

FINANCE = RoleTemplate(
    slug="finance",
    label=_l("Finance"),
    description=_l("Reads customers for payments and statements; changes none."),
    permissions={
        "CustomerView": (*_READ, "can_export"),
        "ContactView": _READ,
        "UnitView": _READ,
        "EmployeeView": _READ,
    },
    scopes={"customer": Scope.ALL},
)

MANAGEMENT = RoleTemplate(
    slug="management",
    label=_l("Senior management"),
    description=_l("Sees everything of the business, changes nothing."),
    permissions={
        "CustomerView": (*_READ, "can_export"),
        "ContactView": (*_READ, "can_export"),
        "CustomerShareView": _READ,
        "CustomerOwnershipView": (*_READ, "can_export"),
        "ActivityView": (*_READ, "can_export"),
        "UnitView": _READ,
        "EmployeeView": _READ,
    },
    scopes={"customer": Scope.ALL},
)

BUSINESS_ADMIN = RoleTemplate(
    slug="business_admin",
    label=_l("Business administrator"),
    description=_l("Keeps the organisation and all customer data in order; gives no rights."),
    permissions={
        "CustomerView": (*_WRITE, "can_delete", "can_assign", "can_share", "can_export", "can_import"),
        "ContactView": (*_WRITE, "can_delete", "can_export", "can_import"),
        "CustomerShareView": (*_WRITE, "can_delete"),
        "CustomerOwnershipView": (*_READ, "can_export"),
        "ActivityView": (*_WRITE, "can_delete", "can_export", "can_import"),
        "UnitView": (*_WRITE, "can_delete", "can_move", "can_export", "can_import"),
        "EmployeeView": (*_WRITE, "can_delete", "can_export", "can_import"),
        "PostView": (*_WRITE, "can_delete"),
        "ViewAsView": ("can_start",),
    },
    scopes={"customer": Scope.ALL},
)

CONSULTANT = RoleTemplate(
    slug="consultant",
    administers=True,
    label=_l("System administrator"),
    description=_l("Sets modules, schedules and interfaces up; sees no customers and gives no rights."),
    permissions={
        "ModuleView": ("can_list", "can_edit"),
        "JobView": _READ,
        "ScheduleView": ("can_list", "can_edit"),
        "KeyView": ("can_list", "can_add", "can_delete"),
        "UnitView": _READ,
        "EmployeeView": _READ,
    },
)

SECURITY_ADMIN = RoleTemplate(
    slug="security_admin",
    administers=True,
    label=_l("Security administrator"),
    description=_l("Makes logins and roles, within what they hold themselves or may give; sees no customers."),
    permissions={
        "RoleView": ("can_list", "can_add", "can_edit", "can_delete"),
        "AccountView": ("can_list", "can_add", "can_edit"),
        "ExportLogView": ("can_list",),
        "UnitView": _READ,
        "EmployeeView": _READ,
    },
)

AUDIT_ADMIN = RoleTemplate(
    slug="audit_admin",
    administers=True,
    label=_l("Audit administrator"),
    description=_l("Reads the audit log; changes nothing."),
    permissions={
        "AuditView": ("can_list", "can_export"),
        "ExportLogView": ("can_list",),
        "UnitView": _READ,
        "EmployeeView": _READ,
    },
)

KERNEL_TEMPLATES = (
    ACCOUNT_MANAGER,
    DEPARTMENT_HEAD,
    CITY_MANAGER,
    RISK_OFFICER,
    FINANCE,
    MANAGEMENT,
    BUSINESS_ADMIN,
    CONSULTANT,
    SECURITY_ADMIN,
    AUDIT_ADMIN,
)
