"""What a password must be, and when failures lock: decisions without a database."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address, ip_network

#: Longer ones would only cost time to hash.
LONGEST = 256
#: No setting asks for less.
LEAST_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Policy:
    """What the site asks of passwords; 0 in `history` or `expiry_days` asks nothing."""

    length: int = 10
    classes: int = 2
    history: int = 5
    expiry_days: int = 0


class Weakness(StrEnum):
    """Why a password is refused."""

    SHORT = "short"
    LONG = "long"
    CLASSES = "classes"
    LOGIN = "login"
    PERSON = "person"
    EASY = "easy"


def weakness_of(password: str, policy: Policy, username: str = "", about: Iterable[str] = ()) -> Weakness | None:
    """What is wrong with a password, the first thing found; None when it is accepted.

    `about` are words about the person: name, telephone, e-mail address, staff number. A word counts when the
    password contains it in either case and it has at least two Chinese or four other characters.

    >>> weakness_of("Password@2026", Policy())
    <Weakness.EASY: 'easy'>
    """
    if len(password) < policy.length:
        return Weakness.SHORT
    if len(password) > LONGEST:
        return Weakness.LONG
    lower = unicodedata.normalize("NFKC", password).lower()
    if _tells(username, lower):
        return Weakness.LOGIN
    if any(_tells(word.partition("@")[0], lower) for word in about):
        return Weakness.PERSON
    if is_easy(lower):
        return Weakness.EASY
    return Weakness.CLASSES if classes_in(password) < policy.classes else None


def _tells(word: str, lower: str) -> bool:
    word = word.strip().lower()
    return len(word) >= (4 if word.isascii() else 2) and word in lower


def classes_in(password: str) -> int:
    """How many of the four kinds of characters it has: small letters, capitals, digits, anything else.

    Letters without case (Chinese) are of the fourth kind.
    """
    kinds = {
        "small" if c.islower() else "capital" if c.isupper() else "digit" if c.isdigit() else "other" for c in password
    }
    return len(kinds)


def is_easy(lower: str) -> bool:
    """Whether a password is among the first that are guessed: known words, runs, few characters repeated.

    A known word stays one with digits and signs around it and with the usual signs for letters in it.
    """
    if len(set(lower)) < 5 or any(lower in run or lower in run[::-1] for run in _RUNS):
        return True
    for text in (lower, lower.translate(_SHIFTED)):
        plain = re.sub(r"[^0-9a-z]", "", text)
        if plain in WELL_KNOWN or (len(plain) > 7 and any(plain in run or plain in run[::-1] for run in _RUNS)):
            return True
    around = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", lower)
    return bool({around, around.translate(_LOOKS), re.sub(r"[\W\d_]+$", "", lower.translate(_LOOKS))} & WELL_KNOWN)


_SHIFTED = str.maketrans("!@#$%^&*()", "1234567890")
_LOOKS = str.maketrans("@4031$5!7", "aaoelssit")
_RUNS = tuple(
    run * 2
    for run in (
        *("0123456789", "1234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm"),
        *("1qaz2wsx3edc4rfv5tgb6yhn7ujm", "qazwsxedcrfvtgbyhnujm", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0"),
        *("a1b2c3d4e5f6g7h8", "1a2b3c4d5e6f7g8h", "1122334455667788990", "147258369", "741852963", "789456123"),
    )
)
#: Words and passwords that lead every published list, in China and elsewhere; digits around them do not help.
WELL_KNOWN = frozenset(
    """
    password passwort passwd pass passphrase secret geheim mima wodemima qwerty qwertz azerty qwer asdf asdfgh
    asdfghjkl zxcv zxcvbn zxcvbnm qwerasdf qwerasdfzxcv asdfqwer qazwsx admin administrator administrators root
    toor guest user test tester testing demo default changeme changeit letmein letmeinnow welcome hello
    helloworld login master manager superman batman dragon monkey shadow sunshine princess football baseball
    iloveyou iloveu loveyou loveme trustno woaini woaini1314 woaiwojia wozhiainiyige aini buzhidao wangyut
    zhangwei wangwei liwei xiaoming woshishui nihao nihaoma zhongguo china beijing shanghai shenzhen guangzhou
    huawei xiaomi taobao alibaba baidu weixin wechat tencent bank yinhang daikuan loan company gongsi office
    windows microsoft google oracle server database mysql postgres redis spring summer autumn winter monday
    january qiao qiaocrm crm abc abcd abcde abcdef abcabc aaa aaaa aa aabb asd qwe zxc qaz wsx edc li wang zhang
    5201314520 1314520520 5201314521 521521521 168168168 1123581321 a1s2d3f4g5 p0o9i8u7y6 zaq12wsx zaq1xsw2
    xsw2zaq1
    """.split()  # noqa: SIM905  (a list of words reads better than a list of strings)
)


def is_expired(set_at: datetime, now: datetime, expiry_days: int) -> bool:
    """Whether a password is older than the site allows; never with 0 days."""
    return expiry_days > 0 and now - set_at >= timedelta(days=expiry_days)


@dataclass(frozen=True, slots=True)
class Tally:
    """Failures counted since `since`, and until when that locks."""

    failures: int
    since: datetime
    locked_until: datetime | None = None


def after_failure(tally: Tally | None, now: datetime, most: int, minutes: int) -> Tally:
    """The tally one failure later: `most` within `minutes` lock for as long; 0 never locks.

    >>> from datetime import UTC; t = datetime(2026, 1, 1, tzinfo=UTC)
    >>> after_failure(Tally(4, t), t, 5, 15).locked_until
    datetime.datetime(2026, 1, 1, 0, 15, tzinfo=datetime.timezone.utc)
    """
    window = timedelta(minutes=minutes)
    if tally is not None and tally.locked_until is not None and tally.locked_until > now:
        return Tally(tally.failures + 1, tally.since, tally.locked_until)  # begun before the lock: it stays
    if tally is None or now - tally.since >= window or tally.locked_until is not None:
        tally = Tally(0, now)
    failures = tally.failures + 1
    until = now + window if 0 < most <= failures else None
    return Tally(failures, tally.since, until)


def network_of(address: str) -> str:
    """What failures are counted by: an IPv4 address, or the 64-bit network of an IPv6 one, which is one customer's.

    >>> network_of("2001:db8:1:2:aaaa::1")
    '2001:db8:1:2::/64'
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address[:64]
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((found, 64), strict=False))


