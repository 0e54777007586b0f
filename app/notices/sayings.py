"""Texts kept as message id and values, so that each reader reads them in their own language and time zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import force_locale, get_locale
from flask_babel import gettext as translated
from flask_babel import ngettext as translated_number
from flask_babel.speaklater import LazyString

from app.access.policy import title_text
from app.base.language import LANGUAGES
from app.base.views.cells import zone
from app.base.views.formats import date_text, moment_text, number_text
from app.types import Named, Text

#: Where a text names the record it is about; filled in for each reader with what they may read of its name.
RECORD = "%(record)s"


def kept(value: Text) -> Any:
    """A text or value as JSON: lazily translated texts (`lazy_gettext`) by id and values, moments and days as such."""
    if isinstance(value, LazyString):
        values = {name: kept(each) for name, each in value._kwargs.items()}
        ids = list(value._args)
        if len(ids) == 1:
            return {"id": str(ids[0]), "values": values}
        if len(ids) == 3:
            return {"id": str(ids[0]), "plural": str(ids[1]), "number": int(ids[2]), "values": values}
        return str(value)
    if isinstance(value, Named):
        return {"named": value.title, "entity": value.entity, "record": value.record_id}
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, date):
        return {"on": value.isoformat()}
    if isinstance(value, Decimal):
        return {"figure": str(value)}
    return value if isinstance(value, int) and not isinstance(value, bool) else str(value)


def kept_in_each(say: Callable[[], str]) -> dict[str, Any]:
    """A text made of others (labels somebody named, lists of choices) as JSON: as it is said in each language."""
    told = {}
    for language in LANGUAGES:
        with force_locale(language):
            told[language] = say()
    return {"each": told}


def said(saying: Any, record: str = "") -> str:
    """The text in the language in force; `record` is the name of the record it is about, as the reader may know it."""
    if not isinstance(saying, Mapping):
        return number_text(saying) if isinstance(saying, int) else str(saying)
    if "each" in saying:
        locale = get_locale()
        told: Mapping[str, str] = saying["each"]
        return told.get(locale.language if locale is not None else "", next(iter(told.values())))
    if "named" in saying:
        return title_text(saying["entity"], saying["named"], saying["record"])
    if "at" in saying:
        return moment_text(datetime.fromisoformat(saying["at"]), zone())
    if "on" in saying:
        return date_text(date.fromisoformat(saying["on"]))
    if "figure" in saying:
        return number_text(Decimal(saying["figure"]))
    values = {name: said(each, record) for name, each in saying.get("values", {}).items()}
    try:
        if "plural" in saying:
            numbered = translated_number(saying["id"], saying["plural"], saying["number"], **values, record=record)
            return str(numbered)
        text = translated(saying["id"])
        return text % {**values, "record": record} if values or RECORD in text else text
    except (KeyError, ValueError, TypeError):
        return str(saying["id"])  # a text that asks for what it was not given is still told
