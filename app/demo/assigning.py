"""Assignment rules of the made-up bank: two in force every night, one to look at before it is switched on."""

from __future__ import annotations

from app.customers.assignment.setup import change_rule, write_rule, write_target
from app.demo.staff import Bank


def make_rules(bank: Bank) -> None:
    """Online customers in turn, everybody else by region, companies of one branch by load (not in force)."""
    at = {"on_create": False, "on_demand": True, "nightly": True}
    online = write_rule({"name": "线上客户轮流", "method": "round_robin", "condition": "f.source=online", **at})
    for manager in [place.managers[0] for place in bank.places[:5]]:
        write_target({"rule_id": online.id, "way": "person", "employee_id": manager.id})
    region = write_rule(
        {
            "name": "个人客户按地区", "method": "region", "condition": "f.kind=personal", "most": 400,
            "fallback": "head", **at,
        }
    )  # fmt: skip
    for place in bank.places:
        write_target({"rule_id": region.id, "key": place.division, "way": "unit", "unit_id": place.unit.id})
    for rule in (online, region):
        change_rule(rule, {"active": True})
    branch = bank.branches[1]
    load = write_rule(
        {
            "name": "企业客户均衡分配", "method": "load", "unit_id": branch.id, "condition": "f.kind=corporate",
            "most": 300, **at,
        }
    )  # fmt: skip
    for place in bank.places:
        if place.unit.path.startswith(branch.path):
            for weight, manager in enumerate(place.managers[:2], 1):
                write_target({"rule_id": load.id, "way": "person", "employee_id": manager.id, "weight": weight})
