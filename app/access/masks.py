"""How a value is written for whoever may see only part of it, after the habits of finance. Pure.

What is left of a value identifies it to somebody who has it in front of them, and tells nothing to anybody else:
the length of free text stays unknown, figures and dates vanish whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from app.types import Field, Kind

#: What is shown where there is no value.
NOTHING = "--"
#: Free text, whatever its length.
STARS = "******"
#: Figures, dates, choices, links.
NONE_OF_IT = "***"


def masked(field: Field, value: Any) -> str:
    """A field's value with what nobody may read left out; nothing stays nothing.

    >>> masked(Field("mobile", "", Kind.PHONE), "13800135678"), masked(Field("due_on", "", Kind.DATE), "2019-12-08")
    ('138****5678', '***')
    """
    if value is None or value == "":
        return NOTHING
    rule = field.mask or _BY_KIND.get(field.kind)
    return _RULES[rule](str(value)) if rule else NONE_OF_IT


def mask_text(value: str | None) -> str:
    """Free text: none of it, nor its length.

    >>> mask_text("桥江路1号")
    '******'
    """
    return STARS if value else NOTHING


def mask_name(value: str | None) -> str:
    """The first character of a name.

    >>> mask_name("王小明"), mask_name("北京桥江商贸有限公司")
    ('王**', '北**')
    """
    return f"{value.strip()[:1]}**" if value and value.strip() else NOTHING


def mask_phone(value: str | None) -> str:
    """The first three and last four digits of a phone number; short numbers keep the last two.

    >>> mask_phone("13800135678"), mask_phone("66778899")
    ('138****5678', '******99')
    """
    if not value:
        return NOTHING
    if len(value) >= 11:
        # a country's code stays, a number with more behind it does not
        return f"{value[: -8 if len(value) <= 14 else 3]}****{value[-4:]}"
    return "*" * max(len(value) - 2, 1) + value[-2:]


def mask_id_number(value: str | None) -> str:
    """The first three and last four characters of an identity number (or another long certificate number).

    >>> mask_id_number("110105194912311234")
    '110***********1234'
    """
    return _between(value, 3, 4)


def mask_bank_card(value: str | None) -> str:
    """The first and last four digits of a card; always four stars, so that the length stays unknown.

    >>> mask_bank_card("6222020200001234")
    '6222****1234'
    """
    if not value:
        return NOTHING
    digits = re.sub(r"\s", "", value)
    return f"{digits[:4]}****{digits[-4:]}" if len(digits) > 8 else _between(digits, 0, 2)


def mask_email(value: str | None) -> str:
    """The first character of the name and the domain of an e-mail address.

    >>> mask_email("zhang.san@example.com")
    'z****@example.com'
    """
    if not value:
        return NOTHING
    name, at, domain = value.partition("@")
    return f"{name[:1]}****{at}{domain}"


def _between(value: str | None, head: int, tail: int) -> str:
    if not value:
        return NOTHING
    if len(value) <= head + tail:
        return "*" * len(value)
    return value[:head] + "*" * (len(value) - head - tail) + value[len(value) - tail :]


_RULES: dict[str, Callable[[str], str]] = {
    "phone": mask_phone,
    "id_number": mask_id_number,
    "bank_card": mask_bank_card,
    "email": mask_email,
    "name": mask_name,
    "text": mask_text,
}
_BY_KIND = {
    Kind.PHONE: "phone",
    Kind.ID_NUMBER: "id_number",
    Kind.USCC: "id_number",
    Kind.BANK_CARD: "bank_card",
    Kind.EMAIL: "email",
    Kind.TEXT: "text",
    Kind.LONG_TEXT: "text",
    Kind.AUTO_NUMBER: "text",
}