def seconds_locked(locked_until: datetime | None, now: datetime) -> int:
    """For how many more seconds, rounded up; 0 when it is not locked."""
    if locked_until is None or locked_until <= now:
        return 0
    return int((locked_until - now).total_seconds()) + 1


#: A session's last use is written down at most this often.
SEEN_EVERY = timedelta(minutes=1)


def why_over(created_at: datetime, last_seen_at: datetime, now: datetime, idle_minutes: int, hours: int) -> str:
    """Why a session is over: ``idle``, ``age``, or empty while it is not; 0 minutes or hours never end it.

    Use that was not written down yet counts: the idle time is longer by `SEEN_EVERY`.
    """
    if hours and now - created_at >= timedelta(hours=hours):
        return "age"
    if idle_minutes and now - last_seen_at >= timedelta(minutes=idle_minutes) + SEEN_EVERY:
        return "idle"
    return ""


_BROWSERS = (
    *(("MicroMessenger", "WeChat"), ("wxwork", "WeCom"), ("DingTalk", "DingTalk"), ("Edg", "Edge"), ("OPR/", "Opera")),
    *(("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("CriOS/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl")),
    ("python", "Python"),
)
_SYSTEMS = (
    *(("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad")),
    *(("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux")),
)


def device(agent: str) -> str:
    """Browser and system of a user agent, as people know them; empty when neither is known.

    >>> device("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36")
    'Chrome · Windows'
    """
    found = (next((name for mark, name in marks if mark in agent), "") for marks in (_BROWSERS, _SYSTEMS))
    return " · ".join(name for name in found if name)
