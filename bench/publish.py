"""How soon a new custom field is there in every process while people use the site, and whether a request fails."""

from __future__ import annotations

import tempfile
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from app import create_app
from app.access.actors import acting_as, load_actor
from app.base.security.keys import make_key
from app.db import now, session
from app.fields.records import create_record
from app.host.context import entity
from app.organisation.models import Unit
from app.testing.databases import copy_database, drop_database
from app.testing.people import add_person
from app.testing.plugin import site_in, template
from app.types import SYSTEM
from bench.start import serving
from bench.table import Line, show

PROCESSES = 2
TURNS = 5
AIM_SECONDS = 2.0


def status(url: str, credential: str) -> int:
    """The status of an answer; 0 when there is none."""
    asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {credential}"})
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
    except OSError:
        return 0


def measure_publish(kind: str) -> Line:
    """Seconds from the commit until every process filters by the field; the slowest of all turns."""
    with tempfile.TemporaryDirectory(prefix="qiao-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        url = copy_database(template(kind, folder), folder)
        stack.callback(drop_database, url)
        app = create_app(site_in(folder / "instance", url, "bench"))
        with app.app_context(), acting_as(SYSTEM):
            unit = Unit(code="B", name="总行", level="head_office")
            session.add(unit)
            session.commit()
            admin = add_person("bench", "管理员", unit, "Admin")
        with app.app_context(), acting_as(load_actor(admin.user_id)):
            credential = make_key("bench", ("customer:read",), now().date() + timedelta(days=30))
            session.commit()
        addresses = [stack.enter_context(serving(folder / "instance")) for _ in range(PROCESSES)]
        answered, failed, stop = [0] * PROCESSES, [0] * PROCESSES, threading.Event()

        def use(number: int) -> None:
            while not stop.is_set():
                failed[number] += status(f"{addresses[number]}/api/v1/customer/", credential) != 200
                answered[number] += 1

        threads = [threading.Thread(target=use, args=(number,)) for number in range(PROCESSES)]
        for thread in threads:
            thread.start()
        taken = []
        try:
            for turn in range(TURNS):
                key = f"x_turn_{turn}"
                with app.app_context(), acting_as(SYSTEM):
                    described = {"entity": "customer", "key": key, "label_zh": f"第{turn}次", "kind": "text"}
                    create_record(entity("custom_field"), described)
                    session.remove()
                began = time.perf_counter()
                for address in addresses:
                    while status(f"{address}/api/v1/customer/?f.{key}=1", credential) != 200:
                        assert time.perf_counter() - began < 60, "the field never came"
                        time.sleep(0.02)
                taken.append(time.perf_counter() - began)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    note = f"{TURNS} fields, {PROCESSES} processes, {sum(answered):,} requests, {sum(failed)} failed; slowest turn"
    return Line("a field published, in every process", kind, max(taken), AIM_SECONDS, "s", sum(failed), "<= 0", note)


def main(rows: int | None = None) -> None:
    """Measure both databases and print the table."""
    show("Publishing a field", [measure_publish(kind) for kind in ("postgresql", "sqlite")])
