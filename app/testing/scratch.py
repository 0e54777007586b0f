"""Where tests keep their files: in memory where the machine has room, or else in the ordinary temporary folder.

A PostgreSQL database is seven hundred small files: copying one takes 300 ms on a disk and 30 ms in memory.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
#: What a whole run may need at once: two servers, their logs, and the databases of the tests that run.
NEEDED_BYTES = 4 * 1024**3


def use_memory(folder: Path = MEMORY, needed: int = NEEDED_BYTES) -> None:
    """Make `folder` the temporary folder of this process and of those it starts, unless ``TMPDIR`` names one.

    Nothing changes where there is no such folder or it has less than `needed` bytes free.
    """
    if "TMPDIR" in os.environ or not os.access(folder, os.W_OK) or shutil.disk_usage(folder).free < needed:
        return
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None  # read anew from the environment


def spare_what_stays() -> None:
    """Let the garbage collector look no more at what is loaded now: it stays until the end.

    Many tests build an app and throw it away; looking each time through all modules costs more than the app. Looking
    less often costs two hundred megabytes of memory at most, and saves a twentieth of the processor's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 20)
