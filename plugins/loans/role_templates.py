"""What the kernel's roles, and the risk officer, may do in loans."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.types import RoleTemplate, Scope

_READ = ("can_list", "can_show")
_EXPORT = (*_READ, "can_export")
_OWN = {
    "LoansDevelopmentView": (*_READ, "can_add", "can_edit", "can_move"),
    "LoansApplicationView": (*_READ, "can_add", "can_edit", "can_submit"),
    "LoansInstalmentView": _READ,
}
_HEAD = {
    "LoansDevelopmentView": (*_OWN["LoansDevelopmentView"], "can_export", "can_import"),
    "LoansApplicationView": (*_OWN["LoansApplicationView"], "can_export", "can_decide"),
    "LoansInstalmentView": _EXPORT,
}
_READS = {
    "LoansDevelopmentView": _READ,
    "LoansApplicationView": _READ,
    "LoansInstalmentView": _READ,
    "CustomerView": _READ,
    "UnitView": _READ,
    "EmployeeView": _READ,
}
_WATCH = {"LoansDevelopmentView": _EXPORT, "LoansApplicationView": _EXPORT, "LoansInstalmentView": _EXPORT}


def _scopes(scope: Scope) -> dict[str, Scope]:
    return {"loans_development": scope, "loans_application": scope}


ROLE_TEMPLATES = (
    RoleTemplate("account_manager", "", _OWN, _scopes(Scope.OWN)),
    RoleTemplate("department_head", "", _HEAD, _scopes(Scope.UNIT)),
    RoleTemplate("city_manager", "", _HEAD, _scopes(Scope.UNIT_AND_BELOW)),
    RoleTemplate(
        "risk_officer",
        _l("Risk officer"),
        {
            "LoansDevelopmentView": _READ,
            "LoansApplicationView": (*_EXPORT, "can_decide"),
            "LoansInstalmentView": _EXPORT,
            "CustomerView": _READ,
            "ContactView": _READ,
            "ActivityView": _READ,
            "UnitView": _READ,
            "EmployeeView": _READ,
            "JobView": _READ,
        },
        {**_scopes(Scope.UNIT_AND_BELOW), "customer": Scope.UNIT_AND_BELOW},
        _l("Decides on applications of the own unit and of all units below."),
    ),
    RoleTemplate(
        "loans_committee",
        _l("Loan committee"),
        {**_READS, "ApprovalView": ("can_list",)},
        {**_scopes(Scope.ALL), "customer": Scope.ALL},
        _l("Votes on large loans; reads the applications of the whole house and changes none."),
    ),
    RoleTemplate("finance", "", {"LoansApplicationView": _EXPORT, "LoansInstalmentView": _EXPORT}, _scopes(Scope.ALL)),
    RoleTemplate(
        "management",
        _l("Bank management"),
        _WATCH,
        _scopes(Scope.ALL),
        _l("Sees the figures of the whole house."),
    ),
)
