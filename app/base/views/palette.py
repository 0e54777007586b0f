"""The search over everything: what the palette (Ctrl-K) shows while one types, and the page without scripts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, make_response, request
from flask_babel import gettext as _

from app.access.actors import require_actor
from app.base.page import PageView, expose
from app.base.recent import opened_records
from app.base.shell import visible_menu
from app.base.views.everywhere import TERM_LENGTH, Found, Hit, find_everywhere, is_worth_asking
from app.search.tokens import marked, means

#: Records of each entity: in the palette, and on the page.
FEW, MANY = 5, 20
#: Lines of the menu, and records opened last.
LINES, RECENT = 5, 8


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked and what it found; `recent` where nothing was asked yet."""

    words: str
    groups: tuple[Found, ...]
    pages: Found | None
    recent: Found | None

    @property
    def is_begun(self) -> bool:
        """Whether something was typed that says nothing yet."""
        return bool(self.words) and not is_worth_asking(self.words)

    @property
    def all_groups(self) -> tuple[Found, ...]:
        return tuple(group for group in (self.recent, self.pages, *self.groups) if group is not None and group.hits)

    @property
    def count(self) -> int:
        return sum(len(group.hits) for group in self.all_groups)


class SearchView(PageView):
    """Open to whoever is logged in: every record, page and field it answers with is asked for by their own rights."""

    route_base = "/search"
    default_view = "index"

    @expose("/")
    def index(self) -> Any:
        """The page: what the palette shows, and more of it."""
        return self.render_template("search/index.html", asked=_answer(MANY))

    @expose("/suggest")
    def suggest(self) -> Response:
        """What the palette shows, as a fragment; never kept by the browser."""
        response = make_response(self.render_template("search/results.html", asked=_answer(FEW)))
        response.headers["Cache-Control"] = "no-store"
        return response


def _answer(per_entity: int) -> Asked:
    words = request.args.get("q", "").strip()[:TERM_LENGTH]
    if not words:
        return Asked("", (), None, _recent())
    return Asked(words, tuple(find_everywhere(words, per_entity)), _pages(words), None)


def _pages(words: str) -> Found:
    """The lines of the person's menu called like that, in Chinese also by pinyin."""
    lines = [line for group in visible_menu(require_actor()) for line in group.items]
    named = [line for line in lines if means(str(line.label), words)][:LINES]
    hits = tuple(Hit(line.url, marked(str(line.label), words), icon=line.icon) for line in named)
    return Found("pages", _("Pages of the menu"), "layout-sidebar", hits, None)


def _recent() -> Found:
    """The records the person opened last."""
    hits = tuple(
        Hit(one["url"], [(one["name"], False)], hint=str(one["text"]), icon=one["icon"])
        for one in opened_records(RECENT)
    )
    return Found("recent", _("Opened last"), "history", hits, None)
