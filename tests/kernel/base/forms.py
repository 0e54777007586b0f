"""Forms as a test reads them, and what they left in the database."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from sqlalchemy import func, select

from app.access.actors import acting_as
from app.db import session
from app.types import SYSTEM


def count(model: Any) -> int:
    """How many rows there are, whoever may see them."""
    with acting_as(SYSTEM):
        return int(session.scalar(select(func.count()).select_from(model)) or 0)


def fetch(model: Any, pk: int) -> Any:
    """A record, whoever may see it."""
    with acting_as(SYSTEM):
        return session.scalars(select(model).where(model.id == pk)).one()


def hidden(text: str, name: str) -> str:
    """The value of a hidden input of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found is not None, f"there is no {name} on the page"
    return found[1]


def fields_of(text: str) -> dict[str, str]:
    """Everything the form of a page would send, as a browser without scripts does."""
    form = text[text.index('id="entity-form"') : text.index("save-bar")]
    form = re.sub(r"<fieldset[^>]*hidden disabled.*?</fieldset>", "", form, flags=re.S)
    sent: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r' name="([^"]+)"', tag)
        if name is None or " disabled" in tag or ('type="checkbox"' in tag and " checked" not in tag):
            continue
        value = re.search(r' value="([^"]*)"', tag)
        sent[name[1]] = value[1] if value else ""
    for name_found, body in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form, flags=re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', body)
        sent[name_found] = chosen[1] if chosen else ""
    for name_found, body in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>(.*?)</textarea>', form, flags=re.S):
        sent[name_found] = body
    sent.pop("csrf_token", None)
    return {name: unescape(value) for name, value in sent.items()}
