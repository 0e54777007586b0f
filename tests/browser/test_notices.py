"""The bell and one's notices in the browser, in Chinese at the desk and in English on the phone."""

from __future__ import annotations

from typing import Any

import pytest
from flask_babel import lazy_gettext as _l
from playwright.sync_api import expect

from app.api import notify
from app.host.context import context
from app.testing.browser import Served, Window, check, shot
from app.types import SYSTEM, NoticeKind

TASK, NEWS = "test.task", "test.news"


@pytest.mark.parametrize(("language", "width"), [("zh", 1440), ("en", 390)])
def test_the_bell_leads_to_what_was_told(served: Served, window: Window, language: str, width: int) -> None:
    kinds = context(served.app).notice_kinds
    kinds[TASK] = NoticeKind(TASK, _l("Kind of notice"), "checklist", mandatory=True)
    kinds[NEWS] = NoticeKind(NEWS, _l("Notices"), "speakerphone")
    person, all_read = served.people.manager, "全部标为已读"
    if language == "en":
        person, all_read = served.people.head, "Mark all as read"
    with served.acting(SYSTEM):
        for number in (1, 2):
            notify(TASK, _l("Notices, %(count)s unread", count=number), "<b>x</b> " * 12, users=[person.user_id],
                   link="/customer/list/", group_key=f"case:{width}", urgent=number == 2)  # fmt: skip
        notify(NEWS, _l("All notices"), users=[person.user_id])
    page: Any = window(person, "/", width=width, language=language)
    bell = page.locator(".notice-bell")
    expect(bell.locator(".notice-count")).to_have_text("3")
    bell.click()
    panel = page.locator("#notice-panel")
    expect(panel.locator(".notice")).to_have_count(2)
    shot(page, f"notices-panel-{language}")
    check(page)
    panel.locator(".notice-title").last.click()
    page.wait_for_url("**/customer/list/**")
    expect(page.locator(".notice-count")).to_have_text("1")
    page.locator(".notice-bell").click()
    page.get_by_role("button", name=all_read).click()
    expect(page.locator(".notice-count")).to_have_count(0)
    page.goto(served.url + "/notices/")
    expect(page.locator(".notice")).to_have_count(2)
    shot(page, f"notices-list-{language}")
    check(page)
    page.goto(served.url + "/notices/choices")
    box = page.locator(f"input[value='{NEWS}:app']")
    expect(box).to_be_checked()
    expect(page.locator(f"input[value='{TASK}:app']")).to_be_disabled()
    box.uncheck()
    shot(page, f"notices-choices-{language}")
    check(page)
    page.locator("form button[type=submit].btn-primary").click()
    expect(page.locator("[data-toast]")).to_be_visible()
    expect(page.locator(f"input[value='{NEWS}:app']")).not_to_be_checked()
    with served.acting(SYSTEM):
        assert notify(NEWS, "x", users=[person.user_id]) == 1
    page.goto(served.url + "/notices/?unread=1")
    expect(page.locator(".notice")).to_have_count(0)
