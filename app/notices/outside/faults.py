"""Why something did not go out."""

from __future__ import annotations


class NotSent(Exception):
    """It was not taken; `for_good`: trying again will not help. The message holds no address and no token."""

    def __init__(self, why: str, *, for_good: bool = False) -> None:
        super().__init__(why)
        self.for_good = for_good


class Unsure(Exception):
    """It was handed over, and no answer came: the other side may have it or not."""
