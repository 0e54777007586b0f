"""How a person wants to be told: by kind and way, the quiet hours, the daily digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.access.preferences import preference, preferences, set_preference
from app.base.language import language
from app.db import transaction
from app.host.context import context
from app.notices.rules import APP, MAIL, is_usual, read_clock, read_wishes
from app.notices.services import CHOICES, WISHES
from app.types import NoticeKind, Refused, Text

_CLOCKS = ("quiet_from", "quiet_until", "digest_at")


@dataclass(frozen=True, slots=True)
class Box:
    """One cell of the matrix: a kind by a way."""

    name: str
    label: str
    on: bool
    fixed: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of notice with a box for each way of the site."""

    kind: NoticeKind
    label: str
    help: str
    boxes: tuple[Box, ...]


def site_ways() -> dict[str, Text]:
    """The ways of the current site, by name: inside the product, then what its file sets up."""
    outgoing = context().site.outgoing
    ways: dict[str, Text] = {APP: _l("In Qiao")}
    if outgoing.mail is not None:
        ways[MAIL] = _l("Mail")
    for key, channel in sorted(outgoing.channels.items()):
        ways[key] = channel.zh if language() == "zh" else channel.en
    return ways


def matrix() -> tuple[Row, ...]:
    """Every kind of notice of the site with what the acting person chose."""
    chosen = preferences(CHOICES)
    ways = site_ways()
    kinds = sorted(context().notice_kinds.values(), key=lambda kind: kind.name)
    return tuple(_row(kind, chosen.get(CHOICES + kind.name) or {}, ways) for kind in kinds)


def choose(ticked: set[str]) -> None:
    """Keep the matrix as it was ticked: ``<kind>:<way>`` of every box that is on. Fixed boxes stay as they are.

    What is as the kind has it anyway is not kept, so that a way the site gets later is as usual.
    """
    with transaction():
        for row in matrix():
            name = row.kind.name
            kept = {way: f"{name}:{way}" in ticked for way in site_ways() if not _is_fixed(row.kind, way)}
            unusual = {way: on for way, on in kept.items() if on is not is_usual(row.kind, way)}
            set_preference(CHOICES + name, unusual or None)


def wishes() -> dict[str, str]:
    """When the acting person wants mails, as typed: ``quiet_from``, ``quiet_until``, ``digest_at``; "" for none."""
    found = read_wishes(preference(WISHES))
    return {name: f"{clock:%H:%M}" if (clock := getattr(found, name)) else "" for name in _CLOCKS}


def wish(typed: Mapping[str, str]) -> None:
    """Keep when the acting person wants mails. Raises `Refused` by field for what is no time of day."""
    wrong = {name: _("Write a time like 07:30") for name in _CLOCKS if typed.get(name) and not read_clock(typed[name])}
    if bool(typed.get("quiet_from")) != bool(typed.get("quiet_until")):
        wrong.setdefault("quiet_until", _("Quiet hours have a beginning and an end"))
    if wrong:
        raise Refused(errors=wrong)
    set_preference(WISHES, {name: typed[name] for name in _CLOCKS if typed.get(name)} or None)


def _row(kind: NoticeKind, chosen: Mapping[str, Any], ways: Mapping[str, Text]) -> Row:
    boxes = tuple(
        Box(
            f"{kind.name}:{way}",
            _("%(kind)s, %(way)s", kind=str(kind.label), way=str(label)),
            _is_fixed(kind, way) or chosen.get(way, is_usual(kind, way)) is True,
            _is_fixed(kind, way),
        )
        for way, label in ways.items()
    )
    return Row(kind, str(kind.label), str(kind.help), boxes)


def _is_fixed(kind: NoticeKind, way: str) -> bool:
    return kind.mandatory and way == APP


__all__ = ["MAIL", "Box", "Row", "choose", "matrix", "site_ways", "wish", "wishes"]
