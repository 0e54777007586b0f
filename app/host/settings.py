"""Module settings of a site: read with their defaults, written with their limits checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import g, has_request_context
from flask_babel import gettext as _
from sqlalchemy import select

from app.db import session, transaction
from app.host.context import context
from app.host.models import HostSetting
from app.types import Kind, Refused, Setting

#: Kinds kept exactly: as text in the database, as `Decimal` in use.
DECIMALS = frozenset({Kind.DECIMAL, Kind.MONEY, Kind.PERCENT})


def setting(name: str) -> Any:
    """The value of a setting in this site. Raises `KeyError` for one that no enabled module has."""
    declared = context().settings[name]
    stored = _stored()
    if name not in stored:
        return declared.default
    return Decimal(stored[name]) if declared.kind in DECIMALS else stored[name]


def change_settings(values: Mapping[str, str]) -> dict[str, list[Any]]:
    """Store settings typed by an admin; returns what changed as {name: [from, to]}.

    Exact numbers are text in what is returned, as the audit log keeps them. Raises `Refused` with one reason
    per wrong setting; nothing is then stored.
    """
    typed: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for name, text in values.items():
        declared = context().settings.get(name)
        if declared is None:
            errors[name] = _("There is no setting of this name")
            continue
        try:
            typed[name] = read_setting(declared, text)
        except Refused as refused:
            errors[name] = refused.reason
    if errors:
        raise Refused(errors=errors)
    changed = {name: [setting(name), value] for name, value in typed.items() if setting(name) != value}
    with transaction() as current:
        for name, (_before, after) in changed.items():
            current.merge(HostSetting(name=name, value=json.dumps(after, default=str)))
    if has_request_context():
        g.pop("host_settings", None)
    return {name: [_plain(before), _plain(after)] for name, (before, after) in changed.items()}


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def read_setting(declared: Setting, text: str) -> Any:
    """The typed value of what was typed. Raises `Refused` saying what is allowed."""
    if declared.kind is Kind.BOOLEAN:
        return text.strip().lower() in ("1", "true", "on", "yes")
    if declared.kind is Kind.INTEGER:
        try:
            number = int(text)
        except ValueError:
            raise Refused(_("This is not a whole number")) from None
        low, high = declared.minimum, declared.maximum
        if (low is not None and number < low) or (high is not None and number > high):
            raise Refused(_("Use a number from %(low)s to %(high)s", low=low, high=high))
        return number
    if declared.kind in DECIMALS:
        return _read_decimal(declared, text)
    if declared.kind is Kind.CHOICE and text not in {choice.value for choice in declared.choices}:
        raise Refused(_("This is not one of the choices"))
    return text


def _read_decimal(declared: Setting, text: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise Refused(_("This is not a number")) from None
    low, high = declared.minimum, declared.maximum
    below, above = low is not None and number < low, high is not None and number > high
    if not number.is_finite() or below or above:
        raise Refused(_("Use a number from %(low)s to %(high)s", low=low, high=high))
    return number


def _stored() -> dict[str, Any]:
    """What the site has stored, read once per request."""
    if not has_request_context():
        return _read()
    if "host_settings" not in g:
        g.host_settings = _read()
    found: dict[str, Any] = g.host_settings
    return found


def _read() -> dict[str, Any]:
    rows = session.execute(select(HostSetting.name, HostSetting.value))
    return {name: json.loads(value) for name, value in rows}
