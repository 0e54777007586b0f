"""What a process keeps loaded is out of the collector's sight, and what an app leaves behind goes with the next."""

from __future__ import annotations

import gc
import weakref

from app.host.heap import keep_loaded


class _App:
    def __init__(self) -> None:
        self.itself = self


def test_what_is_loaded_is_passed_over_and_freed_once_it_was_replaced() -> None:
    app: _App | None = _App()
    seen = weakref.ref(app)
    keep_loaded()
    assert not any(one is app for one in gc.get_objects())
    app = None
    gc.collect()
    assert seen() is not None
    keep_loaded()
    assert seen() is None
