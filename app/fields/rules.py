"""Pure checks of single values: numbers with check digits, phones, amounts, dates in the usual spellings."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECKS = "10X98765432"
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_TRUE = frozenset({"1", "true", "yes", "y", "on", "是", "对", "√", "t"})
_FALSE = frozenset({"0", "false", "no", "n", "off", "否", "错", "×", "f"})


class BadValue(ValueError):
    """A value that cannot be read; `code` is one of the keys of `app.fields.messages.MESSAGES`."""

    def __init__(self, code: str, **details: object):
        self.code = code
        self.details = details
        super().__init__(code)


def id_check_digit(seventeen: str) -> str:
    """The 18th character of a resident identity number (GB 11643-1999, ISO 7064 MOD 11-2)."""
    total = sum(int(d) * w for d, w in zip(seventeen, ID_WEIGHTS, strict=True))
    return ID_CHECKS[total % 11]


def read_id_number(text: str) -> str:
    """A resident identity number in 18 upper-case characters; 15-digit ones are widened.

    Checks digits, birth date and check digit, not whether the county code existed then. Raises `BadValue`.
    >>> read_id_number("11010519491231002x")
    '11010519491231002X'
    """
    number = text.strip().upper()
    if re.fullmatch(r"\d{15}", number):
        wide = number[:6] + "19" + number[6:]
        number = wide + id_check_digit(wide)
    if not re.fullmatch(r"\d{17}[\dX]", number):
        raise BadValue("id_number_form")
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError as wrong:
        raise BadValue("id_number_date") from wrong
    if born.year < 1850:
        raise BadValue("id_number_date")
    if id_check_digit(number[:17]) != number[17]:
        raise BadValue("id_number_check")
    return number


def id_number_facts(number: str) -> tuple[date, str]:
    """(birth date, 'female' or 'male') of a checked 18-character identity number."""
    born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    return born, "male" if int(number[16]) % 2 else "female"


def uscc_check_digit(seventeen: str) -> str:
    """The 18th character of a unified social credit code (GB 32100-2015, MOD 31)."""
    total = sum(USCC_ALPHABET.index(c) * w for c, w in zip(seventeen, USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[(31 - total % 31) % 31]


def read_uscc(text: str) -> str:
    """A unified social credit code (统一社会信用代码) in upper case. Raises `BadValue`."""
    code = text.strip().upper()
    if len(code) != 18 or any(c not in USCC_ALPHABET for c in code):
        raise BadValue("uscc_form")
    if uscc_check_digit(code[:17]) != code[17]:
        raise BadValue("uscc_check")
    return code


def read_phone(text: str) -> str:
    """A phone number without blanks and dashes, a Chinese +86 / 0086 taken off. Raises `BadValue`."""
    if 5 <= len(text) <= 11 and text.isascii() and text.isdecimal():
        return text
    number = re.sub(r"[\s\-()（）]", "", text)
    number = re.sub(r"^(?:\+86|0086)(?=1\d{10}$)", "", number)
    if not re.fullmatch(r"\+?\d{5,19}", number):
        raise BadValue("phone")
    return number


def read_bank_card(text: str) -> str:
    """A bank card number (12–19 digits, Luhn check). Raises `BadValue`."""
    number = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"\d{12,19}", number):
        raise BadValue("bank_card")
    digits = [int(d) for d in reversed(number)]
    if sum(d if i % 2 == 0 else sum(divmod(d * 2, 10)) for i, d in enumerate(digits)) % 10:
        raise BadValue("bank_card")
    return number


def read_email(text: str) -> str:
    """An e-mail address in lower case. Raises `BadValue`."""
    address = text.strip().lower()
    if len(address) > 200 or not _EMAIL.fullmatch(address):
        raise BadValue("email")
    return address


def read_decimal(text: str) -> Decimal:
    """A decimal number; thousands separators and 万 / 亿 are read. Raises `BadValue`.

    >>> read_decimal("1,234.5万")
    Decimal('12345000.0')
    """
    plain = text.strip().replace(",", "").replace("，", "").lstrip("¥￥")
    factor = {"万": Decimal(10_000), "亿": Decimal(100_000_000)}.get(plain[-1:], Decimal(1))
    try:
        value = Decimal(plain.rstrip("万亿").strip()) * factor
    except InvalidOperation as wrong:
        raise BadValue("decimal") from wrong
    if not value.is_finite():
        raise BadValue("decimal")
    return value


def read_integer(text: str) -> int:
    """A whole number; ``12.0`` counts, ``12.5`` does not. Raises `BadValue`."""
    try:
        value = read_decimal(text)
    except BadValue as wrong:
        raise BadValue("integer") from wrong
    if value != value.to_integral_value() or abs(value) > 2**53:
        raise BadValue("integer")
    return int(value)


def read_boolean(text: str) -> bool:
    """Yes or no in the usual spellings of both languages. Raises `BadValue`."""
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise BadValue("boolean")


def read_date(text: str) -> date:
    """A date: 2019-12-08, 2019/12/8, 2019.12.8, 2019年12月8日, 20191208. Raises `BadValue`."""
    found = _DATE.fullmatch(text.strip()) or _COMPACT.fullmatch(text.strip())
    try:
        if found is None:
            return datetime.fromisoformat(text.strip()).date()
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError as wrong:
        raise BadValue("date") from wrong


def read_datetime(text: str, zone: tzinfo = UTC) -> datetime:
    """A moment, aware: ISO form, or a date with an optional time, taken in `zone`. Raises `BadValue`."""
    plain = text.strip().replace("/", "-").replace("年", "-").replace("月", "-").replace("日", "")
    try:
        value = datetime.fromisoformat(plain)
    except ValueError:
        head, _, tail = plain.partition(" ")
        day = read_date(head)
        clock = re.sub(r"^(?=\d:)", "0", tail.strip())  # a spreadsheet's 9:05
        try:
            value = datetime.fromisoformat(f"{day.isoformat()} {clock or '00:00'}")
        except ValueError as wrong:
            raise BadValue("datetime") from wrong
    return value.replace(tzinfo=zone) if value.tzinfo is None else value
