"""Medians, ratios and the table they are printed in."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

RESULTS = Path(__file__).resolve().parent.parent / "docs" / "performance.json"


@dataclass(frozen=True, slots=True)
class Line:
    """One measured line: ours beside the baseline of the same run. `better` is how many times better ours is."""

    what: str
    database: str
    ours: float
    baseline: float
    unit: str
    better: float
    aim: str
    note: str = ""

    @property
    def met(self) -> str:
        kind, _, bound = self.aim.partition(" ")
        if not bound:
            return ""
        return "yes" if (self.better >= float(bound) if kind == ">=" else self.better <= float(bound)) else "NO"


def median(
    act: Callable[[], Any], times: int = 7, warm: int = 2, clock: Callable[[], float] = time.perf_counter
) -> float:
    """The median of `times` runs in milliseconds, after `warm` runs that do not count.

    `clock`: `time.process_time` counts what this process works, whatever else the machine does.
    """
    for _ in range(warm):
        act()
    taken = []
    for _ in range(times):
        began = clock()
        act()
        taken.append((clock() - began) * 1000)
    return statistics.median(taken)


class Statements:
    """Counts the SQL statements of an engine inside ``with``, transaction control left out."""

    def __init__(self, engine: sa.Engine):
        self.engine, self.count, self.seen = engine, 0, []

    def __enter__(self) -> Statements:
        sa.event.listen(self.engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_error: object) -> None:
        sa.event.remove(self.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "PRAGMA")):
            self.count += 1
            self.seen.append(statement)


def show(title: str, lines: Sequence[Line]) -> None:
    """Print the lines as a Markdown table and keep them in `docs/performance.json`."""
    print(f"\n## {title}\n")
    print("| what | database | ours | baseline | unit | ratio | aim | met | note |")
    print("| --- | --- | ---: | ---: | --- | ---: | --- | --- | --- |")
    for line in lines:
        print(
            f"| {line.what} | {line.database} | {line.ours:,.1f} | {line.baseline:,.1f} | {line.unit} | "
            f"{line.better:,.2f} | {line.aim} | {line.met} | {line.note} |"
        )
    kept = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    kept[title] = [asdict(line) for line in lines]
    RESULTS.write_text(json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
