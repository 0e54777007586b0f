"""A flow's document as JSON and back: strict, bounded, defaults left out.

What is read has the right shape; whether it makes sense is asked by `app.approvals.checking`, because a draft
may be unfinished.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from app.approvals.rules.document import (
    Branch,
    Deadline,
    Document,
    End,
    Find,
    Kind,
    Nobody,
    Rule,
    Sign,
    Starts,
    Step,
    Then,
    Within,
)

#: Steps of a document, lists of steps inside one another, branches of a step, rules of a step, named things in a list.
MOST_STEPS, DEEPEST, MOST_BRANCHES, MOST_RULES, MOST_NAMES = 60, 4, 10, 20, 200
NAME, TEXT, CONDITION = 100, 500, 2_000
ACTS = ("return", "transfer", "add_signer", "supplement")
OUTCOMES = ("approved", "refused", "withdrawn", "cancelled")
WITHDRAWALS = ("never", "undecided", "running")
UNITS = ("hours", "days", "working_days")
ACCESS = ("hidden", "read", "write", "required")
_SHARE = re.compile(r"[0-9]{1,4}/[0-9]{1,4}")

Reader = Callable[[Any, str], Any]


class BadDocument(ValueError):
    """A document of the wrong shape: `path` says where (``steps.0.branches.1.when``), `code` what.

    Codes: not_an_object, not_a_list, not_a_text, not_a_number, not_yes_or_no, not_a_share, not_a_value, unknown_key,
    missing, not_allowed, too_long, too_many, too_deep.
    """

    def __init__(self, path: str, code: str) -> None:
        self.path, self.code = path, code
        super().__init__(f"{path}: {code}")


def write_document(document: Document) -> dict[str, Any]:
    """The document as JSON keeps it: defaults left out, shares as ``"2/3"``."""
    written: dict[str, Any] = _written(document)
    return written


def read_document(raw: object) -> Document:
    """The document JSON describes. Raises `BadDocument` for anything unknown, of a wrong type or out of bounds."""
    document: Document = _object(Document, _DOCUMENT)(raw, "")
    if sum(1 for _ in document.walk()) > MOST_STEPS:
        raise BadDocument("steps", "too_many")
    return document


# -- writing -----------------------------------------------------------------------------------------------------------


def _written(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        found = {}
        for part in fields(value):
            kept = getattr(value, part.name)
            default = part.default_factory() if part.default_factory is not MISSING else part.default
            if default is MISSING or kept != default:
                found[part.name] = _written(kept)
        return found
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, Mapping):
        return {key: _written(kept) for key, kept in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, (tuple, list)):
        return [_written(kept) for kept in value]
    return value


# -- reading -----------------------------------------------------------------------------------------------------------


def _at(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)


def _text(longest: int) -> Reader:
    def read(raw: Any, path: str) -> str:
        if not isinstance(raw, str) or "\x00" in raw:
            raise BadDocument(path, "not_a_text")
        if len(raw) > longest:
            raise BadDocument(path, "too_long")
        return raw

    return read


def _number(least: int, most: int) -> Reader:
    def read(raw: Any, path: str) -> int:
        if not isinstance(raw, int) or isinstance(raw, bool):
            raise BadDocument(path, "not_a_number")
        if not least <= raw <= most:
            raise BadDocument(path, "not_allowed")
        return raw

    return read


def _yes_or_no(raw: Any, path: str) -> bool:
    if not isinstance(raw, bool):
        raise BadDocument(path, "not_yes_or_no")
    return raw


def _one_of(allowed: Iterable[str], into: Callable[[str], Any] = str) -> Reader:
    known = frozenset(str(name) for name in allowed)

    def read(raw: Any, path: str) -> Any:
        if not isinstance(raw, str):
            raise BadDocument(path, "not_a_text")
        if raw not in known:
            raise BadDocument(path, "not_allowed")
        return into(raw)

    return read


def _share(raw: Any, path: str) -> Fraction | None:
    if raw is None:
        return None
    if not isinstance(raw, str) or not _SHARE.fullmatch(raw) or not int(raw.partition("/")[2]):
        raise BadDocument(path, "not_a_share")
    return Fraction(raw)


def _list(read_one: Reader, most: int, into: Callable[[list[Any]], Any] = tuple) -> Reader:
    def read(raw: Any, path: str) -> Any:
        if not isinstance(raw, (list, tuple)):
            raise BadDocument(path, "not_a_list")
        if len(raw) > most:
            raise BadDocument(path, "too_many")
        return into([read_one(one, _at(path, number)) for number, one in enumerate(raw)])

    return read


def _mapping(read_key: Reader, read_one: Reader, most: int = MOST_NAMES) -> Reader:
    def read(raw: Any, path: str) -> dict[str, Any]:
        if not isinstance(raw, Mapping):
            raise BadDocument(path, "not_an_object")
        if len(raw) > most:
            raise BadDocument(path, "too_many")
        return {read_key(key, path): read_one(one, _at(path, key)) for key, one in raw.items()}

    return read


def _object(kind: type[Any], readers: Mapping[str, Reader]) -> Reader:
    parts = {part.name: part for part in fields(kind)}

    def read(raw: Any, path: str) -> Any:
        if not isinstance(raw, Mapping):
            raise BadDocument(path, "not_an_object")
        unknown = next((key for key in raw if key not in readers), None)
        if unknown is not None:
            raise BadDocument(_at(path, str(unknown)[:NAME]), "unknown_key")
        for name, part in parts.items():
            if part.default is MISSING and part.default_factory is MISSING and name not in raw:
                raise BadDocument(_at(path, name), "missing")
        return kind(**{name: readers[name](one, _at(path, name)) for name, one in raw.items()})

    return read


def _or_none(read_one: Reader) -> Reader:
    return lambda raw, path: None if raw is None else read_one(raw, path)


def _value(raw: Any, path: str) -> Any:
    """What a field may be set to; amounts are texts, because JSON's numbers are not exact."""
    if raw is None or isinstance(raw, bool):
        return raw
    if isinstance(raw, int):
        return _number(-(10**15), 10**15)(raw, path)
    if isinstance(raw, list):
        return _list(_text(NAME), MOST_NAMES, list)(raw, path)
    if not isinstance(raw, str):
        raise BadDocument(path, "not_a_value")
    return _text(CONDITION)(raw, path)


