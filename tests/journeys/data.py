"""Where the real data is that journeys read; said plainly where it is not there."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("QIAO_DATA", ROOT.parent / "shared" / "data"))


def data_is_there(folder: str) -> bool:
    """Whether a folder of the data is there; a failure where nothing may be left out."""
    if (DATA / folder).is_dir():
        return True
    said = f"REAL DATA NOT THERE: {DATA / folder} does not exist, so this journey proved nothing (set QIAO_DATA)"
    if os.environ.get("CI") == "true":
        pytest.fail(said)
    warnings.warn(said, stacklevel=2)
    return False
