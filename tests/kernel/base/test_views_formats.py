"""How values are written for people."""

from __future__ import annotations

import doctest
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from app.access import masks
from app.base.views import formats
from app.base.views.formats import (
    NOTHING,
    date_text,
    duration_text,
    mask_bank_card,
    mask_email,
    mask_id_number,
    mask_phone,
    moment_text,
    money_short,
    money_text,
    number_text,
    percent_text,
    range_text,
)


def test_the_examples_hold() -> None:
    results = [doctest.testmod(module) for module in (formats, masks)]
    assert sum(result.attempted for result in results) >= 12
    assert all(result.failed == 0 for result in results)


def test_nothing_is_two_dashes_everywhere() -> None:
    writers = (
        date_text, moment_text, number_text, money_text, money_short, percent_text, duration_text,
        mask_phone, mask_id_number, mask_bank_card, mask_email,
    )  # fmt: skip
    assert {writer(None) for writer in writers} == {NOTHING}
    assert range_text(None, "") == NOTHING


@pytest.mark.parametrize(
    ("amount", "zh", "en"),
    [
        ("9999.99", "9,999.99", "10.00k"),
        ("10000", "1.00万", "10.00k"),
        ("-123456789", "-1.23亿", "-123.46m"),
        ("99999999", "10,000.00万", "100.00m"),
        ("1000000000000", "1.00万亿", "1.00T"),
        ("0", "0.00", "0.00"),
    ],
)
def test_large_amounts_are_shortened_by_the_words_of_the_language(amount: str, zh: str, en: str) -> None:
    assert (money_short(Decimal(amount)), money_short(Decimal(amount), "en")) == (zh, en)


def test_a_moment_is_shown_on_the_clock_of_the_person() -> None:
    moment = datetime(2019, 12, 8, 18, 30, 59, tzinfo=UTC)
    assert moment_text(moment, ZoneInfo("Asia/Shanghai")) == "2019-12-09 02:30"
    assert moment_text(moment, ZoneInfo("America/New_York"), seconds=True) == "2019-12-08 13:30:59"
    assert moment_text(moment.replace(tzinfo=None), ZoneInfo("UTC")) == "2019-12-08 18:30"
    assert date_text(date(33, 1, 2)) == "0033-01-02"


def test_percentages_lose_needless_zeros_only() -> None:
    assert [percent_text(Decimal(p)) for p in ("10.00", "0.50", "100", "0")] == ["10%", "0.5%", "100%", "0%"]


@pytest.mark.parametrize(
    ("value", "masked"),
    [("13800135678", "138****5678"), ("+8613800135678", "+86138****5678"), ("12345", "***45"), ("1", "*1")],
)
def test_a_masked_phone_keeps_its_ends(value: str, masked: str) -> None:
    assert mask_phone(value) == masked


def test_masks_never_show_a_short_number_whole() -> None:
    assert mask_id_number("1234567") == "*******"
    assert mask_id_number("110101850615123") == "110********5123"[:3] + "*" * 8 + "5123"
    assert mask_bank_card("62220001") == "******01"
    assert mask_bank_card("6222 0202 0000 1234") == "6222****1234"
    assert mask_email("a@b.cn") == "a****@b.cn"
