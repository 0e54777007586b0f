"""A small LDAP directory on a real socket of this machine: binds, searches by equality and presence, nothing else."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sansldap import (
    BindRequest,
    FilterAnd,
    FilterEquality,
    FilterOr,
    FilterPresent,
    LDAPFilter,
    LDAPResultCode,
    LDAPServer,
    PartialAttribute,
    ProtocolError,
    SearchRequest,
    SimpleCredential,
)

BASE = "dc=example,dc=com"
READER = f"cn=reader,{BASE}"
Entries = dict[str, dict[str, list[str]]]


class DirectoryServer(socketserver.ThreadingTCPServer):
    """`entries` are its content, `passwords` who may bind; `binds` what was tried."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.entries: Entries = {}
        self.passwords: dict[str, str] = {READER: "reading"}
        self.binds: list[str] = []

    def add(self, uid: str, password: str, number: str, *groups: str, **more: str) -> None:
        """Somebody with a password, a number that never changes and the groups they are in."""
        dn = f"uid={uid},ou=people,{BASE}"
        values = {"uid": uid, "cn": uid, "mail": f"{uid}@corp.example", "entryUUID": number, **more}
        self.entries[dn] = {name: [value] for name, value in values.items()} | {"memberOf": list(groups)}
        self.passwords[dn] = password


class _Handler(socketserver.BaseRequestHandler):
    server: DirectoryServer

    def handle(self) -> None:
        session, bound = LDAPServer(), ""
        while data := self.request.recv(65536):
            try:
                messages = session.receive(data)
            except ProtocolError:
                return
            for message in messages:
                if isinstance(message, BindRequest):
                    bound = self._bind(session, message)
                elif isinstance(message, SearchRequest):
                    self._search(session, message, bound)
            self.request.sendall(session.data_to_send())

    def _bind(self, session: LDAPServer, asked: BindRequest) -> str:
        assert isinstance(asked.authentication, SimpleCredential)
        self.server.binds.append(asked.name)
        password = asked.authentication.password
        # As real directories do: a name with an empty password is let in as a guest.
        fits = not password or self.server.passwords.get(asked.name) == password
        code = LDAPResultCode.SUCCESS if fits else LDAPResultCode.INVALID_CREDENTIALS
        session.bind_response(asked.message_id, result_code=code)
        return asked.name if fits and password else ""

    def _search(self, session: LDAPServer, asked: SearchRequest, bound: str) -> None:
        found = [dn for dn, values in self.server.entries.items() if bound and matches(asked.filter, values)]
        wanted = {name.lower() for name in asked.attributes}
        for dn in found[: asked.size_limit or None]:
            values = self.server.entries[dn]
            shown = [PartialAttribute(n, [v.encode() for v in values[n]]) for n in values if n.lower() in wanted]
            session.search_result_entry(asked.message_id, dn, attributes=shown)
        session.search_result_done(asked.message_id)


def matches(condition: LDAPFilter, values: dict[str, list[str]]) -> bool:
    """Whether an entry fits a filter."""
    known = {name.lower(): held for name, held in values.items()}
    if isinstance(condition, FilterEquality):
        wanted = condition.value.decode().lower()
        return wanted in [value.lower() for value in known.get(condition.attribute.lower(), ())]
    if isinstance(condition, FilterPresent):
        return condition.attribute.lower() in known
    parts: Any = condition
    if isinstance(condition, FilterAnd):
        return all(matches(part, values) for part in parts.filters)
    assert isinstance(condition, FilterOr)
    return any(matches(part, values) for part in parts.filters)


@contextmanager
def running() -> Iterator[DirectoryServer]:
    """A directory that answers until the block ends."""
    with DirectoryServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
