"""A mail server and the robots of three messengers, each listening on loopback and remembering what it was sent."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class MailServer:
    """Speaks as much SMTP as a client needs; refuses recipients named in `unknown` for good."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    #: Answers every mail with this code when it is set.
    trouble: int = 0


@contextmanager
def mail_server() -> Iterator[MailServer]:
    server = MailServer()

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 ready")
            while line := self.rfile.readline().decode().strip():
                word = line[:4].upper()
                if word in ("EHLO", "HELO"):
                    self.say("250 hello")
                elif word == "RCPT":
                    self.say("550 no such mailbox" if any(one in line for one in server.unknown) else "250 ok")
                elif word == "DATA":
                    self.data()
                elif word == "QUIT":
                    return self.say("221 bye")
                else:
                    self.say("250 ok")

        def data(self) -> None:
            self.say("354 go on")
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            if server.trouble:
                return self.say(f"{server.trouble} not now")
            server.letters.append(message_from_bytes(b"".join(lines), policy=policy.default))  # type: ignore[arg-type]
            self.say("250 taken")

        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk)) as port:
        server.port = port
        yield server


@dataclass
class Robots:
    """What was posted: (path with query, body). `answers` are given by the first part of the path."""

    port: int = 0
    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)

    def url(self, place: str) -> str:
        return f"http://127.0.0.1:{self.port}/{place}"

    def of(self, place: str) -> list[dict[str, Any]]:
        return [body for path, body in self.posts if path.startswith(f"/{place}")]


#: Each messenger's own word for “it worked”.
WORKED = {"wecom": {"errcode": 0, "errmsg": "ok"}, "dingtalk": {"errcode": 0, "errmsg": "ok"},
          "feishu": {"code": 0, "data": {}, "msg": "success"}}  # fmt: skip


@contextmanager
def robots() -> Iterator[Robots]:
    server = Robots()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.posts.append((self.path, body))
            place = self.path.strip("/").partition("?")[0].partition("/")[0]
            code, said = server.answers.get(place, (200, WORKED.get(place)))
            if code == 0:  # takes it, and never says so
                self.close_connection = True
                return
            self.send_response(code)
            if code == 302:
                self.send_header("Location", said)
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        def log_message(self, *_args: Any) -> None:
            """Nothing on the screen."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Answer)) as port:
        server.port = port
        yield server


@contextmanager
def serving(server: Any) -> Iterator[int]:
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
