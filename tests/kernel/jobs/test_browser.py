"""Background work in real Chromium: progress that moves, survives a reload and can be cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.access.actors import acting_as
from app.db import session
from app.host.context import context
from app.jobs.rules import Timing
from app.jobs.run import Run
from app.jobs.runner import run_one
from app.jobs.schedules import sync_schedules
from app.jobs.services import enqueue
from app.testing.browser import DESK, PHONE, Served, Window, check, shot
from app.types import SYSTEM, JobSpec

QUICK = Timing(lease=20, beat=0.1)


class Steps:
    """A handler that does a step when the test says so, and the worker that runs it."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.allowed = threading.Semaphore(0)
        spec = JobSpec("test.steps", "导入客户", self.handler)
        context(served.app).jobs["test.steps"] = spec
        person = served.people.manager
        with served.app.app_context(), acting_as(person.actor):
            self.job_id = enqueue("test.steps", title="导入客户 3月.xlsx")
            session.remove()
        self.worker = threading.Thread(target=self._work, daemon=True)
        self.worker.start()

    def _work(self) -> None:
        run_one(self.served.app, job_id=self.job_id, timing=QUICK)

    def handler(self, run: Run) -> dict[str, Any]:
        for step in range(4):
            assert self.allowed.acquire(timeout=30)
            with run.chunk(step):
                run.progress((step + 1) * 2500, 10_000)
                run.log(f"第 {step + 1} 批")
        return {"新增": 10_000, "url": "/customer/list/"}


@pytest.fixture
def steps(served: Served) -> Iterator[Callable[[], Steps]]:
    made: list[Steps] = []

    def start() -> Steps:
        made.append(Steps(served))
        return made[-1]

    yield start
    for each in made:
        for _number in range(4):
            each.allowed.release()
        each.worker.join(timeout=10)


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_progress_moves_and_survives_a_reload(
    window: Window, served: Served, steps: Callable[[], Steps], width: int
) -> None:
    task = steps()
    page = window(served.people.manager, f"/job/show/{task.job_id}", width=width, language="zh")
    task.allowed.release()
    page.get_by_text("2,500 / 10,000").wait_for()
    page.reload()
    page.get_by_text("2,500 / 10,000").wait_for()
    task.allowed.release()
    page.get_by_text("5,000 / 10,000").wait_for()
    page.get_by_text("第 2 批").wait_for()
    check(page)
    shot(page, "job-running")
    task.allowed.release(2)
    page.get_by_text("已完成").first.wait_for()
    page.get_by_role("link", name="查看结果").wait_for()
    check(page)
    shot(page, "job-done")


def test_a_running_task_is_cancelled_on_its_page(
    window: Window, served: Served, steps: Callable[[], Steps]
) -> None:
    task = steps()
    page = window(served.people.manager, f"/job/show/{task.job_id}", language="zh")
    task.allowed.release()
    page.get_by_text("2,500 / 10,000").wait_for()
    page.get_by_role("button", name="取消任务").click()
    page.get_by_text("正在取消", exact=True).wait_for()
    task.worker.join(timeout=1)
    task.allowed.release()
    page.get_by_role("button", name="重试").wait_for()
    assert page.get_by_role("button", name="取消任务").count() == 0
    check(page)


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_schedules_are_edited_with_a_preview(window: Window, served: Served, width: int) -> None:
    with served.app.app_context(), acting_as(SYSTEM):
        sync_schedules()
        session.remove()
    page = window(served.people.admin, "/schedule/list/", width=width, language="zh")
    check(page)
    shot(page, "schedules")
    row = page.locator("tr", has_text="清理过期后台任务记录")
    row.get_by_role("button", name="编辑").click()
    dialog = page.locator("#dialog.show")
    dialog.get_by_label("执行时间").fill("0 25 * * *")
    dialog.get_by_text("小时应为 0 到 23").wait_for()
    dialog.get_by_label("执行时间").fill("45 4 * * 1-5")
    dialog.get_by_text("周一至周五 04:45").wait_for()
    check(page)
    dialog.get_by_role("button", name="保存").click()
    page.get_by_text("定时任务已保存").wait_for()
    row.get_by_text("周一至周五 04:45").wait_for()


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_the_list_of_tasks(window: Window, served: Served, steps: Callable[[], Steps], width: int) -> None:
    task = steps()
    page = window(served.people.manager, "/job/list/", width=width, language="zh")
    page.get_by_role("link", name="导入客户 3月.xlsx").first.wait_for()
    check(page)
    shot(page, "jobs")
    assert task.worker.is_alive()
