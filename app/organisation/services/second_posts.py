"""Second posts where rights are given by approval (docs/adr/0064): asked for, and added at the end of the case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from app.base.security.roles.asking import ACT, SUBJECT, both_names
from app.db import session, transaction
from app.fields.gate import ask_act
from app.fields.records import create_record, find_record
from app.host.context import entity
from app.organisation.models import Employee, Unit
from app.organisation.services.staff import check_post
from app.types import Held, Refused


def ask_post(employee: Employee, values: Mapping[str, Any]) -> Held | None:
    """The approval that stands for a second post (`values`: unit_id, role_id, title); None: none is wanted.

    Raises `Refused` as adding it would.
    """
    with transaction() as current:
        check_post(current, {**values, "employee_id": employee.id})
        unit = current.get_one(Unit, values["unit_id"])
        payload = {
            "kind": "post",
            "employee": {"id": employee.id, "name": employee.name, "code": employee.code},
            "values": {name: values.get(name) for name in ("unit_id", "role_id", "title")},
            "names": {"unit": unit.name, "role": both_names([values["role_id"]])[str(values["role_id"])]},
            "concerns": [employee.id],
        }
        return ask_act(SUBJECT, ACT, None, employee.name, payload)


def carry_out_post(payload: Mapping[str, Any]) -> None:
    """Add the second post that was asked for. Raises `Refused` as adding it by hand would."""
    asked, values = payload["employee"], payload["values"]
    employee = find_record(entity("employee"), asked["id"], write=True)
    unit = session.get(Unit, values["unit_id"])
    if employee is None or employee.code != asked["code"] or unit is None:
        raise Refused(_("The employee or the unit is not there any more, or out of reach"))
    create_record(entity("post"), {"employee_id": employee.id, **values})


__all__ = ["ask_post", "carry_out_post"]
