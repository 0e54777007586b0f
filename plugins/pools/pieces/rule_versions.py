"""The tab of a rule's page that tells what it said under each version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import select

from app.api import UNSCOPED, cell, moment_text, read_titles, require_actor, session
from app.types import Kind, Tab
from plugins.pools.models import PoolRule, PoolRuleVersion
from plugins.pools.schemas import RULE

#: Versions told of, the newest first.
MOST = 50

VERSIONS = Tab("pools_versions", _l("Versions"), lambda rule: versions(rule), "PoolsRuleView", order=60)


def versions(rule: PoolRule) -> Markup:
    """Each version with what it changed, the newest first."""
    statement = (
        select(PoolRuleVersion)
        .where(PoolRuleVersion.rule_id == rule.id)
        .order_by(PoolRuleVersion.version.desc())
        .limit(MOST + 1)
    )
    found = list(session.scalars(statement.execution_options(**{UNSCOPED: True})))
    zone = ZoneInfo(require_actor().timezone)
    lines = [
        (one.version, moment_text(one.at, zone), list(_changes(before.document if before else {}, one.document)))
        for one, before in zip(found, [*found[1:], None], strict=True)
    ]
    return Markup(render_template("pools/rule_versions.html", lines=lines[:MOST]))  # noqa: S704


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(field, what it said before, what it says) of the fields that differ."""
    for field in RULE.fields:
        old, new = before.get(field.name), after.get(field.name)
        if field.name in after and old != new and (old or new):
            yield str(field.label), _said(field, old), _said(field, new)


def _said(field: Any, value: Any) -> str:
    if value is None or value in ("", []):
        return "--"
    if field.kind in (Kind.DATE, Kind.DATETIME):
        return str(value)
    titles = read_titles({(field.target, value)}) if field.kind is Kind.LINK else {}
    if field.kind is Kind.LINK and (field.target, value) not in titles:
        return _("not visible to you")
    return cell(field, value, titles).text


__all__ = ["VERSIONS", "versions"]
