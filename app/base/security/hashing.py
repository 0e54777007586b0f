"""How a password is kept: as an argon2id hash, at the cost the installation says.

Hashes of Flask-AppBuilder's own kind (scrypt, pbkdf2) still fit what is typed and are made anew at that login.
"""

from __future__ import annotations

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from werkzeug.security import check_password_hash

from config import settings

_OLD_KINDS = ("scrypt:", "pbkdf2:")


def hash_password(password: str) -> str:
    """The hash to keep, with its own salt and cost in it; about 100 characters."""
    return _hasher().hash(password)


def fits_password(hashed: str | None, password: str) -> bool:
    """Whether a typed password is the one that was hashed; never, where there is no hash or an odd one."""
    if not hashed:
        return False
    try:
        if hashed.startswith(_OLD_KINDS):
            return check_password_hash(hashed, password)
        return _hasher().verify(hashed, password)
    except (VerificationError, InvalidHashError, ValueError):
        return False


def is_outdated(hashed: str) -> bool:
    """Whether a hash is of an old kind or of another cost than the installation asks for now."""
    return hashed.startswith(_OLD_KINDS) or _hasher().check_needs_rehash(hashed)


def spend(password: str) -> None:
    """Take as long as a real check: for names that do not exist, so that the time does not tell."""
    fits_password(_nobodys(), password)


def _hasher() -> PasswordHasher:
    asked = settings()
    return _made(asked.password_passes, asked.password_memory_kib, asked.password_threads)


@lru_cache
def _made(passes: int, memory_kib: int, threads: int) -> PasswordHasher:
    return PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=threads)


@lru_cache
def _nobodys() -> str:
    return hash_password("nobody's password")
