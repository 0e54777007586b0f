"""A rule by attribute goes by a choice field an admin added, and outlives its being taken out of use."""

from __future__ import annotations

from flask import Flask

from app.host.context import entity
from app.testing.people import People
from tests.kernel.customers.assignment.cases import ask, make_rule, owners, person, unowned
from tests.kernel.fields.shaping import add_fields, rebuilt
from tests.kernel.fields.test_shaping import change


def test_by_a_custom_choice(app: Flask, people: People) -> None:
    add_fields({"key": "x_segment", "label_zh": "客群", "kind": "choice", "choices": "farm | 农户\nshop | 商户"})
    with rebuilt(app):
        offered = entity("assignment_rule").field("by_field")
        assert offered is not None and [c.value for c in offered.choices][-1] == "x_segment"
        make_rule("attribute", person(people.manager, key="farm"), by_field="x_segment")
        farm, shop = (unowned(1, people.north, x_segment=value)[0] for value in ("farm", "shop"))
        ask()
        assert owners(farm, shop) == [people.manager.employee_id, None]
        change("x_segment", active=False)
    with rebuilt(app):
        again = unowned(1, people.north)[0]
        ask()
        assert owners(again) == [None]
