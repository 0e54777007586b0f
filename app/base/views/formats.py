"""How values are written for people, after the conventions of Chinese finance. Pure: no request, no database.

Dates are ``2019-12-08``, clocks have 24 hours, ranges use ``～``, nothing is ``--``; amounts have thousands
separators, and large ones can be shortened to 万 and 亿 beside their exact value.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal

from app.access.masks import NOTHING, mask_bank_card, mask_email, mask_id_number, mask_phone

_SHORT = {
    "zh": ((Decimal(10) ** 12, "万亿"), (Decimal(10) ** 8, "亿"), (Decimal(10) ** 4, "万")),
    "en": (
        (Decimal(10) ** 12, "T"),
        (Decimal(10) ** 9, "bn"),
        (Decimal(10) ** 6, "m"),
        (Decimal(10) ** 3, "k"),
    ),
}


def date_text(value: date | None) -> str:
    """A date.

    >>> date_text(date(2019, 12, 8))
    '2019-12-08'
    """
    return NOTHING if value is None else f"{value.year:04}-{value.month:02}-{value.day:02}"


def moment_text(value: datetime | None, zone: tzinfo = UTC, *, seconds: bool = False) -> str:
    """A moment on the clock of `zone`; a naive value is taken as UTC.

    >>> from zoneinfo import ZoneInfo
    >>> moment_text(datetime(2019, 12, 8, 6, 30, tzinfo=UTC), ZoneInfo("Asia/Shanghai"))
    '2019-12-08 14:30'
    """
    if value is None:
        return NOTHING
    local = (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(zone)
    clock = f"{local.hour:02}:{local.minute:02}" + (f":{local.second:02}" if seconds else "")
    return f"{date_text(local.date())} {clock}"


def range_text(start: str | None, end: str | None) -> str:
    """A range of written values; an open end stays open.

    >>> range_text("2019-12-01", "2019-12-31"), range_text("100", None)
    ('2019-12-01～2019-12-31', '100～')
    """
    return NOTHING if not start and not end else f"{start or ''}～{end or ''}"


def number_text(value: int | float | Decimal | None, places: int | None = None) -> str:
    """A number with thousands separators; `places` decimals, or those it has.

    >>> number_text(1234567), number_text(Decimal("1234.500"), 2), number_text(Decimal("0.50"))
    ('1,234,567', '1,234.50', '0.50')
    """
    if value is None:
        return NOTHING
    if isinstance(value, int):
        return f"{value:,}" if places is None else f"{value:,.{places}f}"
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    if places is not None:
        exact = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{exact:,f}"


def money_text(value: Decimal | int | None) -> str:
    """An amount to the cent; the unit stands in the column's header or beside it.

    >>> money_text(Decimal("1234567.5"))
    '1,234,567.50'
    """
    return number_text(value if value is None else Decimal(value), 2)


def money_short(value: Decimal | int | None, language: str = "zh") -> str:
    """A large amount in 万 / 亿 (or k / m / bn) with two decimals; small ones stay exact.

    Always show the exact value beside it (as the title), and never use it in exports.
    >>> money_short(Decimal("123456789")), money_short(Decimal("9800")), money_short(Decimal("2500000"), "en")
    ('1.23亿', '9,800.00', '2.50m')
    """
    if value is None:
        return NOTHING
    amount = Decimal(value)
    for size, name in _SHORT.get(language[:2], _SHORT["en"]):
        if abs(amount) >= size:
            return f"{number_text(amount / size, 2)}{name}"
    return money_text(amount)


def percent_text(value: Decimal | int | None) -> str:
    """A percentage without needless zeros: the value is already in percent.

    >>> percent_text(Decimal("25.00")), percent_text(Decimal("4.35"))
    ('25%', '4.35%')
    """
    if value is None:
        return NOTHING
    text = f"{Decimal(value):,f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "%"


def duration_text(seconds: int | None) -> str:
    """A duration as a clock: minutes and seconds, with hours when there are any.

    >>> duration_text(95), duration_text(3725)
    ('1:35', '1:02:05')
    """
    if seconds is None:
        return NOTHING
    minutes, rest = divmod(abs(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if seconds < 0 else ""
    return f"{sign}{hours}:{minutes:02}:{rest:02}" if hours else f"{sign}{minutes}:{rest:02}"


__all__ = [
    "NOTHING",
    "date_text",
    "duration_text",
    "mask_bank_card",
    "mask_email",
    "mask_id_number",
    "mask_phone",
    "moment_text",
    "money_short",
    "money_text",
    "number_text",
    "percent_text",
    "range_text",
]
