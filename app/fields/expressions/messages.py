"""What an admin reads when an expression is refused: what is wrong, and where."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.fields.expressions.checking import Type
from app.fields.expressions.syntax import BadExpression

TYPES: dict[Type, Any] = {
    Type.TEXT: _l("text"),
    Type.INTEGER: _l("whole number"),
    Type.DECIMAL: _l("number with decimals"),
    Type.BOOLEAN: _l("yes or no"),
    Type.DATE: _l("day"),
    Type.MOMENT: _l("day and time"),
    Type.LINK: _l("link to a record"),
    Type.LIST: _l("list"),
    Type.NULL: _l("nothing"),
}
TEXTS: dict[str, Any] = {
    "nothing": _l("There is nothing to compute"),
    "long": _l("At most %(most)s characters"),
    "deep": _l("This is nested too deeply; split it into several formulas"),
    "end": _l("Something is missing at the end"),
    "unexpected": _l("“%(found)s” does not belong here"),
    "character": _l("“%(found)s” is not a sign of the language"),
    "full_width": _l("“%(found)s” is a full-width sign; write “%(meant)s”"),
    "open_text": _l("This text has no closing quotation mark"),
    "escape": _l("“%(found)s” means nothing in a text"),
    "number": _l("This number has too many digits"),
    "unsupported": _l("“%(found)s” is not available here"),
    "list": _l("A list may only stand after “in”"),
    "not_list": _l("After “in” comes a list such as ['a', 'b']"),
    "unknown": _l("There is no field “%(found)s”"),
    "unknown_near": _l("There is no field “%(found)s”; is “%(near)s” meant?"),
    "no_function": _l("There is no function “%(found)s”"),
    "no_function_near": _l("There is no function “%(found)s”; is “%(near)s” meant?"),
    "count": _l("“%(function)s” takes %(least)s to %(most)s values"),
    "takes": _l("“%(function)s” takes %(wanted)s here, not %(type)s"),
    "operator": _l("“%(operator)s” does not go between %(first)s and %(second)s"),
    "mixed": _l("The results must be of one kind, not %(first)s here and %(second)s there"),
    "no_choice": _l("“%(found)s” is none of the choices: %(known)s"),
    "no_condition": _l("A condition answers yes or no; this gives %(type)s"),
    "not_counted": _l("“%(found)s” cannot be asked of the records that are rolled up"),
    "result": _l("The field holds %(wanted)s; this gives %(type)s"),
    "round_it": _l("The field holds whole numbers; write int(round(…)) around it"),
}


def told(bad: BadExpression, text: str) -> str:
    """The fault of an expression with its place, in the reader's language: “… (line 1, character 5)”."""
    details = {name: _detail(value) for name, value in bad.details.items()}
    said = str(TEXTS[bad.code]) % details if details else str(TEXTS[bad.code])
    before = text[: bad.at]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    if line > 1:
        return _("%(fault)s (line %(line)s, character %(column)s)", fault=said, line=line, column=column)
    return _("%(fault)s (character %(column)s)", fault=said, column=column)


def _detail(value: Any) -> str:
    if isinstance(value, Type):
        return str(TYPES[value])
    if isinstance(value, tuple):
        return " / ".join(str(TYPES[each]) for each in value)
    if isinstance(value, list):
        return "、".join(value[:12])
    return str(value)[:60]


__all__ = ["TEXTS", "TYPES", "told"]
