"""Pure decisions about blueprints: what differs between two of them, and what a document's text stands for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.types import Text

#: Where something stands in a document: ``("fields", "customer", "x_job", "kind")``.
Path = tuple[str, ...]
ADDED, CHANGED, REMOVED = "added", "changed", "removed"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a document cannot be applied for."""

    path: Path
    text: Text

    @property
    def where(self) -> str:
        """``fields.customer.x_job.kind``."""
        return ".".join(self.path)


class Unfit(Exception):
    """A document that cannot be applied; nothing has been changed. `problems` says everything that is wrong."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{problem.where}: {problem.text}" for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Leaf:
    """One property that differs; of lists what came and went, of anything else both values (None: none)."""

    path: Path
    before: Any = None
    after: Any = None
    gone: tuple[str, ...] = ()
    come: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One thing of a part that is added, changed or removed: a field, a role, a module, a setting."""

    part: str
    path: Path
    kind: str
    before: Any = None
    after: Any = None
    leaves: tuple[Leaf, ...] = field(default=())


def compare(part: str, now: Mapping[Path, Any], wanted: Mapping[Path, Any]) -> list[Change]:
    """What has to be done for `now` to become `wanted`: removals first, so that names become free.

    >>> [(c.kind, c.path) for c in compare("settings", {("a",): 1, ("b",): 1}, {("b",): 2, ("c",): 3})]
    [('removed', ('a',)), ('changed', ('b',)), ('added', ('c',))]
    """
    removed = [Change(part, path, REMOVED, before=now[path]) for path in now if path not in wanted]
    changed = [
        Change(part, path, CHANGED, now[path], wanted[path], leaves)
        for path in wanted
        if path in now and (leaves := tuple(_leaves((), now[path], wanted[path])))
    ]
    added = [
        Change(part, path, ADDED, after=new, leaves=() if new is True else tuple(_leaves((), None, new)))
        for path, new in wanted.items()
        if path not in now
    ]
    return [*removed, *changed, *added]


def _leaves(path: Path, before: Any, after: Any) -> Iterable[Leaf]:
    if before == after and type(before) is type(after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            yield from _leaves((*path, str(key)), before.get(key), after.get(key))
        return
    if _is_list(before) and _is_list(after):
        old, new = [str(item) for item in before or ()], [str(item) for item in after or ()]
        gone, come = tuple(x for x in old if x not in new), tuple(x for x in new if x not in old)
        yield Leaf(path, gone=gone, come=come) if gone or come else Leaf(path, ", ".join(old), ", ".join(new))
        return
    if isinstance(before, Mapping) or isinstance(after, Mapping):
        for key, value in (before or {}).items() if isinstance(before, Mapping) else ():
            yield from _leaves((*path, str(key)), value, None)
        for key, value in (after or {}).items() if isinstance(after, Mapping) else ():
            yield from _leaves((*path, str(key)), None, value)
        return
    yield Leaf(path, before, after)


def _is_list(value: Any) -> bool:
    return value is None or isinstance(value, list)


def fingerprint(data: Any) -> str:
    """What plain data holds, in short: the same for the same content in any order of its keys."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
