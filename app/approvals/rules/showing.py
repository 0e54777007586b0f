"""What the steps somebody is asked at let them see of a record: each step says it of the fields it names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.approvals.rules.writing import ACCESS


def levels_of(steps: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """{field: level} of somebody asked at several steps: the widest counts, and a field that one of them does not name
    is hidden by none. Levels are as a document has them, the narrowest first."""
    mappings = list(steps)
    found: dict[str, str] = {}
    for fields in mappings:
        for name, level in fields.items():
            if name not in found or ACCESS.index(level) > ACCESS.index(found[name]):
                found[name] = level
    return {n: level for n, level in found.items() if level != "hidden" or all(n in fields for fields in mappings)}


def hidden_by(steps: Iterable[Mapping[str, str]]) -> frozenset[str]:
    """The fields none of these steps lets anybody see."""
    return frozenset(name for name, level in levels_of(steps).items() if level == "hidden")


__all__ = ["hidden_by", "levels_of"]
