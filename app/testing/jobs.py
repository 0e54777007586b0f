"""Background work in tests: run what was asked for, here and now."""

from __future__ import annotations

from app.jobs.runner import run_pending

__all__ = ["run_pending"]
