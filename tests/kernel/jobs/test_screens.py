"""The screens of background work: whose tasks one sees, live progress, cancel and retry, schedules, REST."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.access.actors import acting_as
from app.db import db, now, session
from app.jobs import leases
from app.jobs.models import Schedule
from app.jobs.rules import Timing
from app.jobs.run import Run
from app.jobs.runner import run_pending
from app.jobs.schedules import sync_schedules
from app.jobs.services import enqueue
from app.testing.people import Browser, People, login
from app.types import SYSTEM, Refused

QUICK = Timing(lease=5, beat=0.05, backoff=600)


@pytest.fixture
def task(jobs: Any, people: People) -> int:
    """A task that the account manager asked for."""
    jobs.add(lambda run: {"rows": 3, "url": "/customer/list/"})
    with acting_as(people.manager.actor):
        return enqueue("test.job", title="月末导入 <b>")


def change(job_id: int, **values: Any) -> None:
    session.commit()
    with db.engine.begin() as connection:
        connection.execute(update(leases.JOBS).where(leases.JOBS.c.id == job_id).values(**values))


def text(client: Browser, address: str, **options: Any) -> str:
    response = client.get(address, **options)
    assert response.status_code == 200, response.status_code
    return str(response.text)


class TestTasks:
    def test_one_sees_the_own_tasks_and_administrators_all(
        self, client: Browser, people: People, task: int
    ) -> None:
        for person, seen in ((people.manager, True), (people.colleague, False), (people.admin, True)):
            login(client, person)
            assert ("月末导入 &lt;b&gt;" in text(client, "/job/list/")) is seen
            assert client.get(f"/job/show/{task}").status_code == (200 if seen else 404)
            assert client.get(f"/job/show/{task}/progress").status_code == (200 if seen else 404)
        login(client, None)
        assert client.get(f"/job/show/{task}").status_code == 302

    def test_strangers_can_do_nothing(self, client: Browser, people: People, task: int, jobs: Any) -> None:
        for person in (people.colleague, people.head):
            login(client, person)
            assert client.post(f"/job/{task}/cancel").status_code == 404
        login(client, people.manager)
        assert client.post(f"/job/{task}/cancel", csrf=False).status_code == 400
        assert client.get(f"/job/{task}/cancel").status_code == 405
        for number in (0, 10**30, 999_999):
            assert client.get(f"/job/show/{number}").status_code == 404
        assert jobs.status(task) == {"queued"}

    def test_the_piece_asks_for_itself_until_the_end(
        self, client: Browser, people: People, task: int
    ) -> None:
        login(client, people.manager)
        page = text(client, f"/job/show/{task}")
        address = re.search(r'hx-get="([^"]+progress[^"]*)"', page)
        assert address is not None and 'hx-trigger="every 1s"' in page
        live = address[1].replace("&amp;", "&")
        change(
            task,
            status="running",
            progress_done=1200,
            progress_total=5000,
            message="第二批",
            started_at=now() - timedelta(seconds=60),
            lease_until=now() + timedelta(seconds=60),
        )
        piece = client.get(live, htmx=True)
        assert "HX-Trigger" not in piece.headers and "<html" not in piece.text
        assert 'max="5000" value="1200"' in piece.text and "1,200 / 5,000" in piece.text
        assert "第二批" in piece.text and "约剩余 3 分钟" in piece.text
        change(task, status="done", progress_done=5000, result={"rows": 3, "url": "//evil.example/"})
        piece = client.get(live, htmx=True)
        assert json.loads(piece.headers["HX-Trigger"]) == {"job:ended": {"id": task, "status": "done"}}
        assert "hx-trigger" not in piece.text and "evil.example" not in piece.text
        change(task, result={"rows": 3, "url": "/customer/list/"})
        page = text(client, f"/job/show/{task}")
        assert 'href="/customer/list/"' in page and "<dt>行数</dt><dd>3</dd>" in page
        assert "HX-Trigger" not in client.get(f"/job/show/{task}/progress").headers

    def test_a_reload_shows_where_the_task_stands(
        self, client: Browser, people: People, task: int, jobs: Any
    ) -> None:
        def handler(run: Run) -> None:
            with run.chunk(1):
                run.progress(40, 100, "已导入 40 行")
            run.log("第 41 行：日期有误 <script>")
            raise Refused("文件已损坏")

        jobs.add(handler)
        run_pending(timing=QUICK)
        login(client, people.manager)
        for _reload in range(2):
            page = text(client, f"/job/show/{task}")
            assert "40 / 100" in page and "已导入 40 行" in page and "文件已损坏" in page
            assert "第 41 行：日期有误 &lt;script&gt;" in page
            assert f'action="/job/{task}/retry"' in page and "cancel" not in page

    def test_cancel_and_retry_by_page_and_by_piece(
        self, client: Browser, people: People, task: int, jobs: Any
    ) -> None:
        login(client, people.manager)
        piece = client.post(f"/job/{task}/cancel", htmx=True)
        assert piece.status_code == 200 and "toast" in piece.headers["HX-Trigger"]
        assert jobs.status(task) == {"cancelled"}
        again = client.post(f"/job/{task}/cancel", htmx=True)
        assert json.loads(again.headers["HX-Trigger"])["toast"]["kind"] == "danger"
        assert client.post(f"/job/{task}/retry").status_code == 303
        assert jobs.status(task) == {"queued"}
        run_pending(timing=QUICK)
        assert jobs.status(task) == {"done"}

    def test_what_went_wrong_inside_is_for_administrators(
        self, client: Browser, people: People, task: int, jobs: Any
    ) -> None:
        def handler(run: Run) -> None:
            raise KeyError("第 7 行 13800138000")

        jobs.add(handler, retries=0)
        change(task, max_attempts=1)
        run_pending(timing=QUICK)
        login(client, people.manager)
        assert "第 7 行" not in text(client, f"/job/show/{task}")
        login(client, people.admin)
        page = text(client, f"/job/show/{task}")
        assert "KeyError: &#39;第 7 行 ***&#39;" in page and "13800138000" not in page

    def test_rest_reads_within_scope_and_never_writes(
        self, client: Browser, people: People, task: int
    ) -> None:
        login(client, people.manager)
        assert client.post("/api/v1/job/", json={"name": "jobs.tidy"}).status_code in (403, 404, 405)
        assert client.delete(f"/api/v1/job/{task}").status_code in (403, 404, 405)
        assert client.put(f"/api/v1/job/{task}", json={"status": "done"}).status_code in (403, 404, 405)


class TestSchedules:
    @pytest.fixture
    def schedule(self, app: Flask) -> int:
        with acting_as(SYSTEM):
            sync_schedules()
            return int(session.scalar(select(Schedule.id).where(Schedule.name == "jobs.tidy")) or 0)

    def test_they_are_for_administrators(self, client: Browser, people: People, schedule: int) -> None:
        for person, status in ((people.manager, 403), (people.admin, 200)):
            login(client, person)
            for address in ("/schedule/list/", f"/schedule/edit/{schedule}", "/schedule/preview/?cron=x"):
                assert client.get(address).status_code == status
        login(client, people.manager)
        assert client.post(f"/schedule/run/{schedule}").status_code == 403
        assert client.post(f"/schedule/edit/{schedule}", data={"cron": "* * * * *"}).status_code == 403

    def test_the_list_says_when_in_words(self, client: Browser, people: People, schedule: int) -> None:
        login(client, people.admin)
        page = text(client, "/schedule/list/")
        assert "清理过期后台任务记录" in page and "每天 03:30" in page and "30 3 * * *" in page

    def test_the_preview_shows_three_runs_or_the_mistake(
        self, client: Browser, people: People, schedule: int
    ) -> None:
        login(client, people.admin)
        preview = text(client, "/schedule/preview/?cron=0+9+*+*+1-5", htmx=True)
        assert "周一至周五 09:00" in preview and preview.count(" 09:00") == 4
        assert "小时应为 0 到 23" in text(client, "/schedule/preview/?cron=0+25+*+*+*", htmx=True)

    @pytest.mark.parametrize(
        ("cron", "words"),
        [
            ("*/5 * * * *", "每天 每 5 分钟"),
            ("0 */2 * * *", "每天 每 2 小时"),
            ("0 * * * *", "每天 每小时"),
            ("0 8,20 * * *", "每天 08:00、20:00"),
            ("15 6 * * 0,6", "每星期六、星期日 06:15"),
            ("0 1 1,15 * *", "每月 1、15 日 01:00"),
            ("0 1 1 1 *", "0 1 1 1 *"),
            ("0 1 1 * 1", "0 1 1 * 1"),
            ("3,17 * * * *", "3,17 * * * *"),
        ],
    )
    @pytest.mark.parametrize("database", ["sqlite"], indirect=True)
    def test_words(self, client: Browser, people: People, cron: str, words: str) -> None:
        login(client, people.admin)
        preview = text(client, "/schedule/preview/", query_string={"cron": cron}, htmx=True)
        assert f">{words}<" in preview

    def test_saving_keeps_what_is_right_and_explains_what_is_not(
        self, client: Browser, people: People, schedule: int
    ) -> None:
        login(client, people.admin)
        form = {"cron": "0 26 * * *", "catch_up": "all"}
        wrong = client.post(f"/schedule/edit/{schedule}", data=form, htmx=True)
        assert "小时应为 0 到 23" in wrong.text and 'value="0 26 * * *"' in wrong.text
        assert "is-invalid" in wrong.text
        right = client.post(f"/schedule/edit/{schedule}", data={**form, "cron": "0 6 * * *"}, htmx=True)
        assert right.headers["HX-Redirect"] == "/schedule/list/"
        saved = session.get(Schedule, schedule)
        assert saved is not None
        assert (saved.cron, saved.enabled, saved.catch_up) == ("0 6 * * *", False, "all")
        assert "已停用" in text(client, "/schedule/list/")
        assert client.post("/schedule/edit/999", data=form).status_code == 404

    def test_run_now_leads_to_the_task(
        self, client: Browser, people: People, schedule: int, jobs: Any
    ) -> None:
        login(client, people.admin)
        response = client.post(f"/schedule/run/{schedule}")
        job_id = int(response.headers["Location"].rpartition("/")[2])
        row = jobs.row(job_id)
        assert (row.name, row.created_by, row.actor_id) == ("jobs.tidy", people.admin.user_id, None)
        assert run_pending(timing=QUICK) == 1
        assert "已完成" in text(client, f"/job/show/{job_id}")
