"""A client of LDAP directories (RFC 4511) over a socket with TLS: search for somebody, try their password."""

from __future__ import annotations

import secrets
import socket
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from sansldap import (
    BindResponse,
    ExtendedResponse,
    LDAPClient,
    LDAPError,
    LDAPFilter,
    LDAPMessage,
    LDAPResult,
    LDAPResultCode,
    SearchResultDone,
    SearchResultEntry,
)

from app.access.signin.outside.claims import Claims, Unreachable
from app.host.signin import Ldap, Provider

START_TLS = "1.3.6.1.4.1.1466.20037"
#: More than any sensible answer: bytes of one connection, groups of one person.
MOST_BYTES, MOST_GROUPS = 4 * 1024 * 1024, 1000
#: Attributes that are bytes, told as hexadecimal digits whatever they look like.
BINARY = {"objectguid", "objectsid"}
_REFUSALS = {
    LDAPResultCode.INVALID_CREDENTIALS,
    LDAPResultCode.NO_SUCH_OBJECT,
    LDAPResultCode.INVALID_DN_SYNTAX,
    LDAPResultCode.INAPPROPRIATE_AUTHENTICATION,
    LDAPResultCode.CONSTRAINT_VIOLATION,  # OpenLDAP's password policy: locked there
    LDAPResultCode.UNWILLING_TO_PERFORM,
    LDAPResultCode.INSUFFICIENT_ACCESS_RIGHTS,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody in the directory; names of attributes in small letters."""

    dn: str
    attributes: Mapping[str, tuple[str, ...]]

    def claims(self, provider: Provider, groups: Sequence[str]) -> Claims:
        """The attributes the provider is asked for, by the names its settings have for them."""
        wanted = (provider.subject, provider.login, provider.name, provider.email)
        found = {name: self.attributes.get(name.lower(), ()) for name in wanted}
        if provider.subject.lower() == "dn":
            found[provider.subject] = (self.dn.lower(),)
        return {**found, provider.groups: tuple(groups)}


class Connection:
    """One connection, bound as whoever was last asked for. Raises `Unreachable` for everything but a refusal."""

    def __init__(self, options: Ldap) -> None:
        self._options = options
        self._until = time.monotonic() + 2 * options.timeout_seconds
        self._read = 0
        self._client = LDAPClient()
        self._socket = socket.create_connection((options.host, options.port), options.timeout_seconds)
        try:
            if options.tls == "starttls":
                self._start_tls()
            if options.tls != "none":
                self._socket = self._tls().wrap_socket(self._socket, server_hostname=options.host)
        except BaseException:
            self._socket.close()
            raise

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._options.ca_file)

    def _start_tls(self) -> None:
        answer = self._last(self._client.extended_request(START_TLS))
        if not isinstance(answer, ExtendedResponse) or answer.result.result_code != LDAPResultCode.SUCCESS:
            raise Unreachable("the directory offers no StartTLS")
        self._client = LDAPClient()  # what came unprotected counts for nothing

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def bind(self, dn: str, password: str) -> bool:
        """Whether the password is that of `dn`. An empty one is never: directories take it for a guest's."""
        if not dn or not password:
            return False
        answer = self._last(self._client.bind_simple(dn, password))
        if not isinstance(answer, BindResponse):
            raise Unreachable("the directory did not answer a bind")
        if answer.result.result_code in _REFUSALS:
            return False
        _check(answer.result)
        return True

    def search(self, base: str, condition: str, attributes: Sequence[str], most: int) -> list[Entry]:
        """The entries below `base` that match, at most `most` of them."""
        number = self._client.search_request(
            base, filter=LDAPFilter.from_string(condition), attributes=list(attributes), size_limit=most
        )
        found: list[Entry] = []
        for message in self._answers(number):
            if isinstance(message, SearchResultEntry):
                found.append(_entry(message))
            elif isinstance(message, SearchResultDone):
                if message.result.result_code is not LDAPResultCode.SIZE_LIMIT_EXCEEDED:
                    _check(message.result)
                return found
        raise Unreachable("the directory did not finish its answer")

    def _last(self, number: int) -> LDAPMessage:
        return next(self._answers(number))

    def _answers(self, number: int) -> Iterator[LDAPMessage]:
        self._socket.sendall(self._client.data_to_send())
        while True:
            left = self._until - time.monotonic()
            if left <= 0:
                raise Unreachable("the directory takes too long")
            self._socket.settimeout(left)
            data = self._socket.recv(65536)
            self._read += len(data)
            if not data or self._read > MOST_BYTES:
                raise Unreachable("the directory hung up, or never stops")
            yield from (message for message in self._client.receive(data) if message.message_id == number)


def _check(result: LDAPResult) -> None:
    if result.result_code is not LDAPResultCode.SUCCESS:
        raise Unreachable(f"the directory answered {result.result_code.name}: {result.diagnostics_message}")


def _entry(message: SearchResultEntry) -> Entry:
    found = {each.name.lower(): tuple(_text(each.name, value) for value in each.values) for each in message.attributes}
    return Entry(message.object_name, found)


def _text(name: str, value: bytes) -> str:
    if name.lower() in BINARY:
        return value.hex()
    return value.decode("utf-8", "replace")


def escaped(text: str) -> str:
    r"""A text as a value inside a search filter (RFC 4515): nothing of it is read as the filter's own signs.

    >>> escaped("a*)(uid=*")
    'a\\2a\\29\\28uid\\3d\\2a'
    """
    return "".join(c if c.isascii() and c.isalnum() else "".join(f"\\{b:02x}" for b in c.encode()) for c in text)


class Directory:
    """What signing in asks of one directory; used inside `opened`."""

    def __init__(self, provider: Provider, options: Ldap) -> None:
        self._provider, self._options = provider, options

    @cached_property
    def _reading(self) -> Connection:
        """The connection that searches, as the account that may read."""
        made = Connection(self._options)
        try:
            if self._options.bind_dn and not made.bind(self._options.bind_dn, self._options.bind_password):
                raise Unreachable("the directory refuses bind_dn with its password")
        except BaseException:
            made.close()
            raise
        return made

    def find(self, login: str) -> Entry | None:
        """The one entry somebody's login name finds; None for none, and for more than one."""
        names = (self._provider.subject, self._provider.login, self._provider.name, self._provider.email)
        wanted = [name for name in (*names, self._provider.groups) if name.lower() != "dn"]
        condition = self._options.filter.replace("{login}", escaped(login))
        found = self._reading.search(self._options.base, condition, wanted, 2)
        return found[0] if len(found) == 1 else None

    def fits(self, entry: Entry | None, password: str) -> bool:
        """Whether the password is theirs. Asked for nobody as well, so that the time does not tell who is there."""
        dn = entry.dn if entry is not None else f"cn={secrets.token_hex(8)},{self._options.base}"
        trying = Connection(self._options)
        try:
            return trying.bind(dn, password) and entry is not None
        finally:
            trying.close()

    def groups(self, entry: Entry) -> tuple[str, ...]:
        """The names of the groups they are in: those their entry names, and those found by searching."""
        named = entry.attributes.get(self._provider.groups.lower(), ())
        if not self._options.group_filter:
            return named
        condition = self._options.group_filter.replace("{dn}", escaped(entry.dn))
        condition = condition.replace("{login}", escaped(next(iter(entry.attributes.get(self._login, ())), "")))
        found = self._reading.search(self._options.group_base, condition, ["1.1"], MOST_GROUPS)
        return (*named, *(group.dn for group in found))

    @property
    def _login(self) -> str:
        return self._provider.login.lower()

    def close(self) -> None:
        """Hang up."""
        if "_reading" in self.__dict__:
            self._reading.close()


@contextmanager
def opened(provider: Provider) -> Iterator[Directory]:
    """The directory of a provider. Raises `Unreachable` when it cannot be asked, whatever the reason."""
    if not isinstance(provider.options, Ldap):
        raise TypeError(f"{provider.key} is no directory")
    directory = Directory(provider, provider.options)
    try:
        yield directory
    except (OSError, LDAPError, ValueError) as error:  # sockets, TLS; nonsense; a filter that cannot be read
        raise Unreachable(f"{provider.key}: {type(error).__name__}: {error}") from error
    finally:
        directory.close()
