"""What pages of runs with a result per row show (`templates/runs/parts.html`): lines with counts, and rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.types import Text


@dataclass(frozen=True, slots=True)
class RunLine:
    """One part of a run (a rule, a kind of thing): records by state, and to whom how many went."""

    key: str | int
    label: Text
    url: str | None
    counts: Mapping[str, int]
    to: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class RunRow:
    """One record of a run; without a name where the person looking may not see it."""

    record_id: int
    name: str
    url: str | None
    line: Text
    state: str
    to: str
    reason: str
