"""`qiao jobs`: list, retry, cancel from the console."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app.db import session
from app.jobs.services import enqueue
from config import settings


@pytest.fixture
def qiao(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a `qiao` command in the test's installation."""
    from app.cli import qiao as command

    monkeypatch.setattr(settings(), "instance", tmp_path / "instance")

    def run(*words: str) -> Any:
        session.commit()
        return CliRunner().invoke(command, [*words, "--site", "test"])

    return run


@pytest.mark.usefixtures("as_system")
def test_jobs_from_the_console(jobs: Any, qiao: Any) -> None:
    job_id = enqueue("jobs.tidy")
    assert "jobs.tidy" in qiao("jobs", "list").output
    assert "no jobs" in qiao("jobs", "list", "--status", "failed").output
    assert qiao("jobs", "cancel", str(job_id)).exit_code == 0
    assert jobs.status(job_id) == {"cancelled"}
    twice = qiao("jobs", "cancel", str(job_id))
    assert twice.exit_code == 1 and "Error" in twice.output and "Traceback" not in twice.output
    assert qiao("jobs", "retry", str(job_id)).exit_code == 0
    assert jobs.status(job_id) == {"queued"}
    assert qiao("jobs", "retry", "999").exit_code == 1
