"""The reference pages say what the code says."""

from __future__ import annotations

import pytest

from app.hookspecs import POLICY
from app.host.reference import reference_pages
from config import ROOT


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return reference_pages()


@pytest.mark.parametrize("name", ["hooks.md", "settings.md", "modules.md"])
def test_a_page_is_fresh(pages: dict[str, str], name: str) -> None:
    written = (ROOT / "docs" / "reference" / name).read_text("utf-8")
    assert written == pages[name], f"docs/reference/{name} is stale: run 'qiao docs'"


def test_every_hook_is_on_its_page(pages: dict[str, str]) -> None:
    assert all(f"## `{hook}`" in pages["hooks.md"] for hook in POLICY)
