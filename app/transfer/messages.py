"""What a person reads when a file or a row is refused, by code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.fields.messages import MESSAGES
from app.transfer.rules.limits import BadFile
from app.types import Entity, Field, Refused

FILE_MESSAGES: dict[str, Any] = {
    "empty": _l("The file is empty"),
    "old_excel": _l("This is an old Excel file (.xls) or one with a password; save it as .xlsx without a password"),
    "encrypted": _l("The file has a password; save it without one"),
    "not_a_table": _l("This is a %(kind)s file, not a table; CSV and XLSX can be imported"),
    "binary": _l("This is not a text table; CSV and XLSX can be imported"),
    "not_its_name": _l("The file is named %(suffix)s, but its content is %(kind)s; rename it or save it again"),
    "suffix": _l("Files named %(suffix)s cannot be imported; CSV, XLSX, and a .zip or .gz of one of them can"),
    "nested": _l("A packed file inside a packed file cannot be imported"),
    "broken": _l("The file is damaged and cannot be read; it may not have been copied completely"),
    "bomb": _l("The file unpacks to far more than can be read; it is refused"),
    "many_tables": _l("The archive holds several files (%(names)s); pack the one to be imported by itself"),
    "no_table": _l("The archive holds no table"),
    "encoding": _l("The text cannot be read as %(encoding)s"),
    "too_many_columns": _l("The table has more than %(limit)s columns"),
    "too_many_rows": _l("The table has more than %(limit)s rows"),
}

ROW_MESSAGES: dict[str, Any] = {
    "short_row": _l("The row has fewer columns than the heading; the file may be cut here"),
    "long_row": _l("The row has more columns than the heading"),
    "broken_row": _l("The row cannot be read; a quotation mark may be missing"),
    "step": _l("“%(value)s” cannot be read by “%(step)s”"),
    "twice": _l("The file has this record already, in row %(row)s"),
    "not_here": _l("Records of this kind have no such field"),
    "not_yours": _l("The record exists, and you may see it, but not change it"),
    "ambiguous": _l("“%(value)s” means several records; use a number or code that is unique"),
    "unfit": _l("The database cannot hold a value of this row"),
    "loop": _l("“%(value)s” was not found, neither before nor in this file"),
    "changed": _l("It has been changed since the import"),
    "in_use": _l("Other records have been added to it since the import"),
    "gone": _l("It has been deleted since the import"),
    "held": _l("Sent for approval: %(what)s"),
    "sent": _l("Sent for approval"),
    "under_approval": _l("It is under approval"),
}


def file_refused(bad: BadFile) -> Refused:
    """The refusal of a file in the person's language."""
    text = str(FILE_MESSAGES[bad.code])
    return Refused(text % bad.details if bad.details else text)


def problem_text(entity: Entity, problem: Mapping[str, Any]) -> str:
    """One problem of a row ({field, code, details, column}) as a sentence in the person's language."""
    code = str(problem.get("code", ""))
    details = dict(problem.get("details") or {})
    field = entity.field(str(problem.get("field") or ""))
    if code == "choice" and field is not None:
        details["choices"] = "、".join(str(choice.label) for choice in field.choices[:12])
    if code == "refused":
        return _with_field(field, problem.get("column"), str(details.get("reason", "")))
    template = ROW_MESSAGES.get(code) or MESSAGES.get(code)
    if template is None:
        text = code
    else:
        text = str(template) % details if details else str(template)
    return _with_field(field, problem.get("column"), text)


def _with_field(field: Field | None, column: Any, text: str) -> str:
    if field is None:
        return text
    if column and column != str(field.label):
        return _("%(column)s (%(field)s): %(reason)s", column=column, field=field.label, reason=text)
    return _("%(field)s: %(reason)s", field=field.label, reason=text)


def problems_text(entity: Entity, problems: list[dict[str, Any]]) -> str:
    """All problems of a row in one cell."""
    return "; ".join(problem_text(entity, problem) for problem in problems)
