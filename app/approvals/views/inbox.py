"""The inbox: four lists of one's own, decided row by row or many at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from flask import Response, abort, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from app.access.actors import require_actor
from app.access.policy import seen_by
from app.approvals.reading.inbox import (
    MOST_COUNTED,
    TABS,
    TODO,
    Choices,
    Line,
    Page,
    Wish,
    choices_of,
    count_tabs,
    count_todo,
    read_inbox,
)
from app.approvals.reading.narrowing import amounts
from app.approvals.subjects import SUBJECTS
from app.approvals.views.figures import FigureCells, links_of_figures, written_figures
from app.approvals.views.words import SAID, STATUSES
from app.base.page import PageView, expose
from app.base.views.cells import language, zone
from app.base.views.formats import moment_text
from app.base.views.guard import mine, needs
from app.base.views.titles import read_titles
from app.db import now
from app.fields.custom.derived import surroundings
from app.fields.rules import BadValue
from app.fields.values import read_value
from app.host.context import context
from app.types import Field, Kind

#: Days of waiting one can narrow the list to.
WAITS = (1, 3, 7, 30)
SORTS = ("waiting", "new", "due")
_AMOUNT = Field("amount", "", Kind.MONEY)


class InboxScreen(PageView):
    """`/approvals/` with its count."""

    @expose("/")
    @needs("can_list")
    def list(self) -> str:
        """One tab of one's own cases and tasks, a page at a time."""
        wish, employee = read_wish(), my_employee()
        today = local_today()
        page = read_inbox(employee, wish, today) if employee is not None else Page((), "")
        found = choices_of(employee, wish, today) if employee is not None else Choices()
        counts = count_tabs(employee, today) if employee is not None else dict.fromkeys(TABS, 0)
        return self.render_template(
            "approvals/inbox.html",
            wish=wish,
            lines=[self._shown(line, cells) for line, cells in with_figures(page.lines)],
            next_url=self._url(wish, after=page.next_after) if page.next_after else "",
            first_url=self._url(wish) if wish.after else "",
            tabs=[(name, label, counted(counts[name]), self._url(Wish(tab=name))) for name, label in tab_labels()],
            choices={sort: offered(sort, found, wish) for sort in ("flow", "applicant", "unit", "entity")},
            found=f"{found.total:,}{'+' if found.is_capped else ''}",
            amounts=bool(amounts()),
            amount=lambda number: "" if number is None else f"{number:,f}",
            waits=[(days, waited(days)) for days in WAITS],
            asking=f"next={quote(request.full_path.removesuffix('?'), safe='')}",
            here=request.full_path.removesuffix("?"),
            may_act=employee is not None and not require_actor().viewer,
            statuses=STATUSES,
            said=SAID,
        )

    @expose("/count")
    @mine
    def count(self) -> Response:
        """The number in the rail, fetched by every page once it is shown."""
        employee = my_employee()
        number = count_todo(employee, local_today()) if employee is not None else 0
        return Response(counted(number) if number else "", mimetype="text/plain")

    def _url(self, wish: Wish, after: str = "") -> str:
        arguments: dict[str, Any] = wish_arguments(wish)
        return url_for(f"{self.endpoint}.list", **arguments, after=after or None)

    def _shown(self, line: Line, figures: FigureCells) -> dict[str, Any]:
        clock, moment = zone(), now()
        return {
            "line": line,
            "flow": named_flow(line.flow, line.flow_en),
            "figures": figures,
            # What is to change stands on the page of the case alone (docs/adr/0064).
            "opens": line.is_resubmission or line.entity in SUBJECTS,
            "url": url_for(f"{self.endpoint}.case", pk=line.case_id),
            "at": moment_text(line.at, clock),
            "age": aged(line.at, moment),
            "due": moment_text(line.due_at, clock) if line.due_at else "",
            "is_late": line.due_at is not None and line.due_at < moment,
        }


def my_employee() -> int | None:
    """Who acts, as an employee."""
    return require_actor().employee_id


def local_today() -> date:
    """Today by the site's clock, as delegations count."""
    return now().astimezone(surroundings().zone).date()