def _steps(raw: Any, path: str) -> tuple[Step, ...]:
    if path.count("branches") >= DEEPEST:
        raise BadDocument(path, "too_deep")
    found: tuple[Step, ...] = _list(_object(Step, _STEP), MOST_STEPS)(raw, path)
    return found


_NAME = _text(NAME)
_NAMES = _list(_NAME, MOST_NAMES)
_VALUES = _mapping(_NAME, _value)
_RULE: dict[str, Reader] = {
    "find": _one_of(Find, Find),
    "employees": _list(_number(1, 2**63 - 1), MOST_NAMES),
    "role": _NAME,
    "within": _one_of(Within, Within),
    "level": _number(0, 20),
    "unit_level": _NAME,
    "only_last": _yes_or_no,
    "field": _NAME,
    "expression": _text(CONDITION),
    "name": _NAME,
    "from_record": _yes_or_no,
}
_DEADLINE: dict[str, Reader] = {
    "amount": _number(0, 9_999),
    "unit": _one_of(UNITS),
    "then": _one_of(Then, Then),
    "remind_hours": _number(0, 9_999),
}
_BRANCH: dict[str, Reader] = {"name": _NAME, "name_en": _NAME, "when": _text(CONDITION), "steps": _steps}
_STEP: dict[str, Reader] = {
    "id": _text(40),
    "kind": _one_of(Kind, Kind),
    "name": _NAME,
    "name_en": _NAME,
    "assignees": _list(_object(Rule, _RULE), MOST_RULES),
    "sign": _one_of(Sign, Sign),
    "share": _share,
    "count": _or_none(_number(1, MOST_NAMES)),
    "nobody": _one_of(Nobody, Nobody),
    "deadline": _or_none(_object(Deadline, _DEADLINE)),
    "fields": _mapping(_NAME, _one_of(ACCESS)),
    "may": _list(_one_of(ACTS), len(ACTS), frozenset),
    "refusal_returns": _yes_or_no,
    "comment_needed": _yes_or_no,
    "values": _VALUES,
    "act": _NAME,
    "branches": _list(_object(Branch, _BRANCH), MOST_BRANCHES),
}
_STARTS: dict[str, Reader] = {
    "button": _yes_or_no,
    "create": _yes_or_no,
    "change": _NAMES,
    "delete": _yes_or_no,
    "export": _yes_or_no,
    "grant": _yes_or_no,
    "apply": _yes_or_no,
    "when": _text(CONDITION),
}
_DOCUMENT: dict[str, Reader] = {
    "steps": _steps,
    "starts": _object(Starts, _STARTS),
    "locked": _NAMES,
    "ends": _mapping(_one_of(OUTCOMES), _object(End, {"values": _VALUES, "act": _NAME})),
    "figures": _NAMES,
    "withdraw": _one_of(WITHDRAWALS),
    "repeated_pass": _yes_or_no,
    "delegable": _yes_or_no,
    "batch_field": _NAME,
    "batch_below": _NAME,
}

__all__ = ["ACCESS", "ACTS", "OUTCOMES", "UNITS", "WITHDRAWALS", "BadDocument", "read_document", "write_document"]
