"""What the room brings: the demonstration data modules build upon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.demo.services import write_bank
from app.hookspecs import hookimpl


@hookimpl
def demo_data(random: Any, progress: Callable[[str], None]) -> None:
    write_bank(random, progress)
