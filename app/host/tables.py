"""Reading a table of a site's file: every word checked, secrets fetched from where they are kept."""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class Table:
    """One table of the file; what nobody asked for is an error."""

    def __init__(self, values: Any, where: str) -> None:
        if not isinstance(values, dict):
            raise ValueError(f"[{where}] must be a table")
        self.left = dict(values)
        self.where = where

    def take(self, name: str, kind: type, default: Any = None) -> Any:
        value = self.left.pop(name, default)
        if value is None:
            raise ValueError(f"[{self.where}] needs {name}")
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)) or value == "" != default:
            raise ValueError(f"[{self.where}] {name} must be {_KINDS[kind]}")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        return str(self.take(name, str, default))

    def choice(self, name: str, *choices: str) -> str:
        """One of the words; the first where none is given."""
        if (value := self.text(name, choices[0])) not in choices:
            raise ValueError(f"[{self.where}] {name} must be one of: {', '.join(choices)}")
        return value

    def texts(self, name: str, default: tuple[str, ...] | None = ()) -> tuple[str, ...]:
        found = self.take(name, list, None if default is None else list(default))
        if not all(isinstance(each, str) and each for each in found):
            raise ValueError(f"[{self.where}] {name} must be a list of texts")
        return tuple(found)

    def seconds(self, name: str, default: int) -> int:
        found = int(self.take(name, int, default))
        if not 1 <= found <= 60:
            raise ValueError(f"[{self.where}] {name} must be from 1 to 60")
        return found

    def done(self) -> None:
        if self.left:
            raise ValueError(f"[{self.where}] has unknown settings: {', '.join(sorted(self.left))}")


_KINDS = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table"}


def read_address(table: Table, name: str, value: str) -> str:
    """An address of the web: over TLS, but on this machine itself."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or "@" in value:
        raise ValueError(f"[{table.where}] {name} must look like https://name.example.com")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError(f"[{table.where}] {name} must begin with https://")
    return value


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def read_secret(table: Table, name: str, folder: Path) -> str:
    """A secret: ``env:NAME`` of the environment, ``file:NAME`` of the site's folder, or written out."""
    value = table.text(name, "")
    if value.startswith("env:"):
        found = os.environ.get(value[4:], "")
        if not found:
            raise ValueError(f"[{table.where}] {name}: the environment has no {value[4:]}")
        return found
    return read_content(table, value[5:], folder).strip() if value.startswith("file:") else value


def read_content(table: Table, name: str, folder: Path) -> str:
    try:
        return (folder / name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"[{table.where}] {folder / name} cannot be read") from error


def read_file(table: Table, name: str, folder: Path) -> Path | None:
    value = table.text(name, "")
    if value and not (folder / value).is_file():
        raise ValueError(f"[{table.where}] {name}: there is no file {folder / value}")
    return folder / value if value else None
