"""What one test leaves in its page of the browser is not found by the next."""

from __future__ import annotations

import pytest

from app.testing.browser import DESK, PHONE, Served, Window
from app.testing.tabs import Tabs


def test_a_page_comes_back_empty(served: Served, tabs: Tabs) -> None:
    first = Window(served, tabs)
    page = first(served.people.manager, "/profile/", width=DESK)
    page.evaluate("() => { localStorage.a = sessionStorage.a = document.cookie = 'a=1'; }")
    page.evaluate("() => console.error('broken')")
    page.context.new_page()
    assert [fault for fault in first.close() if "broken" in fault]

    second = Window(served, tabs)
    again = second(None, "/profile/", width=DESK)
    assert again is page, "the page is used again"
    assert "/login/" in again.url, "nobody is logged in"
    kept = again.evaluate("() => [localStorage.a, sessionStorage.a, document.cookie]")
    assert kept[:2] == [None, None] and "a=1" not in kept[2]
    assert again.context.pages == [again]
    assert second.close() == []


def test_what_cannot_be_taken_back_needs_a_page_of_its_own(served: Served, tabs: Tabs, window: Window) -> None:
    page = window(None, "/login/", width=PHONE)
    with pytest.raises(AssertionError, match="own=True"):
        page.add_init_script("window.seen = 1")
    other = window(None, "/login/", width=PHONE, own=True)
    other.add_init_script("window.seen = 1")
    other.reload()
    assert other.evaluate("window.seen") == 1
    window.close()
    assert window(None, "/login/", width=PHONE) is page
