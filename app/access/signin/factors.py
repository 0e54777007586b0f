"""The second factor: codes of an authenticator app (TOTP, RFC 6238), each good once, and recovery codes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import pyotp
from sqlalchemy import delete, func, insert, select, update

from app.access.signin.models import FactorRole, RecoveryCode, SecondFactor
from app.access.signin.sealing import seal, unseal
from app.access.signin.settings import EVERYBODY, SECOND_FACTOR
from app.db import now, session, transaction
from app.host.context import context
from app.host.settings import setting

#: Seconds a code lasts, and how many before and after now are taken (clocks differ).
STEP, DRIFT = 30, 1
RECOVERY_CODES = 10
#: Without the characters people mistake for each other.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Factor:
    """What a login has: nothing, a secret not confirmed yet, or a second factor since `since`."""

    since: datetime | None = None
    secret: str = ""
    codes_left: int = 0


def read_factor(user_id: int) -> Factor:
    """The second factor of a login; its secret only while it is not confirmed."""
    row = session.execute(
        select(SecondFactor.secret, SecondFactor.confirmed_at).where(SecondFactor.user_id == user_id)
    ).one_or_none()
    if row is None:
        return Factor()
    if row.confirmed_at is None:
        return Factor(secret=unseal(row.secret, user_id))
    unused = (RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    left = session.scalar(select(func.count()).select_from(RecoveryCode).where(*unused))
    return Factor(since=row.confirmed_at, codes_left=left or 0)


def has_factor(user_id: int) -> bool:
    """Whether a login asks for a code."""
    confirmed = (SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None))
    return session.scalar(select(SecondFactor.user_id).where(*confirmed)) is not None


def is_required(role_ids: Iterable[int]) -> bool:
    """Whether the site, or one of these roles, asks for a second factor."""
    if setting(SECOND_FACTOR) == EVERYBODY:
        return True
    return session.scalar(select(FactorRole.role_id).where(FactorRole.role_id.in_(set(role_ids))).limit(1)) is not None


def role_requires(role_id: int) -> bool:
    """Whether a role asks for a second factor."""
    return session.scalar(select(FactorRole.role_id).where(FactorRole.role_id == role_id)) is not None


def require_of_role(role_id: int, required: bool) -> None:
    """Let a role ask for a second factor from its holders' next login on, or no longer."""
    with transaction() as current:
        current.execute(delete(FactorRole).where(FactorRole.role_id == role_id))
        if required:
            current.execute(insert(FactorRole).values(role_id=role_id))


def begin_factor(user_id: int) -> bool:
    """A new secret, to be confirmed by a code; False when a second factor is on already."""
    with transaction() as current:
        if has_factor(user_id):
            return False
        current.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))
        sealed = seal(pyotp.random_base32(), user_id)
        current.execute(insert(SecondFactor).values(user_id=user_id, secret=sealed, last_step=0))
    return True


def confirm_factor(user_id: int, code: str) -> list[str]:
    """Switch the begun second factor on by its first code; the recovery codes, or nothing when it is wrong."""
    with transaction() as current:
        if has_factor(user_id) or not _take_code(user_id, code):
            return []
        current.execute(update(SecondFactor).where(SecondFactor.user_id == user_id).values(confirmed_at=now()))
        return new_recovery_codes(user_id)


def new_recovery_codes(user_id: int) -> list[str]:
    """Ten new codes in the place of all earlier ones; told once."""
    codes = [f"{_letters(5)}-{_letters(5)}" for _each in range(RECOVERY_CODES)]
    with transaction() as current:
        current.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
        current.execute(insert(RecoveryCode), [{"user_id": user_id, "code": _mac(user_id, code)} for code in codes])
    return codes


def _letters(number: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _each in range(number))


def take_code(user_id: int, code: str) -> str:
    """``code`` or ``recovery`` when what was typed is good and was not used before; empty when it is not."""
    with transaction() as current:
        if not has_factor(user_id):
            return ""
        if _take_code(user_id, code):
            return "code"
        mine = (RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
        used = current.execute(
            update(RecoveryCode).where(*mine, RecoveryCode.code == _mac(user_id, code)).values(used_at=now())
        )
        return "recovery" if used.rowcount else ""  # type: ignore[attr-defined]


def _take_code(user_id: int, code: str) -> bool:
    """Whether a code of the app is right and newer than the last one taken; it is taken then."""
    typed = "".join(code.split())
    sealed = session.scalar(select(SecondFactor.secret).where(SecondFactor.user_id == user_id))
    if sealed is None or not (typed.isascii() and typed.isdecimal() and len(typed) == 6):
        return False
    totp = pyotp.TOTP(unseal(sealed, user_id), interval=STEP)
    present = int(now().timestamp()) // STEP
    for step in range(present - DRIFT, present + DRIFT + 1):
        if hmac.compare_digest(totp.generate_otp(step), typed):
            newer = (SecondFactor.user_id == user_id, SecondFactor.last_step < step)
            taken = session.execute(update(SecondFactor).where(*newer).values(last_step=step))
            return bool(taken.rowcount)  # type: ignore[attr-defined]
    return False


def remove_factor(user_id: int) -> bool:
    """Forget the second factor and the recovery codes; whether it was on."""
    with transaction() as current:
        was_on = has_factor(user_id)
        for table in (SecondFactor, RecoveryCode):
            current.execute(delete(table).where(table.user_id == user_id))
    return was_on


def app_address(secret: str, username: str) -> str:
    """What the QR code says: the address authenticator apps read (otpauth://)."""
    return pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=username, issuer_name=context().site.name)


def _mac(user_id: int, code: str) -> str:
    plain = "".join(c for c in code.lower() if c.isalnum())
    secret = f"recovery:{context().site.secret}".encode()
    return hmac.new(secret, f"{user_id}:{plain}".encode(), hashlib.sha256).hexdigest()
