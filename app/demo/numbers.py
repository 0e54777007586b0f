"""Made-up numbers whose check digits are right."""

from __future__ import annotations

from datetime import date
from random import Random

from app.fields.rules import USCC_ALPHABET, id_check_digit, uscc_check_digit

MOBILE_HEADS = (
    "130",
    "131",
    "135",
    "136",
    "137",
    "138",
    "139",
    "150",
    "151",
    "158",
    "159",
    "180",
    "186",
    "188",
    "189",
)
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def id_number(random: Random, division: str, born: date, *, female: bool) -> str:
    """A resident identity number of 18 characters."""
    order = random.randrange(0, 500) * 2 + (0 if female else 1)
    seventeen = f"{division}{born:%Y%m%d}{order:03d}"
    return seventeen + id_check_digit(seventeen)


def uscc(random: Random, division: str) -> str:
    """A unified social credit code of a company, its organisation code (GB 11714) checked as well."""
    body = "".join(random.choice(USCC_ALPHABET) for _ in range(8))
    seventeen = f"91{division}{body}{organisation_check(body)}"
    return seventeen + uscc_check_digit(seventeen)


def organisation_check(body: str) -> str:
    """The ninth character of an organisation code; 10 is written ``X``."""
    value = 11 - sum(int(c, 36) * w for c, w in zip(body, _ORG_WEIGHTS, strict=True)) % 11
    return "X" if value == 10 else "0" if value == 11 else str(value)


def mobile(random: Random) -> str:
    """A mobile number in the usual form."""
    return f"{random.choice(MOBILE_HEADS)}{random.randrange(10**8):08d}"
