"""Say in one line what to do when the browser that the tests drive is missing."""

from __future__ import annotations

import os
import shutil
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")


def main() -> int:
    """Exit code 0 when $QIAO_CHROMIUM or a Chromium on the path can be started."""
    named = os.environ.get("QIAO_CHROMIUM")
    if any(shutil.which(name) for name in ([named] if named else NAMES)):
        return 0
    print(
        "qiao: the browser tests need Chromium. On Debian or Ubuntu: sudo apt install chromium fonts-noto-cjk"
        " (or name one: QIAO_CHROMIUM=/path/to/chromium make test)",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
