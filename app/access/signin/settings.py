"""What a site decides about signing in."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.access.signin.rules import LEAST_LENGTH, Policy
from app.host.settings import setting
from app.types import Choice, Kind, Setting

LENGTH, CLASSES = "access.password_length", "access.password_classes"
HISTORY, EXPIRY = "access.password_history", "access.password_expiry_days"
LOCK_AFTER, LOCK_MINUTES = "access.lock_after", "access.lock_minutes"
LOCK_ADDRESS_AFTER = "access.lock_address_after"
IDLE_MINUTES, SESSION_HOURS = "access.idle_minutes", "access.session_hours"
SECOND_FACTOR, CHOSEN, EVERYBODY = "access.second_factor", "chosen", "everybody"
#: Also read by the statement that loads the login of every request.
IDLE_DEFAULT, HOURS_DEFAULT = 60, 12

_NEVER = _l("0 means never")
SETTINGS = (
    Setting(LENGTH, _l("Least length of a password"), Kind.INTEGER, 10, minimum=LEAST_LENGTH, maximum=64),
    Setting(
        CLASSES,
        _l("Kinds of characters in a password"),
        Kind.INTEGER,
        2,
        help=_l("Of small letters, capitals, digits and others"),
        minimum=1,
        maximum=4,
    ),
    Setting(
        HISTORY,
        _l("Earlier passwords that are not taken again"),
        Kind.INTEGER,
        5,
        minimum=0,
        maximum=24,
    ),
    Setting(EXPIRY, _l("Days after which a password expires"), Kind.INTEGER, 0, help=_NEVER, minimum=0, maximum=3650),
    Setting(
        LOCK_AFTER,
        _l("Failed attempts that lock a login name"),
        Kind.INTEGER,
        10,
        help=_NEVER,
        minimum=0,
        maximum=100,
    ),
    Setting(
        LOCK_ADDRESS_AFTER,
        _l("Failed attempts that lock a network address"),
        Kind.INTEGER,
        100,
        help=_NEVER,
        minimum=0,
        maximum=10_000,
    ),
    Setting(
        LOCK_MINUTES,
        _l("Minutes a lock lasts, and within which failures count"),
        Kind.INTEGER,
        15,
        minimum=1,
        maximum=1440,
    ),
    Setting(
        IDLE_MINUTES,
        _l("Minutes without use that end a session"),
        Kind.INTEGER,
        IDLE_DEFAULT,
        help=_NEVER,
        minimum=0,
        maximum=1440,
    ),
    Setting(
        SESSION_HOURS,
        _l("Hours after which a session ends in any case"),
        Kind.INTEGER,
        HOURS_DEFAULT,
        help=_NEVER,
        minimum=0,
        maximum=720,
    ),
    Setting(
        SECOND_FACTOR,
        _l("Second factor"),
        Kind.CHOICE,
        CHOSEN,
        choices=(
            Choice(CHOSEN, _l("Whoever wants one, and the roles that ask for it")),
            Choice(EVERYBODY, _l("Everybody must have one")),
        ),
    ),
)


def policy() -> Policy:
    """What the site asks of passwords now."""
    return Policy(setting(LENGTH), setting(CLASSES), setting(HISTORY), setting(EXPIRY))
