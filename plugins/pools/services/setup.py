"""Writing pool rules: what a rule may say, and what it said under each version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.api import Unit, check_condition, context, require_actor, transaction
from app.types import Refused
from plugins.pools.models import Pool, PoolRule, PoolRuleVersion
from plugins.pools.rules import draws_from, missing_steps
from plugins.pools.services.reach import settle
from plugins.pools.services.reckoning import reckon_soon

#: What a version keeps of a rule: everything but its key and number.
KEPT = tuple(column.name for column in PoolRule.__table__.columns if column.name not in ("id", "version"))


def write_rule(values: dict[str, Any]) -> PoolRule:
    """Store a new rule as its first version. Raises `Refused` by field, for a unit beyond the actor's reach, too."""
    with transaction() as current:
        rule = PoolRule(**_checked(current, {"active": True, "trigger": "follow_up", **values}, values))
        current.add(rule)
        settle(current, rule)
        _keep_version(current, rule)
        reckon_soon(f"rule.{rule.id}.{rule.version}")
    return rule


def change_rule(rule: PoolRule, values: dict[str, Any]) -> None:
    """Change a rule; its version goes up and is kept, so that the ledger's rule and version can be read for good.

    Raises `Refused` by field, for a unit beyond the actor's reach, too.
    """
    with transaction() as current:
        before = rule.version
        for name, value in _checked(current, {**document_of(rule), **values}, values).items():
            setattr(rule, name, value)
        settle(current, rule)
        if rule.version != before:
            _keep_version(current, rule)
            reckon_soon(f"rule.{rule.id}.{rule.version}")


def document_of(rule: PoolRule) -> dict[str, Any]:
    """What a rule says, by column."""
    return {name: getattr(rule, name) for name in KEPT}


def _keep_version(current: Session, rule: PoolRule) -> None:
    current.flush()
    said = {name: str(value) if isinstance(value, date) else value for name, value in document_of(rule).items()}
    by = require_actor().user_id
    current.add(PoolRuleVersion(rule_id=rule.id, version=rule.version, document=said, by_user_id=by))
    current.flush()


def _checked(current: Session, said: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """The values to write, given what the whole rule will say."""
    refuse_faults(said)
    fresh = dict(values)
    if "condition" in values:
        fresh["condition"] = check_condition("customer", values["condition"] or "", "condition")
    if "spared_levels" in values:
        fresh["spared_levels"] = list(values["spared_levels"] or ())
    return fresh | _place(current, said)


def refuse_faults(said: Mapping[str, Any]) -> None:
    """Raise `Refused`, by field, for rungs and clocks that make no ladder."""
    if errors := _faults(said):
        raise Refused(errors=errors)


def _faults(said: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the rungs, by field."""
    wrong: dict[str, str] = {}
    protects = said["trigger"] == "protection"
    if protects and not said.get("protect_days"):
        wrong["protect_days"] = _("Say how long a customer is protected")
    if protects and (said.get("hard_stop_days") or said.get("protect_days") or 0) < (said.get("protect_days") or 0):
        wrong["hard_stop_days"] = _("Not before the protection ends by itself")
    if not protects and not any(said.get(name) for name in ("amber_days", "red_days", "pool_days")):
        wrong["pool_days"] = _("Without any step the rule does nothing")
    if said.get("city_days") and not said.get("pool_days"):
        wrong["city_days"] = _("Nobody gets there without a step into the pool")
    known = {"follow_up", "owned", "protection", *context().metrics}
    if said["trigger"] not in known:
        wrong["trigger"] = _("This is not something a clock can count from")
    missing = _("The rule does not take this step: nobody can be reminded of it")
    return wrong | dict.fromkeys(missing_steps(said), missing)


def _place(current: Session, said: Mapping[str, Any]) -> dict[str, Any]:
    """The unit the rule is about: that of its pool where it names none. Nobody's customers end in a strange branch."""
    unit = current.get_one(Unit, said["unit_id"]) if said.get("unit_id") is not None else None
    for name in ("pool_id", "city_pool_id"):
        pool = current.get_one(Pool, said[name]) if said.get(name) is not None else None
        if pool is None:
            continue
        if draws_from(unit.path if unit is not None else None, pool.unit.path) is None:
            raise Refused(_("The pool must belong to this unit or to one above it"), field=name)
        unit = unit or pool.unit
    return {"unit_id": unit.id} if unit is not None else {}


__all__ = ["KEPT", "change_rule", "document_of", "refuse_faults", "write_rule"]
