"""What a password must be, and when failures lock, decided without a database."""

from __future__ import annotations

import doctest
from datetime import UTC, datetime, timedelta

import pytest

from app.access.signin import rules
from app.access.signin.rules import (
    Policy,
    Tally,
    Weakness,
    after_failure,
    classes_in,
    is_easy,
    is_expired,
    network_of,
    seconds_locked,
    weakness_of,
)

T = datetime(2026, 3, 1, 9, tzinfo=UTC)
ABOUT = ("张经理", "13812345678", "zhang.wei@example.com", "E-0042", "")


@pytest.mark.parametrize(
    ("password", "found"),
    [
        ("blue-Spar7", None),
        ("blue-Spa7", Weakness.SHORT),
        ("x7-" * 90, Weakness.LONG),
        ("onlysmallletters", Weakness.CLASSES),
        ("一匹白马过小桥流水人", Weakness.CLASSES),
        ("白马过小桥流水人家 7", None),
        ("my-ZhangW-login-1", Weakness.LOGIN),
        ("ｚｈａｎｇｗ-wide-1", Weakness.LOGIN),
        ("我是张经理-abc-17", Weakness.PERSON),
        ("call 13812345678", Weakness.PERSON),
        ("ZHANG.WEI-is-me-1", Weakness.PERSON),
        ("my e-0042 number", Weakness.PERSON),
        ("password123", Weakness.EASY),
        ("P@ssw0rd2026!", Weakness.EASY),
        ("Admin@123456", Weakness.EASY),
        ("woaini1314520", Weakness.EASY),
        ("1qaz@WSX3edc", Weakness.EASY),
        ("9876543210", Weakness.EASY),
        ("aaaaabbbbb11", Weakness.EASY),
    ],
)
def test_what_is_wrong_with_a_password(password: str, found: Weakness | None) -> None:
    assert weakness_of(password, Policy(), "zhangw", ABOUT) is found


def test_the_policy_is_the_sites() -> None:
    strict = Policy(length=14, classes=4)
    assert weakness_of("blue-Sparrow7", strict) is Weakness.SHORT
    assert weakness_of("blue-sparrow-71", strict) is Weakness.CLASSES
    assert weakness_of("Blue-sparrow-71", strict) is None
    assert weakness_of("onlysmallletters", Policy(classes=1)) is None


def test_kinds_of_characters() -> None:
    assert [classes_in(text) for text in ("", "a", "aB", "aB3", "aB3 ", "桥")] == [0, 1, 2, 3, 4, 1]


def test_a_sentence_with_a_known_word_in_it_is_not_easy() -> None:
    assert not is_easy("the password of my house is green")
    assert is_easy("~password~1")


def test_age() -> None:
    assert not is_expired(T, T + timedelta(days=9999), 0)
    assert not is_expired(T, T + timedelta(days=89, hours=23), 90)
    assert is_expired(T, T + timedelta(days=90), 90)


def test_failures_lock_within_the_window_only() -> None:
    tally = None
    for number in range(1, 5):
        tally = after_failure(tally, T, 5, 15)
        assert (tally.failures, tally.locked_until) == (number, None)
    locked = after_failure(tally, T + timedelta(minutes=14), 5, 15)
    assert locked.locked_until == T + timedelta(minutes=29)
    assert after_failure(tally, T + timedelta(minutes=15), 5, 15) == Tally(1, T + timedelta(minutes=15))
    still = after_failure(locked, T + timedelta(minutes=28), 5, 15)
    assert (still.failures, still.locked_until) == (6, locked.locked_until), "one begun before the lock leaves it"
    after = after_failure(locked, T + timedelta(minutes=30), 5, 15)
    assert (after.failures, after.locked_until) == (1, None), "a lock that has ended begins a new count"
    assert after_failure(Tally(10_000, T), T, 0, 15).locked_until is None


def test_addresses_are_counted_by_their_network() -> None:
    for address, network in (
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unix:", "unix:"),
        ("", ""),
    ):
        assert network_of(address) == network


def test_seconds_to_wait() -> None:
    assert seconds_locked(None, T) == 0
    assert seconds_locked(T, T) == 0
    assert seconds_locked(T + timedelta(seconds=90), T) == 91


def test_the_examples_hold() -> None:
    held = doctest.testmod(rules)
    assert held.failed == 0 and held.attempted >= 4
