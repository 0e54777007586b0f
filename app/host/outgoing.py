"""Ways to tell people things outside the product, as `[notices]` of a site's file names them (docs/admins.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from app.host.tables import Table, is_loopback, read_address, read_file, read_secret

WECOM, DINGTALK, FEISHU = "wecom", "dingtalk", "feishu"
KEY = re.compile(r"[a-z][a-z0-9_-]{0,30}")
#: Names that mean the ways inside the product and by mail.
TAKEN = ("app", "mail", "robots")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail server and whom mails come from."""

    host: str
    port: int
    #: ``tls``, ``starttls`` or ``none``.
    tls: str
    sender: str
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    timeout_seconds: int = 10


@dataclass(frozen=True, slots=True)
class Channel:
    """The robot of a group. Its address holds a token: it is a secret, as is what it signs with."""

    key: str
    kind: str
    zh: str
    en: str
    url: str = field(repr=False)
    secret: str = field(default="", repr=False)
    #: Whether people are named (@) by their mobile number.
    mentions: bool = True
    ca_file: Path | None = None
    timeout_seconds: int = 10

    @property
    def host(self) -> str:
        """What may be shown of its address."""
        return urlsplit(self.url).netloc


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a site says about telling people outside the product."""

    mail: Mail | None = None
    channels: Mapping[str, Channel] = field(default_factory=dict)
    #: Where browsers reach the site: what links begin with; without it there are none.
    address: str = ""

    @property
    def is_on(self) -> bool:
        """Whether there is any way out."""
        return self.mail is not None or bool(self.channels)


def read_outgoing(values: Any, folder: Path, signin_address: str) -> Outgoing:
    """What `[notices]` of a site's file says; `folder` is the site's. Raises `ValueError` saying what is wrong."""
    table = Table(values, "notices")
    address = table.text("address", "").rstrip("/")
    if address:
        read_address(table, "address", address)
    mail = table.take("mail", dict, {})
    listed = table.take("channels", dict, {})
    table.done()
    channels = {key: _channel(key, one, folder) for key, one in listed.items()}
    return Outgoing(_mail(mail, folder) if mail else None, MappingProxyType(channels), address or signin_address)


def _mail(values: Any, folder: Path) -> Mail:
    table = Table(values, "notices.mail")
    tls = table.choice("tls", "tls", "starttls", "none")
    made = Mail(
        host=table.text("host"),
        port=int(table.take("port", int, {"tls": 465, "starttls": 587, "none": 25}[tls])),
        tls=tls,
        sender=table.text("from"),
        username=table.text("username", ""),
        password=read_secret(table, "password", folder),
        ca_file=read_file(table, "ca_file", folder),
        timeout_seconds=table.seconds("timeout_seconds", 10),
    )
    table.done()
    if not 0 < made.port < 65536:
        raise ValueError(f"[{table.where}] port must be from 1 to 65535")
    if any(ord(char) < 32 for char in made.sender) or "@" not in parseaddr(made.sender)[1]:
        raise ValueError(f"[{table.where}] from must look like Qiao <qiao@example.com>")
    if bool(made.username) != bool(made.password):
        raise ValueError(f"[{table.where}] username and password belong together")
    if tls == "none" and made.password and not is_loopback(made.host):
        raise ValueError(f'[{table.where}] tls = "none" sends the password in clear: only to this machine itself')
    return made


def _channel(key: str, values: Any, folder: Path) -> Channel:
    table = Table(values, f"notices.channels.{key}")
    if not KEY.fullmatch(key) or key in TAKEN:
        raise ValueError(f"[{table.where}] use small letters, digits, '_' and '-' for its name")
    kind = table.text("kind")
    if kind not in (WECOM, DINGTALK, FEISHU):
        raise ValueError(f"[{table.where}] kind must be one of: {WECOM}, {DINGTALK}, {FEISHU}")
    made = Channel(
        key=key,
        kind=kind,
        zh=table.text("label_zh", key),
        en=table.text("label_en", key),
        url=read_secret(table, "url", folder),
        secret=read_secret(table, "secret", folder),
        mentions=table.take("mentions", bool, True),
        ca_file=read_file(table, "ca_file", folder),
        timeout_seconds=table.seconds("timeout_seconds", 10),
    )
    table.done()
    parts = urlsplit(made.url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not safe or not parts.hostname or "@" in parts.netloc:
        raise ValueError(f"[{table.where}] url must begin with https:// and be the robot's own address")
    if made.secret and kind == WECOM:
        raise ValueError(f"[{table.where}] secret: a robot of {WECOM} signs nothing")
    return made
