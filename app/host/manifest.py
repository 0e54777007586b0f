"""A module's `manifest.toml`: readable, and judged, without importing the module's code."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

#: The kernel's version, which a manifest's `kernel` range is checked against.
KERNEL_VERSION = "0.1.0"
SLUG = re.compile(r"[a-z][a-z0-9_]{1,30}")
#: First words of the kernel's tables and names of its rooms: a module called so would claim what is theirs.
RESERVED = frozenset(
    (
        *("ab", "access", "activities", "activity", "api", "app", "approvals", "base", "blueprint", "calendar"),
        *("charts", "config", "contact", "customer", "customers", "db", "demo", "fields", "host", "job", "jobs"),
        *("kernel", "notice", "notices", "organisation", "org", "qiao", "search", "static", "system", "testing"),
        *("transfer", "workspace", "x"),
    )
)


class ManifestError(ValueError):
    """A manifest that cannot be used; the message names the file, the key and what is expected."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a module says of itself. `name` and `description` are by language (zh, en)."""

    slug: str
    version: str
    name: dict[str, str]
    description: dict[str, str] = field(default_factory=dict)
    kernel: str = ">=0.1,<1"
    requires: tuple[str, ...] = ()
    #: Entities that count as sensitive, roles and jobs are the code's; the manifest names what it needs.
    icon: str = "puzzle"

    def label(self, locale: str) -> str:
        """The module's name in a language, Chinese where it has none."""
        return self.name.get(locale) or self.name["zh"]

    def fits_kernel(self) -> bool:
        """Whether the installed kernel is in the module's range."""
        return Version(KERNEL_VERSION) in SpecifierSet(self.kernel)


def read_manifest(path: Path) -> Manifest:
    """Read and check one `manifest.toml`. Raises `ManifestError`."""
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as missing:
        raise ManifestError(f"{path}: the file is missing") from missing
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        raise ManifestError(f"{path}: not valid TOML: {broken}") from broken
    except OSError as away:
        raise ManifestError(f"{path}: cannot be read: {away.strerror}") from away
    known = {"slug", "version", "name", "description", "kernel", "requires", "icon"}
    if unknown := sorted(set(values) - known):
        raise ManifestError(f"{path}: unknown keys {', '.join(unknown)}")
    for key in ("slug", "version", "name"):
        if key not in values:
            raise ManifestError(f"{path}: '{key}' is missing")
    for key in ("version", "kernel", "icon"):
        if not isinstance(values.get(key, ""), str):
            raise ManifestError(f"{path}: '{key}' takes a text in quotes")
    for key in ("name", "description"):
        texts = values.get(key, {})
        if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
            raise ManifestError(f'{path}: \'{key}\' takes texts by language: {key} = {{ zh = "…", en = "…" }}')
    if not isinstance(values["slug"], str) or not SLUG.fullmatch(values["slug"]):
        raise ManifestError(f"{path}: 'slug' takes lower-case letters, digits and '_'")
    if values["slug"] in RESERVED:
        raise ManifestError(f"{path}: slug '{values['slug']}' is a name of the kernel's own")
    if values["slug"] != path.parent.name:
        raise ManifestError(f"{path}: slug '{values['slug']}' is not the folder's name '{path.parent.name}'")
    if "zh" not in values["name"]:
        raise ManifestError(f'{path}: \'name\' needs a Chinese entry: name = {{ zh = "…", en = "…" }}')
    try:
        Version(str(values["version"]))
        SpecifierSet(values.get("kernel", ">=0"))
    except (InvalidVersion, InvalidSpecifier) as wrong:
        raise ManifestError(f"{path}: {wrong}") from wrong
    requires = values.get("requires", [])
    if not isinstance(requires, list) or not all(isinstance(r, str) for r in requires):
        raise ManifestError(f"{path}: 'requires' takes a list of module slugs")
    values["requires"] = tuple(requires)
    return Manifest(**values)