def read_wish() -> Wish:
    """What the address asks for; what is not understood asks for nothing."""
    args = request.args
    days = args.get("days", "")
    return Wish(
        tab=args.get("tab", TODO) if args.get("tab") in TABS else TODO,
        q=args.get("q", "").strip().replace("\x00", "")[:100],
        flow=_number("flow"),
        applicant=_number("applicant"),
        unit=_number("unit"),
        least=_amount("least"),
        most=_amount("most"),
        entity=args.get("entity", "")[:60] if args.get("entity") in {*context().entities, *SUBJECTS} else "",
        days=int(days) if days in {str(each) for each in WAITS} else 0,
        overdue=args.get("overdue") == "1",
        sort=args.get("sort", "waiting") if args.get("sort") in SORTS else "waiting",
        after=args.get("after", "")[:80],
    )


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _amount(name: str) -> Decimal | None:
    try:
        found: Decimal | None = read_value(_AMOUNT, request.args.get(name, "")[:40])
    except BadValue:
        return None
    return found


def offered(sort: str, found: Choices, wish: Wish) -> Sequence[tuple[str, str, bool]]:
    """(value, what it says, whether it is chosen) of a choice; the chosen one is there even where it leaves nothing."""
    chosen = str(getattr(wish, sort) or "")
    rows = [
        (one.value, named_entity(one.value) if sort == "entity" else named_flow(one.name, one.name_en), one.number)
        for one in found.offered.get(sort, ())
    ]
    if chosen and chosen not in {value for value, _name, _number in rows}:
        rows.append((chosen, "--", 0))
    return [(value, f"{name} ({number:,})", value == chosen) for value, name, number in rows]


def wish_arguments(wish: Wish) -> dict[str, str]:
    """The same as an address carries it, without the place in the list."""
    given = {
        "tab": "" if wish.tab == TODO else wish.tab,
        "q": wish.q,
        "flow": str(wish.flow or ""),
        "entity": wish.entity,
        "applicant": str(wish.applicant or ""),
        "unit": str(wish.unit or ""),
        "least": "" if wish.least is None else f"{wish.least:f}",
        "most": "" if wish.most is None else f"{wish.most:f}",
        "days": str(wish.days or ""),
        "overdue": "1" if wish.overdue else "",
        "sort": "" if wish.sort == "waiting" else wish.sort,
    }
    return {name: text for name, text in given.items() if text}


def with_figures(lines: Sequence[Line]) -> list[tuple[Line, FigureCells]]:
    """Each line with its figures as the reader may see them; all linked names in one statement."""
    actor = require_actor()
    seen = {
        slug: seen_by(described, actor)
        for slug in {line.entity for line in lines}
        if (described := context().entities.get(slug)) is not None
    }
    links = {
        link for line in lines if line.entity in seen for link in links_of_figures(seen[line.entity], line.figures)
    }
    titles = read_titles(links)
    return [
        (line, written_figures(seen[line.entity], line.figures, titles) if line.entity in seen else ())
        for line in lines
    ]


def tab_labels() -> list[tuple[str, str]]:
    """The tabs in their order."""
    return list(zip(TABS, (_("To do"), _("Done by me"), _("Started by me"), _("Copied to me")), strict=True))


def counted(number: int) -> str:
    """A capped number: 99+."""
    return f"{MOST_COUNTED}+" if number > MOST_COUNTED else str(number)


def named_flow(name: str, name_en: str) -> str:
    """A flow's name in the reader's language."""
    return (language() != "zh" and name_en) or name


def named_entity(slug: str) -> str:
    """What an entity is called; its slug where this site has it no more."""
    described = context().entities.get(slug) or SUBJECTS.get(slug)
    return str(described.label) if described is not None else slug


def waited(days: int) -> str:
    """A choice of the filter."""
    return ngettext("Waiting for %(num)s day and more", "Waiting for %(num)s days and more", days)


def aged(since: datetime, until: datetime) -> str:
    """How long ago something was, in the largest whole unit."""
    seconds = max(0, int((until - since).total_seconds()))
    if seconds >= 86_400:
        return ngettext("%(num)s day", "%(num)s days", seconds // 86_400)
    if seconds >= 3_600:
        return ngettext("%(num)s hour", "%(num)s hours", seconds // 3_600)
    return ngettext("%(num)s minute", "%(num)s minutes", seconds // 60)


def number_asked(text: str | None) -> int:
    """A number of the address or a form; anything else is 404."""
    if not text or not text.isascii() or not text.isdecimal() or len(text) > 18:
        abort(404)
    return int(text)


__all__ = ["InboxScreen", "local_today", "my_employee", "named_entity", "named_flow", "number_asked"]
