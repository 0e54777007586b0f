"""What the screens of custom fields say about formulas: the words one may use, what a field uses and what uses it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.access.actors import require_actor
from app.access.policy import seen_by
from app.db import session
from app.fields.custom.deriving import EXPRESSIONS, fields_now, names_in, rolling_up, rows_of, used_by, users_of
from app.fields.custom.describing import said
from app.fields.custom.rolling import ROLLUP
from app.fields.custom.schemas import CUSTOM_FIELD
from app.fields.custom.stored import is_extensible
from app.fields.expressions.checking import OF_KIND
from app.fields.expressions.messages import TYPES
from app.host.context import context
from app.types import Tab, Text

#: How each function is written, and what it answers.
FUNCTIONS: tuple[tuple[str, Text], ...] = (
    ("== != < <= > >= && || ! in", _l("Comparisons; and, or, not; one of a list: level in ['key', 'important']")),
    ("+ - * / %", _l("Exact arithmetic; + joins texts; / always gives decimals, % the remainder of whole numbers")),
    ("a ? b : c", _l("b where a is true, else c")),
    ("coalesce(a, b, …)", _l("The first that is not empty")),
    ("round(a, 2)  floor(a)  ceil(a)  abs(a)", _l("Rounded (halves up), the whole number below, above, without sign")),
    ("min(a, b, …)  max(a, b, …)", _l("The smallest, the largest")),
    ("int(a)  double(a)  string(a)", _l("As a whole number (cut off), as a number with decimals, as text")),
    (
        "size(a)  trim(a)  substring(a, 0, 2)",
        _l("Characters of a text, without blanks around it, a part from 0 to before 2"),
    ),
    ("a.contains(b)  a.startsWith(b)  a.endsWith(b)", _l("Whether a text contains, begins or ends with another")),
    ("lowerAscii(a)  upperAscii(a)", _l("Latin letters in small, in capitals")),
    ("date(a)  year(a)  month(a)  day(a)", _l("The day of a moment or a text such as '2024-02-29'; its parts")),
    ("days_between(a, b)  years_between(a, b)", _l("Days, completed years from a to b")),
    ("add_days(a, 30)  add_months(a, 1)", _l("So many days or months later")),
    ("today()", _l("Today; results in records are of last midnight or of their last change")),
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The fields of one kind of record a formula may name: (key, label, type)."""

    label: str
    words: tuple[tuple[str, str, str], ...]


def vocabularies() -> Iterator[Vocabulary]:
    """What formulas of each kind of record may name, as far as the actor may know of it."""
    for entity in context().entities.values():
        if not is_extensible(entity):
            continue
        known = {field.name for field in seen_by(entity, require_actor()).fields}
        fields = fields_now(entity, rows_of(session(), entity.slug)).values()
        words = tuple(
            (field.name, str(field.label), str(TYPES[OF_KIND[field.kind]]))
            for field in fields
            if field.kind in OF_KIND and (field.name in known or entity.field(field.name) is None)
        )
        yield Vocabulary(str(entity.label), words)


@dataclass(frozen=True, slots=True)
class Line:
    """One dependency: the field, where its page is, and by which expression."""

    label: str
    key: str
    by: str
    url: str = ""


def dependencies(record: Any) -> str:
    """The tab of a custom field's page: what it is worked out from, and what is worked out from it."""
    rows = rows_of(session(), record.entity)
    entity = context().entities.get(record.entity)
    known = fields_now(entity, rows) if entity is not None else {}
    pages = {row.key: _page(row) for row in rows}
    uses = [
        Line(str(known[key].label) if key in known else key, key, _by(name), pages.get(key, ""))
        for name in EXPRESSIONS
        for key in used_by(record, name)
    ]
    uses += _rolled(record)
    users = [
        Line(str(known[use.row.key].label), use.row.key, _by(use.by), pages[use.row.key])
        for use in users_of(record.key, rows)
    ]
    users += [
        Line(str(said(row.label_zh, row.label_en)), f"{row.entity}.{row.key}", _by("rollup_of"), _page(row))
        for row in rolling_up(session(), record)
    ]
    return render_template("shaping/dependencies.html", uses=uses, users=users)


def _page(row: Any) -> str:
    return url_for(f"{CUSTOM_FIELD.view_name}.show", pk=row.id)


def _rolled(record: Any) -> Iterator[Line]:
    """What a roll-up is made of: the link, the field, the fields of its condition."""
    slug, _dot, link = (record.rollup_of or "").partition(".")
    child = context().entities.get(slug)
    if record.source != ROLLUP or child is None:
        return
    known = fields_now(child, rows_of(session(), slug))
    named = ((link, "rollup_of"), (record.rollup_field, "rollup_field"))
    where = ((key, "rollup_where") for key in names_in(record.rollup_where or ""))
    for key, by in (*named, *where):
        if key:
            label = str(known[key].label) if key in known else key
            yield Line(f"{child.label} · {label}", f"{slug}.{key}", _by(by))


def _by(name: str) -> str:
    field = CUSTOM_FIELD.field(name)
    return str(field.label) if field is not None else name


def tabs(entity: str) -> Sequence[Tab]:
    """The tab on the page of a custom field."""
    if entity != CUSTOM_FIELD.slug:
        return ()
    return (Tab("dependencies", _("Dependencies"), dependencies, order=10),)


__all__ = ["FUNCTIONS", "Vocabulary", "dependencies", "tabs", "vocabularies"]
