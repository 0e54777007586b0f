"""Jobs that tests ask for: handlers of every temper, registered in the test's app."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.host.context import context
from app.types import JobSpec

Register = Callable[..., str]


@pytest.fixture
def job(app: Flask) -> Register:
    """Register a handler under a name of the test's own; returns the name."""

    def register(handler: Callable[..., Any], name: str = "test.job", **options: Any) -> str:
        options.setdefault("timeout", timedelta(seconds=30))
        context(app).jobs[name] = JobSpec(name, "Test job", handler, **options)
        return name

    return register
