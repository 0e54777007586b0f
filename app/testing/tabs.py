"""Pages of Chromium that go from test to test: a new profile costs two seconds of a processor, an emptied one half.

What is kept is what any browser keeps: the style sheets and scripts it has loaded, under addresses that change with
what is in them. Cookies and storage are emptied; what could not be taken back is not to be had on such a page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from app.testing.front import WAITING

#: Pages of either kind that are kept; they cost a hundred megabytes each.
KEPT = 3
#: What would outlast the test.
LASTING = ("add_init_script", "emulate_media", "expose_binding", "expose_function", "on", "once", "route")
#: A screen narrower than this is touched.
TOUCHED = 768


@dataclass(eq=False)
class Tab:
    """A page of a profile of its own, and the faults it has shown in this test."""

    page: Any
    is_touched: bool
    is_own: bool
    faults: list[str] = field(default_factory=list)
    is_watched: bool = True

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self._note(f"uncaught: {error}"))
        self.page.on("response", self._answer)

    def leave(self, url: str) -> None:
        """Go where no site is; the faults from then on are nobody's. A page that cannot is closed."""
        try:
            self.page.goto(url + WAITING)
        except Exception:  # the page may be closed, or on its way elsewhere
            self.is_own = True

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            where = (message.location or {}).get("url", "")
            self._note(f"console {message.type}: {message.text} ({urlsplit(where).path})")

    def _answer(self, response: Any) -> None:
        if response.url.endswith(WAITING):
            self.is_watched = False
        elif response.status >= 500:
            self._note(f"{response.status} from {response.url}")

    def _note(self, fault: str) -> None:
        if self.is_watched:
            self.faults.append(fault)


class Tabs:
    """The pages nobody uses, of the desk and of the phone."""

    def __init__(self, browser: Any, patience_ms: int) -> None:
        self._browser = browser
        self._patience = patience_ms
        self._idle: dict[bool, list[Tab]] = {True: [], False: []}

    def take(self, width: int) -> Tab:
        """A page with nothing in it for a screen of `width` pixels."""
        idle = self._idle[width < TOUCHED]
        if idle:
            return idle.pop()
        tab = self._made(width, is_own=False)
        for name in LASTING:
            setattr(tab.page, name, _refuse)
        return tab

    def new(self, width: int) -> Tab:
        """A page of a new profile, which nobody gets after this test."""
        return self._made(width, is_own=True)

    def give_back(self, tab: Tab) -> None:
        """Empty the page for the next test, or close it."""
        context, idle = tab.page.context, self._idle[tab.is_touched]
        if tab.is_own or len(idle) >= KEPT:
            context.close()
            return
        for page in context.pages:
            if page is not tab.page:
                page.close()
        tab.page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        tab.page.mouse.move(0, 0)
        context.clear_cookies()
        tab.faults, tab.is_watched = [], True
        idle.append(tab)

    def _made(self, width: int, *, is_own: bool) -> Tab:
        context = self._browser.new_context(
            locale="zh-CN", has_touch=width < TOUCHED, reduced_motion="no-preference" if is_own else "reduce"
        )
        page = context.new_page()
        page.set_default_timeout(self._patience)
        return Tab(page, is_touched=width < TOUCHED, is_own=is_own)


def _refuse(*_args: Any, **_named: Any) -> None:
    raise AssertionError("this page is of use to other tests too: ask for one with window(..., own=True)")
