"""Every line of the menu opened in a browser: each page is there, without an error on the console.

Each page by the first two roles that have it in their menu; that every role gets each of its pages is walked without
a browser (tests/journeys/wall).
"""

from __future__ import annotations

from collections import Counter

import pytest

from app.access.actors import ADMIN_ROLE
from app.access.role_templates import KERNEL_TEMPLATES
from app.testing.browser import Served, Window, scrolls_sideways, shot
from app.testing.people import Person, add_person

ROLES = (ADMIN_ROLE, *(template.slug for template in KERNEL_TEMPLATES))


@pytest.fixture(scope="module")
def opened() -> Counter[str]:
    """How many roles have opened a page."""
    return Counter()


@pytest.fixture
def holder(served: Served, request: pytest.FixtureRequest) -> Person:
    """Someone of 支行北 who holds the role."""
    with served.acting(None):
        return add_person(f"walks_{request.param}".lower(), "行者", served.people.north, request.param)


@pytest.mark.parametrize("holder", ROLES, indirect=True)
def test_every_line_of_the_menu_opens(window: Window, served: Served, holder: Person, opened: Counter[str]) -> None:
    page = window(holder, "/", language="zh")
    lines = page.eval_on_selector_all(".rail a.rail-link", "all => all.map(one => one.getAttribute('href'))")
    assert len(lines) > 2 or holder.username in ("walks_audit_admin", "walks_security_admin")
    for number, address in enumerate(dict.fromkeys(lines)):
        opened[address] += 1
        if opened[address] > 2:
            continue
        answer = page.goto(served.url + address)
        assert answer.status == 200, address
        assert page.locator("h1").count() == 1, address
        assert page.locator(f".rail a.active[href='{address}']").count() == 1, address
        assert not scrolls_sideways(page), address
        shot(page, f"menu-{holder.username.removeprefix('walks_')}-{number:02}")
