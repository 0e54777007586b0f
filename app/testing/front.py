"""One HTTP server for all browser tests of the process: its address stays, the site behind it changes.

So the browser keeps the style sheets and scripts it has loaded; their addresses change with what is in them.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import make_server

#: A page of no site, where a browser's page waits for the next test.
WAITING = "/waiting-for-the-next-test"
_PAGE = b'<!doctype html><html lang="zh"><title>-</title><link rel="icon" href="data:,">'

Site = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Front:
    """The server and the site it serves now."""

    def __init__(self) -> None:
        self._site: Site | None = None
        server = make_server("127.0.0.1", 0, self, threaded=True)
        self.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        site = self._site
        if environ["PATH_INFO"] == WAITING or site is None:
            start_response("200 OK" if site else "503 Service Unavailable", [("Content-Type", "text/html")])
            return [_PAGE]
        return site(environ, start_response)

    @contextmanager
    def serving(self, site: Site) -> Iterator[str]:
        """Serve `site`, one at a time; gives its address."""
        assert self._site is None, "a process serves one site at a time"
        self._site = site
        try:
            yield self.url
        finally:
            self._site = None


@functools.cache
def front() -> Front:
    """The process's server, started when it is first asked for; it ends with the process."""
    return Front()
