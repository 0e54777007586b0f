"""The garbage collector of a process that stays: it need not walk the built apps again and again."""

from __future__ import annotations

import gc


def keep_loaded() -> None:
    """Let the collector pass over what is loaded now; call it when an app was built.

    A built app is some hundred thousand objects that stay. Walked at each full look, they double what a job pays in
    Python for making and dropping rows (measured: a night of the pools). What an earlier app left behind is freed
    first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


__all__ = ["keep_loaded"]
