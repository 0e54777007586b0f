"""The figures of the reports as the sheets of a workbook, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from app.approvals.reading.inbox import flows_of_inbox
from app.approvals.reading.reported import Which, list_cases, step_names
from app.approvals.reading.reports import (
    Asked,
    count_ages,
    count_states,
    read_step_times,
    read_units,
    read_waiting,
)
from app.approvals.rules.state import Status
from app.approvals.views.inbox import named_flow
from app.approvals.views.report_words import age_text, month_text, named_step
from app.approvals.views.words import STATUSES
from app.transfer.services.sheets import Sheet
from app.types import Actor, Field, Kind

#: Rows of one sheet: whoever waits for more narrows the report.
MOST = 1_000


def report_sheets(asked: Asked, actor: Actor, today: date, zone: ZoneInfo) -> list[Sheet]:
    """What the page shows, and more of it: up to `MOST` lines where the page has the largest only."""
    waiting = read_waiting(asked, actor, MOST)
    names = step_names({row.definition_id for row in waiting} | {asked.flow or 0})
    states = count_states(asked, actor)
    return [
        _ages(count_ages(asked, actor, today, zone)),
        _waiting(waiting, names),
        _late(asked, actor, today, zone),
        Sheet(
            _("States"),
            (_text(_("State")), _count(_("Cases"))),
            [(str(STATUSES[each][0]), states[each.value]) for each in Status if each.value in states],
        ),
        Sheet(
            _("Time per step"),
            (
                _text(_("Step")), _count(_("Times passed")),
                *_hours(_("Median (hours)"), _("Nine in ten within (hours)")),
            ),
            [
                (named_step(names, asked.flow, one.step), one.visits, rounded(one.median), rounded(one.p90))
                for one in read_step_times(asked, actor)
            ],
        ),
        _units(asked, actor),
    ]  # fmt: skip


def asked_in_words(asked: Asked, month: str, unit: str) -> list[tuple[str, str]]:
    """(name, value) of what a report is about."""
    flows = {row.id: named_flow(row.name, row.name_en) for row in flows_of_inbox()}
    return [
        (_("Flow"), _("All flows") if asked.flow is None else flows.get(asked.flow, str(asked.flow))),
        (_("Unit"), unit or _("All units")),
        (_("Month"), month_text(month) if month else _("All time")),
    ]


def rounded(hours: float | None) -> Decimal | None:
    """Hours to a tenth, as the page tells them."""
    return None if hours is None else Decimal(repr(round(hours, 1)))


def _ages(counts: Sequence[int]) -> Sheet:
    lines = [(age_text(place), number) for place, number in enumerate(counts)]
    return Sheet(_("Open cases by age"), (_text(_("Open since")), _count(_("Cases"))), lines)


def _waiting(rows: Sequence[Any], names: Mapping[Any, Any]) -> Sheet:
    columns = (
        _text(_("Step")), _text(_("Who is asked")), _text(_("Flow")), _count(_("Waiting cases")),
        Field("since", _("Longest wait since"), Kind.DATETIME),
    )  # fmt: skip
    lines = [
        (
            named_step(names, row.definition_id, row.step), row.person, named_flow(row.flow, row.flow_en), row.number,
            row.oldest,
        )
        for row in rows
    ]  # fmt: skip
    return Sheet(_("Where it waits now"), columns, lines)


def _late(asked: Asked, actor: Actor, today: date, zone: ZoneInfo) -> Sheet:
    """A heading the reader may not see is left out, as on the page."""
    columns = (
        _count(_("Case")), _text(_("Heading of a case")), _text(_("Flow")), _text(_("Applicant")), _text(_("Unit")),
        _text(_("State")), Field("at", _("Started"), Kind.DATETIME), Field("due", _("Due"), Kind.DATETIME),
    )  # fmt: skip
    found = list_cases(asked, Which(late=True), actor, today, zone, MOST)
    lines = [
        (
            line.id, line.title if line.id in found.readable else "", named_flow(line.flow, line.flow_en),
            line.applicant, line.unit or "", str(STATUSES[Status(line.status)][0]), line.started_at, line.due_at,
        )
        for line in found.lines
    ]  # fmt: skip
    return Sheet(_("Late now"), columns, lines)


def _units(asked: Asked, actor: Actor) -> Sheet:
    columns = (
        _text(_("Unit")), _count(_("Cases begun")), _count(_("Approved")), _count(_("Turned down")),
        _count(_("Came back at least once")), *_hours(_("Median to the decision (hours)")),
    )  # fmt: skip
    lines = [
        (one.unit or _("Without a unit"), one.started, one.approved, one.refused, one.returned, rounded(one.median))
        for one in read_units(asked, actor, MOST)
    ]
    return Sheet(_("Units"), columns, lines)


def _text(label: str) -> Field:
    return Field("text", label, Kind.TEXT)


def _count(label: str) -> Field:
    return Field("count", label, Kind.INTEGER)


def _hours(*labels: str) -> tuple[Field, ...]:
    return tuple(Field("hours", label, Kind.DECIMAL) for label in labels)


__all__ = ["asked_in_words", "report_sheets", "rounded"]
