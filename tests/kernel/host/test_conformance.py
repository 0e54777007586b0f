"""Every module of this installation holds to the rules of `app.testing.conformance`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.host.discovery import Found
from app.host.modules import installed_modules
from app.host.sites import Site
from app.testing.conformance import RULES, SITE_RULES

MODULES = sorted(installed_modules().items())


def test_there_are_modules_to_look_at() -> None:
    assert {"pools", "loans", "ranking", "relations"} <= {slug for slug, _found in MODULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("found", [found for _slug, found in MODULES], ids=[slug for slug, _ in MODULES])
def test_a_module_conforms(found: Found, rule: Callable[[Found], None]) -> None:
    rule(found)


@pytest.mark.parametrize("rule", SITE_RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("found", [found for _slug, found in MODULES], ids=[slug for slug, _ in MODULES])
def test_a_module_conforms_in_a_site(found: Found, rule: Callable[[Found, Site], None], site: Site) -> None:
    rule(found, site)
