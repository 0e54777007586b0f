"""The page that says what the coming night will do, rule by rule, and with whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.api import (
    FIGURES,
    UNSCOPED,
    Customer,
    Sheet,
    as_seen,
    date_text,
    moment_text,
    number_text,
    record_url,
    require_actor,
    session,
    title_text,
)
from app.types import Field, Kind, Refused
from plugins.pools.models import PoolRule
from plugins.pools.services.tonight import ACTS, Coming, count_tonight, list_tonight
from plugins.pools.views.addresses import whole_number
from plugins.pools.views.files import Book, Content

#: Customers on one page, and rules told of.
PAGE, MOST = 50, 200
#: Customers in a file.
LONGEST_FILE = 20_000
SLUG = "pools_tonight"
FIGURES[SLUG] = _l("What moves tonight")
ACT_TEXTS = {
    "amber": (_l("Turns amber"), "amber"),
    "red": (_l("Turns red"), "red"),
    "recycle": (_l("Goes into a pool"), "secondary"),
    "escalate": (_l("On to the city's pool"), "blue"),
    "stays": (_l("Stays: no pool is there for it"), "danger"),
}


def tonight_values(night: date, asked: Mapping[str, str], at: Callable[..., str]) -> dict[str, Any]:
    """What ``pools/tonight.html`` shows: counts by rule and act, and a page of the customers asked for.

    `asked` is the address (``rule``, ``act``, ``after``); `at` makes an address of the page from such values.
    """
    rule_id, act = _narrowed(asked)
    counts = count_tonight(night)
    found = list_tonight(night, rule_id, act, after=whole_number(asked.get("after", "")), limit=PAGE + 1)
    shown, names, zone = found[:PAGE], _names(), ZoneInfo(require_actor().timezone)
    here = {"rule": rule_id, "act": act or None}
    return {
        "acts": [(name, *ACT_TEXTS[name]) for name in ACTS],
        "rules": [
            (name, [(counts.get((number, one), 0), at(rule=number, act=one)) for one in ACTS])
            for number, name in names.items()
            if any(counts.get((number, one)) for one in ACTS)
        ],
        "total": sum(counts.values()),
        "lines": [_line(one, names, zone) for one in shown],
        "narrowed": bool(rule_id or act),
        "all_url": at(),
        "first_url": at(**here) if asked.get("after") else "",
        "next_url": at(**here, after=shown[-1].customer.id) if len(found) > PAGE else "",
        "number": number_text,
    }


def tonight_book(night: date, asked: Mapping[str, str], back: str) -> Book:
    """The same as a workbook; `back` is the address of the page."""
    holds = _("An XLSX workbook: rule by rule, and the customers you see.")
    content = partial(_content, night, asked)
    return Book(SLUG, _("Export of what moves tonight"), holds, back, _("What moves tonight"), content)


def _content(night: date, asked: Mapping[str, str]) -> Content:
    """Counts by rule, and the customers asked for. Raises `Refused` for more than a file holds."""
    rule_id, act = _narrowed(asked)
    counts = {
        (rule, one): count
        for (rule, one), count in count_tonight(night).items()
        if rule_id in (None, rule) and act in ("", one)
    }
    if sum(counts.values()) > LONGEST_FILE:
        raise Refused(_("More than %(count)s customers: choose a rule or a step first", count=f"{LONGEST_FILE:,}"))
    names, zone = _names(), ZoneInfo(require_actor().timezone)
    acts = [Field(name, text, Kind.INTEGER) for name, (text, _colour) in ACT_TEXTS.items()]
    rule = Field("rule", _("Rule"))
    told = [
        Field("customer", _("Customer")), Field("act", _("Step")), Field("owner", _("Account manager")),
        Field("unit", _("Unit")), rule, Field("followed", _("Last effective follow-up")),
    ]  # fmt: skip
    by_rule = [
        (name, *(counts.get((number, one), 0) for one in ACT_TEXTS))
        for number, name in names.items()
        if any(counts.get((number, one)) for one in ACT_TEXTS)
    ]
    about = [(_("Night"), night.isoformat())]
    about += [(_("Rule"), names.get(rule_id, f"#{rule_id}"))] if rule_id else []
    about += [(_("Step"), str(ACT_TEXTS[act][0]))] if act else []
    customers = []
    for one in list_tonight(night, rule_id, act, limit=LONGEST_FILE):
        line = _line(one, names, zone)
        texts = (str(line[field.name]) for field in told)
        customers.append((*("" if text == "--" else text for text in texts), one.since))
    columns = [*told, Field("since", _("Counts from"), Kind.DATE)]
    return [Sheet(_("Rule by rule"), [rule, *acts], by_rule), Sheet(_("Customers"), columns, customers)], about


def _narrowed(asked: Mapping[str, str]) -> tuple[int | None, str]:
    """(rule, act) an address asks for; None and empty for all."""
    act = asked.get("act", "")
    return whole_number(asked.get("rule", "")) or None, act if act in ACTS else ""


def _names() -> dict[int | None, str]:
    """{rule: its name} of the rules in force, in the order they are asked; None: what lies in a pool without a rule."""
    statement = select(PoolRule.id, PoolRule.name).order_by(PoolRule.position, PoolRule.id).limit(MOST)
    return {row.id: row.name for row in session.execute(statement.execution_options(**{UNSCOPED: True}))} | {None: "--"}


def _line(one: Coming, names: Mapping[int | None, str], zone: ZoneInfo) -> dict[str, Any]:
    customer, (text, colour) = one.customer, ACT_TEXTS[one.act]
    followed = moment_text(customer.last_effective_at, zone)
    return {
        "customer": title_text("customer", customer.name, customer.id),
        "url": record_url("customer", customer.id),
        "owner": _linked(customer, "owner_id", "employee", customer.owner),
        "unit": _linked(customer, "unit_id", "unit", customer.unit),
        "rule": names.get(one.rule_id, "--"),
        "act": text,
        "colour": colour,
        "since": date_text(one.since) if one.since is not None else "--",
        "followed": as_seen("customer", "last_effective_at", customer.last_effective_at, followed) or "--",
    }


def _linked(customer: Customer, field: str, target: str, record: Any) -> str:
    """The name of a customer's account manager or unit as the actor may read it."""
    if record is None:
        return "--"
    return as_seen("customer", field, record.id, title_text(target, record.name, record.id)) or "--"


__all__ = ["tonight_book", "tonight_values"]
