"""Guessing which column is meant for which field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

_NOISE = re.compile(r"[\s_\-*.:：（）()\[\]【】/\\]+")


def normal(heading: str) -> str:
    """A heading without case, blanks and punctuation: ``Customer_Name *`` and ``customer name`` are one."""
    return _NOISE.sub("", heading).casefold()


def guess_columns(header: Sequence[str], names: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """{field: heading} by the names a field goes by, the best first; each column is used once.

    >>> guess_columns(["手机号", "Name *", "x"], {"name": ["name"], "mobile": ["mobile", "手机号"]})
    {'name': 'Name *', 'mobile': '手机号'}
    """
    by_normal: dict[str, str] = {}
    for heading in header:
        by_normal.setdefault(normal(heading), heading)
    found: dict[str, str] = {}
    for field, candidates in names.items():
        for candidate in candidates:
            known = by_normal.get(normal(candidate))
            if known is not None and known not in found.values():
                found[field] = known
                break
    return found


def signature(header: Sequence[str]) -> str:
    """What a remembered mapping is found by: the normal headings in order of the alphabet."""
    return "|".join(sorted(normal(heading) for heading in header))
