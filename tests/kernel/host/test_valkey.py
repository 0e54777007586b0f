"""The embedded Valkey: private, durable, one per folder."""

from __future__ import annotations

import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from app.host.process import end_session, start_process
from app.host.valkey import HOST, PortTaken, ValkeyError, embedded_valkey, prepare, running_valkey_url

ROOT = Path(__file__).resolve().parents[3]


def test_it_answers_only_to_its_password(tmp_path: Path) -> None:
    with embedded_valkey(tmp_path / "valkey") as url:
        with redis.Redis.from_url(url) as client:
            client.set("greeting", "你好")
            assert client.get("greeting") == "你好".encode()
            listens_on = client.config_get("bind")["bind"]
        with (
            redis.Redis(host=HOST, port=urlsplit(url).port or 0) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()
    assert listens_on == HOST


def test_its_password_is_made_once_and_private(tmp_path: Path) -> None:
    folder = tmp_path / "valkey"
    with embedded_valkey(folder) as first:
        pass
    with embedded_valkey(folder) as second:
        pass
    assert urlsplit(first).password == urlsplit(second).password
    assert len(urlsplit(first).password or "") >= 32
    for name in ("password", "valkey.conf"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_restart_keeps_the_data(tmp_path: Path) -> None:
    with embedded_valkey(tmp_path) as url, redis.Redis.from_url(url) as client:
        client.rpush("queue", *range(3000))
    with embedded_valkey(tmp_path) as url, redis.Redis.from_url(url) as client:
        assert client.llen("queue") == 3000


def test_a_killed_server_keeps_the_data(tmp_path: Path) -> None:
    prepared = prepare(tmp_path)
    server = start_process(prepared.argv, pass_fds=(prepared.lock,), stdout=subprocess.DEVNULL)
    try:
        while not prepared.is_ready():
            assert server.poll() is None
        with redis.Redis.from_url(prepared.url) as client:
            client.rpush("queue", *range(3000))
        server.send_signal(signal.SIGKILL)
        server.wait(timeout=5)
    finally:
        end_session(server, seconds=1)
        prepared.release()
    with embedded_valkey(tmp_path) as url, redis.Redis.from_url(url) as client:
        assert client.llen("queue") == 3000


def test_another_process_finds_it_while_it_runs(tmp_path: Path) -> None:
    assert running_valkey_url(tmp_path) is None
    with embedded_valkey(tmp_path) as url:
        assert running_valkey_url(tmp_path) == url
    assert running_valkey_url(tmp_path) is None


def test_one_folder_has_one_server(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from app.host import valkey; valkey.LOCK_SECONDS = 0.1\n"
        "try: valkey.prepare(pathlib.Path(sys.argv[1]))\n"
        "except valkey.ValkeyError as error: print(error)"
    )
    with embedded_valkey(tmp_path):
        second = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=20
        )
    assert "already running" in second.stdout, second.stderr


def test_a_taken_port_of_its_own_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(PortTaken, match=rf"port {port} .* QIAO_VALKEY_PORT"),
            embedded_valkey(tmp_path, port),
        ):
            pass
    # The folder was given back: the next start may use it.
    with embedded_valkey(tmp_path) as url:
        assert running_valkey_url(tmp_path) == url


def test_a_server_that_cannot_start_says_where_its_words_are(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("not a folder")
    with pytest.raises(ValkeyError, match=r"valkey\.log"), embedded_valkey(tmp_path):
        pass
